// What a careless or hostile world hands to an agent: it says what is wrong and serves the rest.
import Formats
import Glibc
import HTTP
import Platform
import TestSupport
import Testing

@Suite("Bad input", .serialized, .timeLimit(.minutes(3))) struct BadInputTests {
    @Test("a malformed scrape is rejected as a whole, and the next good one counts again")
    func malformedScrape() async throws {
        let web = try Web()
        let target = try await TestServer(text: "good 1\nfine 1\n")
        let agent = try await TestAgent(
            """
            [host]
            enabled = false
            [[scrape_configs]]
            job_name = "app"
            scrape_interval = "200ms"
            static_configs = [ { targets = ["\(target.address)"] } ]
            """,
            web: web
        )
        try await web.wait(for: "good", at: agent.url, within: 20)

        target.serve("good 2\nfresh 1\nbroken 1 2 3\n")
        try await web.wait(for: "up", at: agent.url, within: 20) { $0 == 0 }
        #expect(
            try await agent.lastError(web)
                == "line 3, column 12: expected next entry after timestamp, got \"3\""
        )
        // Nothing of it is stored, and what was there before is marked as gone.
        #expect(try await web.query("good", at: agent.url).isEmpty)
        #expect(try await web.query("count_over_time(fresh[5m])", at: agent.url).isEmpty)
        #expect(try await web.query("max_over_time(good[5m])", at: agent.url) == [1])

        target.serve("good 3\n")
        try await web.wait(for: "good", at: agent.url, within: 20) { $0 == 3 }
        #expect(try await web.query("up", at: agent.url) == [1])
        #expect(try await web.query("fine", at: agent.url).isEmpty)
    }

    @Test("a wrong configuration stops the start with every error and its place")
    func wrongConfiguration() async throws {
        let directory = try TemporaryDirectory("wrong")
        try directory.write(
            "agent.toml",
            """
            [storage]
            retention_time = "15 parsecs"
            [agent]
            log_levle = "info"
            [api]
            listen = ["0.0.0.0:0"]

            """
        )
        let texts = """
            agent.toml:2:18: storage.retention_time: "15 parsecs" is not a duration; write text such \
            as "15s" or "1h30m", or a number of seconds
            agent.toml:4:1: agent.log_levle: unknown key; did you mean log_level?

            """
        for arguments in [["check-config", "agent.toml"], ["run", "--config", "agent.toml"]] {
            let run = try await Programs.runAgent(arguments, in: directory)
            #expect(run.code == 1)
            #expect(run.text.hasPrefix(texts), "\(run.text)")
        }
        #expect(try PosixFileSystem().exists(directory.file("tsdb-data")) == false)
    }

    @Test("a listener that is open to other machines and asks for no token is refused")
    func openListener() async throws {
        let directory = try TemporaryDirectory("open")
        try directory.write("agent.toml", "[api]\nlisten = [\"0.0.0.0:0\"]\n")
        let run = try await Programs.runAgent(["run", "--config", "agent.toml"], in: directory)
        #expect(run.code == 1)
        #expect(
            run.text == """
                agent.toml:2:1: api.listen: "0.0.0.0:0" is open to other machines and asks for no \
                token; set bearer_token_file, or allow_unauthenticated = true

                """
        )
    }

    @Test("a second agent on the same data says which process has them, and ends")
    func secondAgent() async throws {
        let web = try Web()
        let agent = try await TestAgent("[host]\nenabled = false\n", web: web)
        let run = try await Programs.runAgent(
            [
                "run", "--config", "agent.toml", "--set",
                "api.listen=[\"127.0.0.1:\(try FreePort.next())\"]",
            ],
            in: agent.directory
        )
        #expect(run.code == 1)
        #expect(run.text.contains("FATAL: tsdb-data/LOCK is in use by "), "\(run.text)")
        #expect(run.text.contains(" pid=\(agent.child.id) "), "\(run.text)")
        #expect(try await web.get("\(agent.url)/-/ready").status == 200)
    }

    @Test("data that cannot be had stop the start with the path and the cause")
    func noDirectory() async throws {
        let directory = try TemporaryDirectory("file")
        try directory.write("tsdb-data", "not a directory\n")
        let run = try await Programs.runAgent(
            ["run", "--set", "api.listen=[\"127.0.0.1:\(try FreePort.next())\"]"],
            in: directory
        )
        #expect(run.code == 1)
        #expect(
            run.text.contains("FATAL: cannot make the directory tsdb-data: File exists (errno 17)"),
            "\(run.text)"
        )
    }

    @Test("requests that cannot be served are answered with their status and what is wrong")
    func requests() async throws {
        let web = try Web()
        let agent = try await TestAgent("[host]\nenabled = false\n", web: web)
        func post(_ path: String, _ type: String, _ body: [UInt8]) async throws -> (Int, String) {
            var request = ClientRequest(.post, "\(agent.url)\(path)", body: body)
            request.headers.set("Content-Type", type)
            let answer = try await web.send(request)
            return (answer.status, answer.text)
        }
        let query = try await web.get("\(agent.url)/api/v1/query?query=sum(up")
        #expect(query.status == 400)
        #expect(
            query.text == """
                {"status":"error","errorType":"bad_data","error":"invalid parameter \\"query\\": \
                1:7: parse error: unclosed left parenthesis"}
                """
        )
        let points = try await web.get(
            "\(agent.url)/api/v1/query_range?query=up&start=0&end=11001&step=1"
        )
        #expect(points.status == 400 && points.text.contains("11,000 points"))

        let text = Array("kept 1\nbroken\n".utf8)
        let broken = try await post("/api/v1/import/prometheus", "text/plain", text)
        #expect(broken.0 == 400)
        #expect(broken.1 == "line 2, column 7: expected value after metric, got \"\\n\"\n")
        #expect(try await web.query("kept", at: agent.url).isEmpty)

        let huge = [UInt8](repeating: UInt8(ascii: "#"), count: 33 << 20)
        let tooLarge = try await post("/api/v1/import/prometheus", "text/plain", huge)
        #expect(tooLarge.0 == 413, "\(tooLarge.1)")
        let noBlock = try await post("/api/v1/write", "application/x-protobuf", Array("?".utf8))
        #expect(noBlock.0 == 400, "\(noBlock.1)")
        #expect(try await post("/api/v1/write", "application/json", []).0 == 415)
        #expect(try await post("/api/v1/label/a/values", "text/plain", []).0 == 405)
        #expect(try await web.get("\(agent.url)/nowhere").status == 404)

        var stranger = ClientRequest(.get, "\(agent.url)/api/v1/query?query=1")
        stranger.headers.set("Host", "evil.example")
        #expect(try await web.send(stranger).status == 403)
        var page = ClientRequest(.post, "\(agent.url)/api/v1/import/prometheus", body: text)
        page.headers.set("Origin", "https://evil.example")
        #expect(try await web.send(page).status == 403)
        #expect(try await web.get("\(agent.url)/-/ready").status == 200)
    }
}

extension TestAgent {
    /// What the first target's last scrape complained about.
    func lastError(_ web: Web) async throws -> String {
        let answer = try await web.get("\(url)/api/v1/targets")
        guard
            case .array(let targets) = try JSONValue.parse(Array(answer.text.utf8))["data"]?[
                "activeTargets"
            ] ?? .null, case .string(let text) = targets.first?["lastError"] ?? .null
        else { return "no targets: \(answer.text)" }
        return text
    }
}
