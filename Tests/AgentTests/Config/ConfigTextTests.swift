// The configuration as it is shown: without secrets.
import Testing

@testable import Agent

@Suite("Shown configuration") struct ConfigTextTests {
    @Test("shows what was set, from wherever, and no secret")
    func redacted() throws {
        let text = try load(
            """
            [agent]
            instance = "${WHO:-me}"
            [host.filesystem]
            interval = "60s"
            [[scrape_configs]]
            job_name = "a"
            basic_auth = { username = "u", password = "hunter2" }
            http_headers = { X-Key = "hunter2", X-More = { secrets = ["hunter2"] } }
            proxy_url = "http://u:hunter2@proxy:3128/"
            [[forward]]
            name = "f"
            kind = "remote_write"
            url = "https://u:hunter2@example.org/w?a=b"
            authorization = { credentials = "${TOKEN}", type = "Bearer" }
            secret_access_key = "hunter2"
            """,
            environment: ["TOKEN": "hunter2", "TSDB_AGENT_LOG_LEVEL": "debug"]
        ).shownText
        #expect(!text.contains("hunter2"))
        #expect(
            text == """
                [agent]
                instance = "${WHO:-me}"
                log_level = "debug"

                [host]
                filesystem = { interval = "60s" }

                [[scrape_configs]]
                job_name = "a"
                basic_auth = { username = "u", password = "<secret>" }
                http_headers = { X-Key = "<secret>", X-More = { secrets = ["<secret>"] } }
                proxy_url = "http://<secret>@proxy:3128/"

                [[forward]]
                name = "f"
                kind = "remote_write"
                url = "https://<secret>@example.org/w?a=b"
                authorization = { credentials = "<secret>", type = "Bearer" }
                secret_access_key = "<secret>"

                """
        )
        #expect(try load(text).config.host.tables["filesystem"]?.intervalMs == 60_000)
    }
}
