// export, import and verify over the directory of a stopped agent.
import Formats
import Model
import Platform
import Store
import Synchronization
import TestSupport
import Testing

@testable import Agent

/// Runs command lines over one directory and keeps what they wrote.
final class DataFixture: Sendable {
    let directory: TemporaryDirectory
    private let written = Mutex((out: "", err: ""))
    private let replies = Mutex([QueryReply]())
    private let asked = Mutex([QueryRequest]())

    init(replies: [QueryReply] = []) throws {
        directory = try TemporaryDirectory()
        self.replies.withLock { $0 = replies.reversed() }
    }

    var err: String { written.withLock { $0.err } }
    var requests: [QueryRequest] { asked.withLock { $0 } }
    func path(_ name: String) -> String { directory.file(name) }
    func base(_ name: String) -> String { "storage.base_path=\(path(name))" }

    func run(_ arguments: String...) async -> (code: Int32, out: String) {
        var actions = CommandActions { _, _ in 0 }
        actions.ask = { request throws(QueryFailure) in
            self.asked.withLock { $0.append(request) }
            guard let reply = self.replies.withLock({ $0.popLast() }) else {
                throw .unanswered("no more replies")
            }
            return reply
        }
        written.withLock { $0 = ("", "") }
        let context = CommandContext(
            environment: [:],
            clock: StandingClock(),
            out: { text in self.written.withLock { $0.out += text } },
            err: { text in self.written.withLock { $0.err += text } }
        )
        let code = await AgentProgram(actions: actions, context: context).run(arguments)
        return (code, written.withLock { $0.out })
    }

    func write(_ name: String, _ text: String) throws(Errno) -> String {
        let file = try PosixFileSystem().open(path(name), .replace)
        try file.append(Array(text.utf8).span)
        try file.close()
        return path(name)
    }

    /// Every file under a directory with its bytes.
    func contents(_ name: String) throws -> [String: [UInt8]] {
        let files = PosixFileSystem()
        var found: [String: [UInt8]] = [:]
        var folders = [path(name)]
        while let folder = folders.popLast() {
            for name in try files.list(folder) {
                let inner = FilePath.join(folder, name)
                if try files.stat(inner).kind == .directory {
                    folders.append(inner)
                } else {
                    found[inner] = try files.readAll(inner, limit: 1 << 20)
                }
            }
        }
        return found
    }
}

private struct StandingClock: WallClock {
    func nowMs() -> Int64 { 1_700_000_100_000 }
}

@Suite("export, import and verify") struct DataCommandTests {
    private static let table = """
        time,value,__name__,job
        2023-11-14T22:13:20.000Z,1.5,up,node
        2023-11-14T22:13:35.000Z,,up,node
        2023-11-14T22:13:20.000Z,NaN:7ff8000000000123,up,"other, ""job""\u{22}
        2023-11-14T22:13:20.000Z,-0,z,

        """

    @Test("what was exported as CSV comes back the same, and a second time adds nothing")
    func roundTrip() async throws {
        let fixture = try DataFixture()
        let file = try fixture.write("in.csv", Self.table)
        let first = await fixture.run("import", "--set", fixture.base("a"), file)
        #expect(first.out == "4 samples stored, 0 were there already\n")
        #expect(first.code == 0)
        let exported = await fixture.run("export", "--format", "csv", "--set", fixture.base("a"))
        #expect(exported.out == Self.table)
        #expect(exported.code == 0)
        let again = await fixture.run("import", "--set", fixture.base("a"), file)
        #expect(again.out == "0 samples stored, 4 were there already\n")
        #expect(again.code == 0)
        #expect(
            await fixture.run("export", "--format=csv", "--set", fixture.base("a")).out
                == Self.table
        )
    }

    @Test("OpenMetrics leaves out what it cannot say, and says so; selectors and times choose")
    func openMetrics() async throws {
        let fixture = try DataFixture()
        let file = try fixture.write("in.csv", Self.table)
        _ = await fixture.run("import", "--set", fixture.base("a"), file)
        let all = await fixture.run("export", "--set", fixture.base("a"))
        #expect(
            all.out == """
                up{job="node"} 1.5 1700000000
                up{job="other, \\"job\\""} NaN 1700000000
                z -0 1700000000
                # EOF

                """
        )
        #expect(fixture.err.contains("1 stale markers, left out, and for the bits of 1 NaNs"))
        let one = await fixture.run(
            "export",
            "--match",
            "z",
            "--match",
            "up{job=\"node\"}",
            "--end",
            "1700000010",
            "--set",
            fixture.base("a")
        )
        #expect(one.out == "up{job=\"node\"} 1.5 1700000000\nz -0 1700000000\n# EOF\n")
        let back = try fixture.write("back.om", one.out)
        let imported = await fixture.run(
            "import",
            "--label",
            "site=north",
            "--set",
            fixture.base("b"),
            back
        )
        #expect(imported.out == "2 samples stored, 0 were there already\n")
        #expect(
            await fixture.run("export", "--set", fixture.base("b")).out
                == "up{job=\"node\",site=\"north\"} 1.5 1700000000\n"
                + "z{site=\"north\"} -0 1700000000\n# EOF\n"
        )
    }

    @Test("export changes nothing, and makes nothing where nothing is")
    func readOnly() async throws {
        let fixture = try DataFixture()
        let file = try fixture.write("in.csv", Self.table)
        _ = await fixture.run("import", "--set", fixture.base("a"), file)
        let before = try fixture.contents("a")
        #expect(await fixture.run("export", "--set", fixture.base("a")).code == 0)
        #expect(try fixture.contents("a") == before)
        #expect(await fixture.run("export", "--set", fixture.base("none")).code == 1)
        #expect(fixture.err.contains("No such file"))
        #expect(try PosixFileSystem().exists(fixture.path("none")) == false)
    }

    @Test("a wrong line is named; what stands before it is stored")
    func wrongLine() async throws {
        let fixture = try DataFixture()
        let file = try fixture.write("in.om", "up 1 1700000000\nup x 1700000001\n# EOF\n")
        let run = await fixture.run("import", "--set", fixture.base("a"), file)
        #expect(run.code == 1)
        #expect(run.out == "1 samples stored, 0 were there already\n")
        #expect(fixture.err == "tsdb-agent import: \(file):2:4: \"x\" is not a number\n")
        let cut = try fixture.write("cut.om", "up 1 1700000000\n")
        #expect(await fixture.run("import", "--set", fixture.base("a"), cut).code == 1)
        #expect(fixture.err.contains("\(cut):2: the text does not end with # EOF"))
        #expect(await fixture.run("import", "--set", fixture.base("a"), "/nowhere.csv").code == 1)
        #expect(fixture.err.contains("cannot open /nowhere.csv: "))
    }

    @Test("what the store does not take is counted by reason and makes the exit code 1")
    func dropped() async throws {
        let fixture = try DataFixture()
        let text = "a 1 1700000000\nb 2 1700009999\na 3 1600000000\n# EOF\n"
        let file = try fixture.write("in.om", text)
        let run = await fixture.run("import", "--set", fixture.base("a"), file)
        #expect(run.code == 1)
        #expect(run.out == "2 samples stored, 0 were there already, 1 dropped: future\n")
        #expect(fixture.err.contains("1 samples are older than storage.retention_time"))
    }

    @Test(
        "wrong usage ends with 2",
        arguments: [
            ["export", "--format", "xml"], ["export", "--match", "up{"], ["import"],
            ["export", "--server", "a:1", "--set", "storage.base_path=x"],
            ["export", "--start", "10", "--end", "5"], ["import", "--label", "x", "f"],
            ["import", "--format", "parquet", "f"], ["verify"],
        ]
    )
    func usage(arguments: [String]) async throws {
        let fixture = try DataFixture()
        var actions = CommandActions { _, _ in 0 }
        actions.ask = { _ throws(QueryFailure) in throw .unanswered("never") }
        let context = CommandContext(environment: [:], out: { _ in }, err: { _ in })
        #expect(await AgentProgram(actions: actions, context: context).run(arguments) == 2)
        #expect(fixture.requests.isEmpty)
    }

    // MARK: A running agent

    private func page(_ series: [(Labels, SampleColumns)]) -> QueryReply {
        var body: [UInt8] = []
        for (labels, samples) in series {
            let encoded = RemoteWriteV1.encodedLabels(labels)
            RemoteWriteV1.appendSeries(encodedLabels: encoded, samples, to: &body)
        }
        return QueryReply(status: 200, body: body)
    }

    @Test("export asks a server page by page, beginning behind the last series")
    func pages() async throws {
        var samples = SampleColumns()
        samples.append(1_700_000_000_000, 7)
        let one = Labels([Label("__name__", "a"), Label("x", "\"1\"")])
        let two = Labels([Label("__name__", "b")])
        let fixture = try DataFixture(
            replies: [page([(one, samples)]), page([(two, samples)]), page([])]
        )
        let run = await fixture.run("export", "--server", "box:1", "--start", "1700000000.5")
        #expect(run.out == "a{x=\"\\\"1\\\"\"} 7 1700000000\nb 7 1700000000\n# EOF\n")
        #expect(run.code == 0)
        #expect(fixture.requests.map(\.path) == Array(repeating: "/api/v1/export", count: 3))
        let cursors = fixture.requests.map { $0.fields.first { $0.name == "after" }?.values }
        #expect(cursors == [nil, ["a{x=\"\\\"1\\\"\"}"], ["b"]])
        let start = fixture.requests[0].fields.first { $0.name == "start" }
        #expect(start?.values == ["1700000000.5"])
    }

    @Test("a server that refuses, or gives the same page for ever, ends it with 1")
    func refused() async throws {
        var samples = SampleColumns()
        samples.append(1, 7)
        let one = Labels([Label("__name__", "a")])
        let same = try DataFixture(replies: [page([(one, samples)]), page([(one, samples)])])
        #expect(await same.run("export").code == 1)
        #expect(same.err.contains("do not move on"))
        let error = "{\"status\":\"error\",\"errorType\":\"timeout\",\"error\":\"too slow\"}"
        let slow = try DataFixture(replies: [QueryReply(status: 422, body: Array(error.utf8))])
        #expect(await slow.run("export").code == 1)
        #expect(slow.err == "tsdb-agent export: timeout: too slow\n")
    }

    @Test("import gives a server messages and adds up what it answers")
    func server() async throws {
        let data = "{\"stored\":1,\"duplicate\":2,\"too_old\":1}"
        let answer = "{\"status\":\"success\",\"data\":\(data)}"
        let fixture = try DataFixture(replies: [QueryReply(status: 200, body: Array(answer.utf8))])
        let file = try fixture.write("in.csv", Self.table)
        let run = await fixture.run("import", "--server", "box:1", file)
        #expect(run.out == "1 samples stored, 2 were there already, 1 dropped: too_old\n")
        #expect(run.code == 1)
        #expect(fixture.requests.count == 1)
        #expect(fixture.requests.first?.body?.isEmpty == false)
    }

    // MARK: verify and inspect

    private func damaged(_ path: String, at offset: Int64) throws {
        let file = try PosixFileSystem().open(path, .readWrite)
        let old = try file.read(1, at: offset)
        try file.write([old[0] ^ 0x40].span, at: offset)
        try file.close()
    }

    @Test("verify tells file, byte and what for each damaged file and answers 1")
    func verify() async throws {
        let fixture = try DataFixture()
        let file = try fixture.write("in.csv", Self.table)
        _ = await fixture.run("import", "--set", fixture.base("a"), file)
        let whole = await fixture.run("verify", fixture.path("a"))
        #expect(whole.code == 0)
        #expect(whole.out.hasSuffix(": no damage\n"))
        let shown = await fixture.run("inspect", fixture.path("a"))
        #expect(shown.code == 0)
        #expect(shown.out.contains("segments: 4 samples in "))
        for path in try fixture.contents("a").keys where !path.hasSuffix("LOCK") {
            let before = try PosixFileSystem().readAll(path, limit: 1 << 20)
            // In a segment the header of a chunk, elsewhere what is covered by a checksum too.
            try damaged(path, at: Int64(path.hasSuffix(".gor") ? 90 : 20))
            let run = await fixture.run("verify", fixture.path("a"))
            #expect(run.code == 1, "\(path)")
            #expect(run.out.contains("\(path): "), "\(run.out)")
            let back = try PosixFileSystem().open(path, .replace)
            try back.append(before.span)
            try back.close()
        }
        #expect(await fixture.run("verify", fixture.path("a")).code == 0)
        let strange = try fixture.write("strange", "hello")
        let run = await fixture.run("verify", strange)
        #expect(run.code == 1)
        #expect(run.out.contains("\(strange): no file of the store\n"))
        #expect(await fixture.run("verify", fixture.path("gone")).code == 1)
    }
}
