// Chunks that say themselves what they are: series found by them, and chunks found without an index.
import Codec
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Whole chunks in a segment") struct WholeChunkTests {
    private static func segment(_ count: Int) throws -> [UInt8] {
        let fileSystem = MemoryFileSystem()
        try fileSystem.makeDirectory("/s")
        var writer = try SegmentWriter(
            fileSystem,
            path: "/s/x.gor",
            storeID: TestSegment.storeID,
            range: TestSegment.range
        )
        let series = (0..<count).map { number in
            TestSegment.labels(["n": "\(number)", "tens": "\(number / 10)"])
        }
        let identified = series.map { (SeriesIdentity.id(of: $0), $0) }.sorted { $0.0 < $1.0 }
        for (place, (id, labels)) in identified.enumerated() {
            let start = place % 7 == 0 ? Int64(1500) : 1000
            let samples = TestSegment.samples([start, 2000], [Double(place), 2])
            let chunk = SealedChunk(samples, flags: [], with: ColumnarCompressor(), isPacked: false)
            try writer.add(id, labels, [chunk])
        }
        _ = try writer.finish(ledger: [], replaced: [])
        return try fileSystem.readAll("/s/x.gor", limit: 1 << 26)
    }

    @Test("rows of one block are looked through, more have postings", arguments: [1024, 1025])
    func postings(count: Int) throws {
        let segment = try TestSegment.open(try Self.segment(count))
        try segment.verify()
        #expect((segment.layout.postingBlocks > 0) == (count > 1024))
        let matchers = [
            LabelMatcher("n", equals: "77"), LabelMatcher("tens", equals: "5"),
            LabelMatcher("tens", equals: ""), try LabelMatcher("n", .matches, "1.*"),
            try LabelMatcher("n", .notMatches, ".*[1-8].*"), LabelMatcher("x", equals: ""),
        ]
        let labels = try (0..<count).map { try segment.labels(of: $0) }
        for matcher in matchers {
            let wanted = labels.indices.filter { matcher.accepts(labels[$0][matcher.name] ?? "") }
            #expect(try segment.select([matcher], in: .all) == wanted, "\(matcher)")
        }
    }

    @Test("every series is found by its id, and no other of the same mark")
    func ids() throws {
        let segment = try TestSegment.open(try Self.segment(1100))
        for series in 0..<1100 {
            let id = try segment.id(of: series)
            #expect(id == SeriesIdentity.id(of: try segment.labels(of: series)))
            #expect(try segment.seriesIndex(of: id) == series)
            #expect(segment.lastTime(of: id) == 2000)
            let other = SeriesID(high: id.high, low: id.low ^ 0x100)
            #expect(try segment.seriesIndex(of: other) == nil)
        }
    }

    @Test("a header with any byte changed is damage of its chunk", arguments: 0..<64)
    func header(place: Int) throws {
        var bytes = try Self.segment(3)
        let whole = try TestSegment.open(bytes)
        let id = try whole.id(of: 1)
        let chunk = try whole.chunks(of: 1)[0]
        bytes[chunk.offset + place] ^= 0x10
        let segment = try TestSegment.open(bytes)
        var samples = SampleColumns()
        for call in 0..<3 {
            do throws(SegmentError) {
                switch call {
                case 0: try segment.decode(chunk, into: &samples)
                case 1: _ = try segment.id(of: 1)
                default: try segment.verify()
                }
                Issue.record("call \(call) saw nothing")
            } catch {
                #expect(error.isDamage)
                guard case .chunk(_, chunk.offset, _) = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
        #expect(samples.count == 0)
        // Its id is not taken for another one: either it still says it, or nobody can tell.
        do throws(SegmentError) {
            #expect(try segment.seriesIndex(of: id) == 1)
        } catch {
            #expect(8..<24 ~= place)
        }
    }

    @Test("chunks are found without footer and index, those behind a damaged one too")
    func walk() throws {
        let bytes = try Self.segment(20)
        let segment = try TestSegment.open(bytes)
        let offsets = try (0..<20).map { try segment.chunks(of: $0)[0].offset }
        #expect(Self.found(bytes) == offsets)
        #expect(Self.found(Array(bytes[..<segment.layout.chunksEnd])) == offsets)
        #expect(Self.found(Array(bytes[..<(offsets[7] + 63)])) == Array(offsets[..<7]))
        for place in 0..<64 {
            var damaged = bytes
            damaged[offsets[4] + place] ^= 0x81
            #expect(Self.found(damaged) == offsets.filter { $0 != offsets[4] })
        }
    }

    @Test("a file of nothing but forged headers ends the walk", .timeLimit(.minutes(1)))
    func forged() throws {
        var sink = ByteSink()
        for _ in 0..<(1 << 18) { sink.u32(ChunkHeader.magic) }
        #expect(Self.found(sink.bytes) == [])
        sink = ByteSink()
        // Each says that it reaches nearly to the end.
        for _ in 0..<(1 << 14) {
            sink.u32(ChunkHeader.magic)
            for _ in 0..<10 { sink.u32(1) }
            sink.u32(900_000)
            for _ in 0..<4 { sink.u32(1) }
        }
        #expect(Self.found(sink.bytes) == [])
    }

    private static func found(_ bytes: [UInt8]) -> [Int] {
        var walk = ChunkWalk(from: SegmentFormat.headerBytes, byteCount: bytes.count)
        var offsets: [Int] = []
        while let found = walk.next(in: bytes.span) { offsets.append(found.offset) }
        return offsets
    }
}
