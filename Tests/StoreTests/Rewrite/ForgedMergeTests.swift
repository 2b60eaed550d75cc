// Merging what no writer writes, behind right checksums: an error, or a segment that is right.
import Codec
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Merging a forged segment") struct ForgedMergeTests {
    @Test("names out of order are in order behind it, and their series still found")
    func disorder() throws {
        // Read from the forged names block, the labels of each series are not in the order of names.
        let series = [
            ["__name__": "up", "jab": "node", "job": "a"],
            ["__name__": "up", "jab": "disk", "job": "b"],
            ["__name__": "up", "jab": "node"],
        ]
        var bytes = try segment(series) { $0 == "jab" ? "jzb" : $0 }
        try replace("jab", with: "jzb", .names, in: &bytes)
        let forged = try TestSegment.open(bytes)
        let labels = try (0..<3).map { String(describing: try forged.labels(of: $0)) }
        #expect(labels.contains(#"up{jzb="disk", job="b"}"#), "it is out of order before")
        let merged = try merge([bytes])
        try merged.verify()
        #expect(try merged.labelNames() == ["__name__", "job", "jzb", Self.filler])
        #expect(try merged.select([LabelMatcher("jzb", equals: "node")], in: .all).count == 2)
    }

    @Test("the same label twice is there once behind it")
    func twice() throws {
        let series = [
            ["job": "node", "jox": "node"], ["job": "node", "jox": "node", "z": "1"],
        ]
        var bytes = try segment(series) { $0 == "jox" ? "job" : $0 }
        // The second name is stored as what it does not share with the first.
        try replace("x", with: "b", .names, in: &bytes)
        let merged = try merge([bytes])
        try merged.verify()
        #expect(try merged.labelNames() == ["job", "z", Self.filler])
        #expect(try merged.select([LabelMatcher("job", equals: "node")], in: .all).count == 2)
    }

    @Test("ids that do not ascend are damage of that segment", arguments: [0, 1])
    func ids(repeated: Int) throws {
        var bytes = try segment((0..<3).map { ["job": "\($0)"] }) { $0 }
        let chunks = try (0..<3).map { try TestSegment.open(bytes).chunks(of: $0)[0].range }
        let id = bytes[chunks[repeated]].dropFirst(8).prefix(16)
        bytes.replaceSubrange(chunks[2].prefix(24).suffix(16), with: Array(id))
        var chunk = Array(bytes[chunks[2]])
        chunk.replaceSubrange(56..<64, with: repeatElement(0, count: 8))
        var sink = ByteSink(bytes)
        sink.patch(u64: XXH64.hash(chunk.span), at: chunks[2].lowerBound + 56)
        bytes = sink.bytes
        do {
            try merge([bytes])
            Issue.record("merged")
        } catch RewriteError.input(name: _, let cause) {
            #expect(cause.isDamage)
            #expect(cause.description.contains(" after "))
        }
    }

    @Test("noise does not trap", arguments: 0..<300)
    func noise(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let whole = try segmentBytes(TestSegment.golden)
        let layout = try TestSegment.open(whole).layout
        var bytes = whole
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: layout.chunksEnd..<layout.directoryOffset, using: &random)
            bytes[place] = UInt8.random(in: 0...255, using: &random)
        }
        TestSegment.seal(&bytes, layout)
        do {
            _ = try merge([bytes, whole]).labelNames()
        } catch RewriteError.input(name: _, let cause) {
            if case .chunk(_, _, .unknownFeature) = cause { return }
            #expect(cause.isDamage, "seed \(seed): \(cause)")
        }
    }

    // A name so long and so irregular that the block of names is not smaller packed.
    private static let filler: String = {
        var random = SeededRandom(seed: 7)
        let letters = "abcdefghijklmnopqrstuvwxyz"
        return "zz" + String((0..<400).map { _ in letters.randomElement(using: &random) ?? "a" })
    }()

    // A segment of series whose ids are those of their labels under other names.
    private func segment(
        _ series: [[String: String]],
        _ name: (String) -> String
    ) throws -> [UInt8] {
        let fileSystem = MemoryFileSystem()
        try fileSystem.makeDirectory("/s")
        var writer = try SegmentWriter(
            fileSystem,
            path: "/s/x.gor",
            storeID: TestSegment.storeID,
            range: TestSegment.range
        )
        let samples = TestSegment.samples([1000, 2000], [1, 2])
        let chunk = SealedChunk(samples, flags: [], with: ColumnarCompressor(), isPacked: false)
        let identified = series.enumerated().map { place, labels in
            var labels = labels
            if place == 0 { labels[Self.filler] = "1" }
            let forged = Dictionary(labels.map { (name($0.key), $0.value) }) { first, _ in first }
            return (SeriesIdentity.id(of: TestSegment.labels(forged)), labels)
        }
        for (id, labels) in identified.sorted(by: { $0.0 < $1.0 }) {
            try writer.add(id, TestSegment.labels(labels), [chunk])
        }
        _ = try writer.finish(ledger: [], replaced: [])
        return try fileSystem.readAll("/s/x.gor", limit: 1 << 26)
    }

    private func replace(
        _ text: String,
        with other: String,
        _ part: SegmentPart,
        in bytes: inout [UInt8]
    ) throws {
        let layout = try TestSegment.open(bytes).layout
        let text = Array(text.utf8)
        let place = try #require(
            try block(part, bytes).first { bytes[$0...].starts(with: text) }
        )
        bytes.replaceSubrange(place..<place + text.count, with: other.utf8)
        TestSegment.seal(&bytes, layout)
    }

    // Where the only block of its kind is, which is not packed.
    private func block(_ part: SegmentPart, _ bytes: [UInt8]) throws -> Range<Int> {
        let segment = try TestSegment.open(bytes)
        try segment.checkDirectory()
        let entry = segment.blockEntry(part, 0)
        #expect(segment.layout.blocks(part).count == 1)
        #expect(entry.storedBytes == entry.plainBytes)
        return entry.offset..<entry.offset + entry.storedBytes
    }

    @discardableResult
    private func merge(_ inputs: [[UInt8]]) throws -> SegmentReader {
        let fileSystem = MemoryFileSystem()
        try fileSystem.makeDirectory("/s")
        let job = RewriteJob(
            inputs: try inputs.map { try TestSegment.open($0) },
            mergesLate: true,
            storeID: TestSegment.storeID,
            compressor: ColumnarCompressor()
        )
        var pace = RewritePace()
        let writer = try job.write(
            to: try SegmentFile(fileSystem, path: "/s/y.gor", reserving: 0),
            &pace
        )
        _ = try writer.finish(ledger: [], replaced: [])
        return try TestSegment.open(try fileSystem.readAll("/s/y.gor", limit: 1 << 26))
    }
}
