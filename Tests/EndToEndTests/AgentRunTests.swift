// The agent as a user starts it.
import Glibc
import HTTP
import TestSupport
import Testing

@Suite("The agent runs", .serialized, .timeLimit(.minutes(2))) struct AgentRunTests {
    @Test("it collects the host, scrapes, answers, and ends with 0 on SIGTERM")
    func road() async throws {
        let web = try Web()
        let agent = try await TestAgent(
            """
            [host]
            interval = "1s"
            [[scrape_configs]]
            job_name = "itself"
            scrape_interval = "500ms"
            static_configs = [ { targets = ["127.0.0.1:@PORT@"] } ]
            """,
            web: web
        )

        try await web.wait(for: "up{job=\"itself\"}", at: agent.url, within: 20) { $0 == 1 }
        try await web.wait(for: "node_load1", at: agent.url, within: 20)
        try await web.wait(
            for: "count(node_scrape_collector_success == 1)",
            at: agent.url,
            within: 20
        ) { $0 >= 8 }

        agent.child.signal(SIGTERM)
        let code = try await agent.child.exitCode(within: 10)
        #expect(code == 0, "\(agent.child.log)")
    }

    @Test("query, version and a wrong configuration on the command line")
    func commandLine() async throws {
        let directory = try TemporaryDirectory("cli")
        func run(_ arguments: String...) async throws -> (code: Int32, text: String) {
            let log = directory.file("log-\(arguments.joined(separator: "-").utf8.count)")
            let child = try ChildProcess(
                Programs.agent,
                arguments,
                directory: directory.path,
                logPath: log
            )
            return (try await child.exitCode(within: 20), child.log)
        }
        let version = try await run("version")
        #expect(version.code == 0 && version.text.hasPrefix("tsdb-agent "))
        let missing = try await run("check-config", "nowhere.toml")
        #expect(missing.code == 1)
        #expect(
            missing.text
                == "nowhere.toml:1:1: cannot read the file: No such file or directory (errno 2); "
                + "check the path and its permissions\n"
        )
        #expect(try await run("frobnicate").code == 2)
    }

    @Test("data survives a stop and a start")
    func restart() async throws {
        let web = try Web()
        let directory = try TemporaryDirectory("again")
        let configuration = "[host]\nenabled = false\n"
        var agent = try await TestAgent(configuration, in: directory, web: web)
        var push = ClientRequest(
            .post,
            "\(agent.url)/api/v1/import/prometheus",
            body: Array("kept{a=\"b\"} 42\n".utf8)
        )
        push.headers.set("Content-Type", "text/plain")
        #expect(try await web.send(push).status == 204)
        try await web.wait(for: "kept", at: agent.url, within: 10) { $0 == 42 }
        agent.child.signal(SIGTERM)
        #expect(try await agent.child.exitCode(within: 10) == 0, "\(agent.child.log)")

        agent = try await TestAgent(configuration, in: directory, web: web)
        #expect(try await web.query("kept", at: agent.url) == [42])
        agent.child.signal(SIGKILL)
        #expect(try await agent.child.exitCode(within: 10) == -SIGKILL)

        agent = try await TestAgent(configuration, in: directory, web: web)
        #expect(try await web.query("kept", at: agent.url) == [42])
        agent.child.signal(SIGTERM)
        #expect(try await agent.child.exitCode(within: 10) == 0, "\(agent.child.log)")
    }
}
