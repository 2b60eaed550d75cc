// Files that a disk, or a hand, has damaged: set aside, and the agent starts and serves the rest.
import Formats
import Glibc
import HTTP
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Damaged files", .serialized, .timeLimit(.minutes(2))) struct DamageTests {
    enum Place: String, Sendable, CaseIterable {
        case oldestSegment, newestBuffer, store
    }

    enum Damage: String, Sendable, CaseIterable {
        case firstByte, half, nothingLeft, garbage

        func of(_ bytes: [UInt8]) -> [UInt8] {
            switch self {
            case .firstByte: [bytes[0] ^ 1] + bytes.dropFirst()
            case .half: Array(bytes.prefix(bytes.count / 2))
            case .nothingLeft: []
            case .garbage: [UInt8](repeating: 0xa5, count: bytes.count + 5_000)
            }
        }
    }

    @Test(
        "the agent starts by itself, what is whole is served, the rest is kept aside",
        arguments: Place.allCases,
        Damage.allCases
    )
    func damaged(place: Place, damage: Damage) async throws {
        let web = try Web()
        let directory = try TemporaryDirectory("damage")
        let files = PosixFileSystem()
        let configuration = "[host]\nenabled = false\n"
        // Two sealed epochs, so that the buffer does not heal the first, and one in the buffer.
        for (name, end) in [("one", SIGTERM), ("two", SIGTERM), ("three", SIGKILL)] {
            let agent = try await TestAgent(configuration, in: directory, web: web)
            try await agent.push((0..<20).map { "\(name){i=\"\($0)\"} \($0)\n" }.joined(), web)
            agent.child.signal(end)
            _ = try await agent.child.exitCode(within: 10)
        }
        let data = directory.file("tsdb-data")
        let path: String
        switch place {
        case .oldestSegment:
            let folder = FilePath.join(data, "segments")
            let segments = try files.list(folder).sorted()
            #expect(segments.count == 2)
            path = FilePath.join(folder, segments[0])
        case .newestBuffer:
            let folder = FilePath.join(data, "buffer")
            path = FilePath.join(folder, try #require(try files.list(folder).max()))
        case .store: path = FilePath.join(data, "STORE")
        }
        try files.overwrite(path, damage.of(try files.readAll(path, limit: 1 << 20)))

        let agent = try await TestAgent(configuration, in: directory, web: web)
        // A buffer file's header stands twice.
        let isHealed = place == .newestBuffer && damage == .firstByte
        for (name, home) in [("one", Place.oldestSegment), ("three", .newestBuffer)]
        where place != home || isHealed {
            let found = try await web.query("count(last_over_time(\(name)[1h]))", at: agent.url)
            #expect(found == [20], "\(name): \(agent.child.log)")
        }
        #expect(
            try await web.query("count(last_over_time(two[1h]))", at: agent.url) == [20],
            "\(agent.child.log)"
        )
        // A torn tail of a buffer, also one that begins at once, is what every power cut leaves.
        if place != .newestBuffer || damage == .garbage {
            let aside = try files.list(FilePath.join(data, "quarantine"))
            #expect(!aside.isEmpty, "\(agent.child.log)")
        }
        try await agent.push("four 4\n", web)
        #expect(try await web.query("four", at: agent.url) == [4])
        agent.child.signal(SIGTERM)
        #expect(try await agent.child.exitCode(within: 10) == 0, "\(agent.child.log)")
    }

    // A run of the agent that leaves one segment behind, of 20 series; its path.
    private func seal(
        _ configuration: String,
        in directory: TemporaryDirectory,
        _ web: Web
    ) async throws -> String {
        let agent = try await TestAgent(configuration, in: directory, web: web)
        try await agent.push((0..<20).map { "one{i=\"\($0)\"} \($0)\n" }.joined(), web)
        agent.child.signal(SIGTERM)
        _ = try await agent.child.exitCode(within: 10)
        let folder = directory.file("tsdb-data/segments")
        return FilePath.join(folder, try #require(try PosixFileSystem().list(folder).first))
    }

    @Test(
        "every answer that lacks something says so",
        arguments: [
            (SegmentPart.names, "labels"),
            (.values, "label/i/values"),
            (.series, "series?match[]=one"),
            (.series, "labels?match[]=one"),
            (.series, "label/i/values?match[]=one"),
            (.series, "query?query=last_over_time(one[1h])"),
        ]
    )
    func warnings(part: SegmentPart, path: String) async throws {
        let web = try Web()
        let directory = try TemporaryDirectory("warnings")
        let files = PosixFileSystem()
        let configuration = "[host]\nenabled = false\n"
        let segment = try await seal(configuration, in: directory, web)
        let reader = try SegmentReader(files, path: segment)
        try reader.checkDirectory()
        var bytes = try files.readAll(segment, limit: 1 << 20)
        bytes[Int(reader.blockEntry(part, 0).offset)] ^= 1
        try files.overwrite(segment, bytes)

        let agent = try await TestAgent(configuration, in: directory, web: web)
        try await agent.push("two{j=\"x\"} 2\n", web)
        let answer = try await web.get("\(agent.url)/api/v1/\(path)")
        #expect(answer.status == 200)
        let json = try #require(try? JSONValue.parse(Array(answer.text.utf8)))
        guard case .array(let warnings) = json["warnings"] ?? .null,
            case .string(let warning) = warnings.first ?? .null
        else {
            Issue.record("no warning: \(answer.text)")
            return
        }
        #expect(warnings.count == 1)
        let start = "samples are missing, a part of a segment cannot be read: tsdb-data/segments/"
        #expect(warning.hasPrefix(start), "\(warning)")
        #expect(warning.contains(part.rawValue), "\(warning)")
        let whole = try await web.get("\(agent.url)/api/v1/series?match[]=two")
        #expect(whole.text.contains(#""j":"x""#), "\(whole.text)")
        agent.child.signal(SIGTERM)
        #expect(try await agent.child.exitCode(within: 10) == 0, "\(agent.child.log)")
    }

    @Test("a damaged chunk costs its own series, and the damage is counted")
    func chunk() async throws {
        let web = try Web()
        let directory = try TemporaryDirectory("chunk")
        let files = PosixFileSystem()
        let configuration = "[host]\nenabled = false\n"
        let path = try await seal(configuration, in: directory, web)
        var bytes = try files.readAll(path, limit: 1 << 20)
        // In the checksum of the first chunk, which follows the segment's header.
        bytes[64] ^= 1
        try files.overwrite(path, bytes)

        let agent = try await TestAgent(configuration, in: directory, web: web)
        #expect(try await web.query("count(last_over_time(one[1h]))", at: agent.url) == [19])
        #expect(agent.child.log.contains("msg=\"a part of a segment cannot be read\""))
        let metrics = try await web.get("\(agent.url)/metrics").text
        #expect(metrics.contains("\ntsdb_agent_store_damaged_reads_total 1\n"), "\(metrics)")
        let asked = try await web.get("\(agent.url)/api/v1/query?query=last_over_time(one[1h])")
        #expect(asked.text.contains(#""warnings":["samples are missing, a part of a segment"#))
        let export = try ChildProcess(
            Programs.agent,
            ["export", "--server", agent.url],
            directory: directory.path,
            logPath: directory.file("export.log")
        )
        #expect(try await export.exitCode(within: 10) == 1)
        let missing = "1 damaged files or parts were left out; see the server's log"
        #expect(export.log.contains("tsdb-agent export: \(missing)\n"), "\(export.log)")
        #expect(export.log.split(separator: "\n").filter { $0.hasPrefix("one{") }.count == 19)
    }
}
