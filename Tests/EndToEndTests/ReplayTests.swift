// A start with much to replay: what it answers meanwhile, and how it is ended.
import Formats
import Glibc
import HTTP
import Platform
import TestSupport
import Testing

@Suite("Replay", .serialized, .timeLimit(.minutes(3))) struct ReplayTests {
    // Zeros behind the last record, as a power cut leaves them: the replay looks through all of them.
    private static let tailBytes: Int64 = 512 << 20

    // An agent that was killed with a sample in its buffer, and zeros behind.
    private func killed(_ web: Web) async throws -> TestAgent {
        let agent = try await TestAgent("[host]\nenabled = false\n", web: web)
        try await agent.push("pushed 42\n", web)
        agent.child.signal(SIGKILL)
        _ = try? await agent.child.exitCode(within: 10)
        let files = PosixFileSystem()
        let directory = agent.directory.file("tsdb-data/buffer")
        let name = try #require(try files.list(directory).max())
        let file = try files.open(FilePath.join(directory, name), .readWrite)
        try file.truncate(to: try file.size() + ReplayTests.tailBytes)
        try file.close()
        return agent
    }

    private func start(after agent: TestAgent, _ web: Web) async throws -> TestAgent {
        let next = try await TestAgent(
            "[host]\nenabled = false\n",
            in: agent.directory,
            port: agent.port,
            awaitsReady: false,
            web: web
        )
        let url = next.url
        try await waitUntil(seconds: 20) { (try? await web.get("\(url)/-/healthy").status) == 200 }
        return next
    }

    @Test("it answers queries, not pushes, and says how far it is")
    func meanwhile() async throws {
        let web = try Web()
        let agent = try await start(after: try await killed(web), web)
        let ready = try await web.get("\(agent.url)/-/ready")
        #expect(ready.status == 503)
        #expect(ready.text.contains("the write buffer of the last start is being replayed"))
        let walreplay = try await web.get("\(agent.url)/api/v1/status/walreplay")
        let progress = try JSONValue.parse(Array(walreplay.text.utf8))["data"]
        #expect(progress?["min"] == .number(0))
        guard case .number(let max) = progress?["max"] ?? .null,
            case .number(let current) = progress?["current"] ?? .null
        else {
            Issue.record("walreplay says \(walreplay.text)")
            return
        }
        #expect(max > 524_288 && current < max)
        let query = try await web.get("\(agent.url)/api/v1/query?query=pushed")
        #expect(query.status == 200)
        #expect(query.text.contains("the write buffer of the last start is still being replayed"))
        let metrics = try await web.get("\(agent.url)/metrics").text
        #expect(metrics.contains("\ntsdb_agent_store_replaying 1\n"))
        let form = ClientRequest(.post, "\(agent.url)/api/v1/import/prometheus", body: [])
        #expect(try await web.send(form).status == 503)

        try await web.waitUntilReady("\(agent.url)/-/ready", of: agent.child, within: 60)
        #expect(try await web.query("pushed", at: agent.url) == [42])
        try await agent.push("pushed_later 43\n", web)
        #expect(try await web.query("pushed_later", at: agent.url) == [43])
        let log = agent.child.log
        #expect(log.contains("the write buffer is being replayed"))
        #expect(log.contains("the write buffer is replayed"))
        let after = try await web.get("\(agent.url)/api/v1/status/walreplay").text
        #expect(after.contains(#""max":\#(Int(max)),"current":\#(Int(max))"#))
        agent.child.signal(SIGTERM)
        #expect(try await agent.child.exitCode(within: 10) == 0, "\(agent.child.log)")
    }

    @Test("a signal ends it, and the next start has everything")
    func signal() async throws {
        let web = try Web()
        let agent = try await start(after: try await killed(web), web)
        #expect(try await web.get("\(agent.url)/-/ready").status == 503)
        agent.child.signal(SIGTERM)
        #expect(try await agent.child.exitCode(within: 60) == 0, "\(agent.child.log)")
        let log = agent.child.log
        #expect(log.contains("the replay of the write buffer is left to the next start"))
        #expect(!log.contains("epoch sealed"))
        let next = try await start(after: agent, web)
        try await web.waitUntilReady("\(next.url)/-/ready", of: next.child, within: 60)
        #expect(try await web.query("pushed", at: next.url) == [42])
    }
}
