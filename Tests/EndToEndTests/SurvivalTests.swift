// The promise of the house: kill -9 and a remote that is away lose nothing and double nothing.
import Formats
import Glibc
import HTTP
import Platform
import TestSupport
import Testing

@Suite("Survival", .serialized, .timeLimit(.minutes(3))) struct SurvivalTests {
    static let paths = (0..<4).map { "/\($0)" }

    static func jobs(_ target: TickingTarget, everyMs: Int) -> String {
        paths.map {
            """
            [[scrape_configs]]
            job_name = "\($0)"
            scrape_interval = "\(everyMs)ms"
            metrics_path = "\($0)"
            static_configs = [ { targets = ["\(target.server.address)"] } ]

            """
        }.joined() + "[host]\nenabled = false\n"
    }

    @Test("killed again and again, it lost at most the scrape under way of each target")
    func killed() async throws {
        let web = try Web()
        let directory = try TemporaryDirectory("killed")
        let target = try await TickingTarget(padding: 200)
        let configuration = Self.jobs(target, everyMs: 100)
        var atKill = Self.paths.map { _ in Set<Int>() }
        for _ in 0..<4 {
            let agent = try await TestAgent(configuration, in: directory, web: web)
            let before = Self.paths.map(target.count)
            try await waitUntil(seconds: 20) {
                zip(Self.paths, before).allSatisfy { target.count($0) >= $1 + 5 }
            }
            agent.child.signal(SIGKILL)
            #expect(try await agent.child.exitCode(within: 10) == -SIGKILL)
            for (index, path) in Self.paths.enumerated() {
                atKill[index].insert(target.count(path))
            }
        }
        target.rest(true)
        let agent = try await TestAgent(configuration, in: directory, web: web)
        for (index, path) in Self.paths.enumerated() {
            let stored = try await web.values("tick{job=\"\(path)\"}[1h]", at: agent.url)
            let holes = Set((1...target.count(path)).map(Double.init)).subtracting(stored)
            #expect(
                holes.isSubset(of: Set(atKill[index].map(Double.init))),
                "\(path): \(holes.sorted()) are missing, it was killed at \(atKill[index].sorted())"
            )
            #expect(stored.count == Set(stored).count, "\(path) has values twice: \(stored)")
            #expect(stored == stored.sorted())
        }
        let padded = "count(count_over_time(padding[1h]))"
        #expect(try await web.query(padded, at: agent.url) == [800])
    }

    @Test("a receiver that is away, refuses and comes back has what the agent has, kills between")
    func away() async throws {
        let web = try Web()
        let directory = try TemporaryDirectory("away")
        let target = try await TickingTarget(padding: 20)
        let refusing = try await TestServer { _ in HTTPResponse(.unavailable) }
        func configuration(_ url: String) -> String {
            Self.jobs(target, everyMs: 200) + """
                [[forward]]
                name = "away"
                kind = "remote_write"
                url = "\(url)"
                start = "oldest"
                max_backoff = "500ms"
                """
        }
        let receiver = try FreePort.next()
        let urls = [
            "http://\(refusing.address)/api/v1/write", "http://127.0.0.1:\(receiver)/api/v1/write",
        ]
        for url in urls {
            let agent = try await TestAgent(configuration(url), in: directory, web: web)
            let before = target.count("/0")
            try await waitUntil(seconds: 20) { target.count("/0") >= before + 5 }
            agent.child.signal(SIGKILL)
            _ = try await agent.child.exitCode(within: 10)
        }
        #expect(refusing.requests > 0)

        // It comes back while the agent runs, on the port that refused.
        let agent = try await TestAgent(configuration(urls[1]), in: directory, web: web)
        let remote = try await TestAgent(
            "[host]\nenabled = false\n",
            port: receiver,
            web: web
        )
        try await web.wait(for: "tick", at: remote.url, within: 30)
        target.rest(true)
        try await expectSame(web, agent.url, remote.url)
        agent.child.signal(SIGTERM)
        #expect(try await agent.child.exitCode(within: 10) == 0, "\(agent.child.log)")
    }

    @Test(
        "a real Prometheus receives every sample once, through a stop and a kill of the agent",
        .enabled(if: Programs.peersWanted, "\(Programs.peersSkipped)")
    )
    func prometheus() async throws {
        let web = try Web()
        let directory = try TemporaryDirectory("sender")
        let target = try await TickingTarget(padding: 20)
        let port = try FreePort.next()
        let home = try TemporaryDirectory("prometheus")
        try home.write("empty.yml", "")
        let prometheus = try ChildProcess(
            Programs.peer("prometheus"),
            [
                "--config.file=empty.yml", "--storage.tsdb.path=data",
                "--web.listen-address=127.0.0.1:\(port)", "--web.enable-remote-write-receiver",
            ],
            directory: home.path,
            logPath: home.file("log")
        )
        let remote = "http://127.0.0.1:\(port)"
        try await web.waitUntilReady("\(remote)/-/ready", of: prometheus, within: 60)
        let configuration =
            Self.jobs(target, everyMs: 200) + """
                [[forward]]
                name = "prometheus"
                kind = "remote_write"
                url = "\(remote)/api/v1/write"
                start = "oldest"
                """
        for signal in [SIGTERM, SIGKILL] {
            let agent = try await TestAgent(configuration, in: directory, web: web)
            let before = target.count("/0")
            try await waitUntil(seconds: 20) { target.count("/0") >= before + 5 }
            agent.child.signal(signal)
            _ = try await agent.child.exitCode(within: 10)
        }
        let agent = try await TestAgent(configuration, in: directory, web: web)
        let before = target.count("/0")
        try await waitUntil(seconds: 20) { target.count("/0") >= before + 3 }
        target.rest(true)
        try await expectSame(web, agent.url, remote)
        prometheus.signal(SIGTERM)
        _ = try await prometheus.exitCode(within: 20)
    }

    // Waits until both have as many ticks, then compares them one by one.
    private func expectSame(_ web: Web, _ agent: String, _ remote: String) async throws {
        let count = "sum(count_over_time(tick[1h]))"
        try await web.wait(for: "count(up == 0)", at: agent, within: 20) { $0 == 4 }
        let stored = try #require(try await web.query(count, at: agent).first)
        try await web.wait(for: count, at: remote, within: 30) { $0 >= stored }
        for path in Self.paths {
            let series = "tick{job=\"\(path)\"}[1h]"
            let here = try await web.values(series, at: agent)
            #expect(!here.isEmpty)
            #expect(try await web.values(series, at: remote) == here, "\(path)")
        }
    }
}
