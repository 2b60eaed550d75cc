// Damaged segments: noticed, named, never trapped on.
import Codec
import Model
import TestSupport
import Testing

@testable import Store

@Suite("Damaged segment") struct SegmentDamageTests {
    @Test("every flipped bit is noticed")
    func flips() throws {
        let bytes = try segmentBytes(TestSegment.small)
        let contents = try TestSegment.open(bytes).contents()
        for bit in 0..<bytes.count * 8 {
            var damaged = bytes
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            let error = failure(damaged) { segment throws(SegmentError) in
                // What queries do must not trap, and must not give wrong samples.
                let found = try segment.contents()
                #expect(found == contents, "bit \(bit)")
                _ = try segment.select([LabelMatcher("job", equals: "node")], in: .all)
                try segment.verify()
            }
            #expect(error != nil, "bit \(bit)")
        }
    }

    @Test("every truncation is refused at opening")
    func truncations() throws {
        let bytes = try segmentBytes(TestSegment.small)
        for length in 0..<bytes.count {
            let error = failure(Array(bytes[..<length])) { _ in }
            #expect(error?.isDamage == true, "\(length) bytes")
        }
        #expect(failure(bytes + [0]) { _ in }?.isDamage == true)
    }

    @Test("noise behind right checksums does not trap", arguments: 0..<300)
    func forged(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var bytes = try Self.smallBytes.get()
        let layout = try TestSegment.open(bytes).layout
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: layout.chunksEnd..<layout.footerOffset + 96, using: &random)
            bytes[place] = UInt8.random(in: 0...255, using: &random)
        }
        TestSegment.seal(&bytes, layout)
        _ = failure(bytes) { segment throws(SegmentError) in
            for matcher in [LabelMatcher("job", equals: "node"), LabelMatcher("x", equals: "")] {
                for series in try segment.select([matcher], in: .all) {
                    _ = try segment.labels(of: series)
                }
            }
        }
        _ = failure(bytes) { segment throws(SegmentError) in _ = try segment.contents() }
        _ = failure(bytes) { segment throws(SegmentError) in _ = try segment.labelNames() }
        _ = failure(bytes) { segment throws(SegmentError) in
            _ = try segment.labelValues(of: "instance")
        }
        _ = failure(bytes) { segment throws(SegmentError) in try segment.verify() }
        _ = failure(bytes) { segment in _ = segment.lastTime(of: SeriesID(high: 5, low: 5)) }
    }

    @Test("what verify lets pass can be read, whatever was forged")
    func verified() throws {
        let bytes = try Self.smallBytes.get()
        let layout = try TestSegment.open(bytes).layout
        for place in layout.chunksEnd..<layout.directoryOffset {
            for value: UInt8 in [0, 1, 0x7f] {
                var forged = bytes
                forged[place] = value
                TestSegment.seal(&forged, layout)
                guard
                    failure(forged, { segment throws(SegmentError) in try segment.verify() }) == nil
                else { continue }
                let error = failure(forged) { segment throws(SegmentError) in
                    for name in try segment.labelNames() { _ = try segment.labelValues(of: name) }
                    _ = try segment.contents()
                }
                #expect(error == nil, "byte \(place) is \(value)")
            }
        }
    }

    @Test("says what is wrong, and where")
    func texts() throws {
        let bytes = try Self.smallBytes.get()
        #expect(
            text(Array(bytes[..<100])) == "/s/x.gor: 100 bytes are no segment, the smallest has 200"
        )
        var damaged = bytes
        damaged[0] = UInt8(ascii: "X")
        #expect(text(damaged) == "/s/x.gor: no segment header at byte 0: found 0x47455358")
        damaged = bytes
        damaged.removeLast(8)
        #expect(text(damaged)?.hasPrefix("/s/x.gor: no segment footer at byte ") == true)
        damaged = bytes
        damaged[4] = 2
        var header = ByteSink(Array(damaged[..<64]))
        header.patch(u64: XXH64.hash(header.bytes.span.extracting(0..<56)), at: 56)
        damaged.replaceSubrange(0..<64, with: header.bytes)
        #expect(
            text(damaged)
                == "/s/x.gor: segment version 2 is newer than this program knows (1); "
                + "use a newer tsdb-agent"
        )
        damaged = bytes
        damaged[64 + 8] ^= 1
        let chunk = failure(damaged) { segment throws(SegmentError) in _ = try segment.contents() }
        #expect(chunk?.description.hasPrefix("/s/x.gor: at byte 64: chunk checksum ") == true)
        #expect(chunk?.isDamage == true)
    }

    @Test("one damaged chunk does not hide the others")
    func oneChunk() throws {
        var bytes = try Self.smallBytes.get()
        bytes[64 + 10] ^= 0xff
        let segment = try TestSegment.open(bytes)
        var readable = 0
        for series in 0..<segment.seriesCount {
            for chunk in try segment.chunks(of: series) {
                var samples = SampleColumns()
                do throws(SegmentError) {
                    try segment.decode(chunk, into: &samples)
                    readable += 1
                } catch {
                    #expect(samples.count == 0)
                    #expect(chunk.offset == 64)
                }
            }
        }
        #expect(readable == 4)
    }

    private static let smallBytes = Result { try segmentBytes(TestSegment.small) }

    @Test(
        "a footer cannot count more than its file can hold",
        arguments: [
            (16, UInt32.max), (24, UInt32.max), (52, 1 << 20), (56, 1 << 20), (60, 1 << 20),
            (64, 1 << 20),
        ]
    )
    func counts(offset: Int, count: UInt32) throws {
        let bytes = try Self.smallBytes.get()
        let layout = try TestSegment.open(bytes).layout
        var sink = ByteSink(bytes)
        sink.patch(u32: count, at: layout.footerOffset + offset)
        var forged = sink.bytes
        TestSegment.seal(&forged, layout)
        #expect(text(forged)?.hasSuffix(": more than the file can hold") == true)
    }

    private func text(_ bytes: [UInt8]) -> String? { failure(bytes) { _ in }?.description }

    private func failure(
        _ bytes: [UInt8],
        _ body: (SegmentReader) throws(SegmentError) -> Void
    ) -> SegmentError? {
        do throws(SegmentError) {
            try body(try TestSegment.open(bytes))
        } catch {
            return error
        }
        return nil
    }
}
