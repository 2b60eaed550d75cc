// Reload and stop: what an operator's signals do.
import Glibc
import HTTP
import Platform
import TestSupport
import Testing

@Suite("Signals", .serialized, .timeLimit(.minutes(2))) struct LifecycleTests {
    @Test("SIGHUP takes up and lets go of jobs and destinations; a bad file changes nothing")
    func reload() async throws {
        let web = try Web()
        let (one, two) = (
            try await TestServer(text: "one 1\n"), try await TestServer(text: "two 2\n")
        )
        let receiver = try await TestServer { _ in HTTPResponse(.noContent) }
        func job(_ name: String, _ target: TestServer) -> String {
            """
            [[scrape_configs]]
            job_name = "\(name)"
            scrape_interval = "200ms"
            static_configs = [ { targets = ["\(target.address)"] } ]

            """
        }
        let destination = """
            [[forward]]
            name = "away"
            kind = "remote_write"
            url = "http://\(receiver.address)/api/v1/write"

            """
        let host = "[host]\nenabled = false\n"
        let agent = try await TestAgent(host + job("one", one), web: web)
        try await web.wait(for: "one", at: agent.url, within: 20)

        try agent.configure(host + job("one", one) + job("two", two) + destination)
        agent.child.signal(SIGHUP)
        try await web.wait(for: "two", at: agent.url, within: 20)
        try await waitUntil(seconds: 20) { receiver.requests > 0 }

        try agent.configure("[[scrape_configs]]\njob_nmae = \"x\"\n")
        agent.child.signal(SIGHUP)
        let log = agent.child
        try await waitUntil(seconds: 20) { log.log.contains("nothing has changed") }
        let answer = try await web.send(ClientRequest(.post, "\(agent.url)/-/reload"))
        #expect(answer.status == 500)
        #expect(answer.text.contains("job_nmae: unknown key; did you mean job_name?"))
        #expect(try await web.query("count(up == 1)", at: agent.url) == [2])

        try agent.configure(host + job("two", two))
        #expect(try await web.send(ClientRequest(.post, "\(agent.url)/-/reload")).status == 200)
        // The series of a removed target end at once.
        #expect(try await web.query("one", at: agent.url).isEmpty)
        #expect(try await web.query("count(up)", at: agent.url) == [1])
        let (asked, sent) = (two.requests, receiver.requests)
        try await waitUntil(seconds: 20) { two.requests > asked + 3 }
        #expect(receiver.requests <= sent + 1)
    }

    @Test("it ends with 0 within five seconds though a target and a receiver hang")
    func stopWhileHanging() async throws {
        let (web, agent, hanging) = try await hangingAgent()
        agent.child.signal(SIGTERM)
        #expect(try await agent.child.exitCode(within: 6) == 0, "\(agent.child.log)")
        _ = (web, hanging)
    }

    @Test("a second signal ends it at once")
    func secondSignal() async throws {
        let (web, agent, hanging) = try await hangingAgent()
        agent.child.signal(SIGTERM)
        try await waitUntil(seconds: 5) { agent.child.log.contains("msg=stopping") }
        agent.child.signal(SIGINT)
        // The first signal alone waits longer than this for the receiver.
        let code = try await agent.child.exitCode(within: 5)
        #expect(code == 0 || code == 1, "\(agent.child.log)")
        _ = (web, hanging)
    }

    private func hangingAgent() async throws -> (Web, TestAgent, TestServer) {
        let web = try Web()
        let hanging = try await TestServer { _ in
            try? await Task.sleep(for: .seconds(30))
            return HTTPResponse(.noContent)
        }
        let agent = try await TestAgent(
            """
            [host]
            enabled = false
            [[scrape_configs]]
            job_name = "itself"
            scrape_interval = "200ms"
            static_configs = [ { targets = ["127.0.0.1:@PORT@"] } ]
            [[scrape_configs]]
            job_name = "hanging"
            scrape_interval = "10s"
            static_configs = [ { targets = ["\(hanging.address)"] } ]
            [[forward]]
            name = "hanging"
            kind = "remote_write"
            url = "http://\(hanging.address)/api/v1/write"
            """,
            web: web
        )
        try await web.wait(for: "up{job=\"itself\"}", at: agent.url, within: 20)
        try await waitUntil(seconds: 20) { hanging.requests > 0 }
        return (web, agent, hanging)
    }
}
