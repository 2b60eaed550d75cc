import Codec
import Store
import TestSupport
import Testing

@testable import Forward

@Suite("Cursor slot") struct CursorSlotTests {
    static func randomSlot(_ random: inout SeededRandom) -> CursorSlot {
        func position() -> FeedPosition {
            FeedPosition(
                number: SequenceNumber(raw: random.next()),
                time: Bool.random(using: &random) ? Int64(bitPattern: random.next()) : nil,
                offset: UInt32.random(in: 0...UInt32.max, using: &random)
            )
        }
        let count = Int.random(in: 0...CursorRecord.borderLimit, using: &random)
        let attempted = (0..<count).map { _ in
            RequestBorder(
                from: position(),
                to: position(),
                isAnswered: Bool.random(using: &random)
            )
        }
        return CursorSlot(
            generation: random.next(),
            store: CursorTag(random.bytes(16)),
            boot: CursorTag(random.bytes(16)),
            record: CursorRecord(
                acked: position(),
                attempted: attempted,
                isClosed: Bool.random(using: &random)
            )
        )
    }

    static func read(_ bytes: [UInt8]) -> CursorSlot? {
        try? CursorSlot(bytes.span)
    }

    @Test("every slot is read back as it was written", arguments: 1...200)
    func roundTrip(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let slot = CursorSlotTests.randomSlot(&random)
        let bytes = slot.encoded()
        #expect(bytes.count == CursorSlot.byteCount)
        #expect(CursorSlotTests.read(bytes) == slot, "seed \(seed)")
    }

    @Test("one changed bit anywhere is noticed")
    func damage() {
        var random = SeededRandom(seed: 5)
        let bytes = CursorSlotTests.randomSlot(&random).encoded()
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
            #expect(CursorSlotTests.read(damaged) == nil, "byte \(index)")
        }
        for count in 0..<bytes.count {
            #expect(CursorSlotTests.read(Array(bytes.prefix(count))) == nil, "\(count) bytes")
        }
    }

    @Test("the bytes lie where the format document says")
    func layout() {
        let slot = CursorSlot(
            generation: 0x0807_0605_0403_0201,
            store: CursorTag([UInt8](repeating: 0xaa, count: 16)),
            boot: CursorTag([UInt8](repeating: 0xbb, count: 16)),
            record: CursorRecord(
                acked: FeedPosition(number: SequenceNumber(start: 2, count: 1), offset: 3),
                attempted: [
                    RequestBorder(
                        from: FeedPosition(number: .zero),
                        to: FeedPosition(number: .zero, time: 5),
                        isAnswered: true
                    )
                ],
                isClosed: true
            )
        )
        let bytes = slot.encoded()
        #expect(Array(bytes[0..<8]) == Array("CURS".utf8) + [1, 0, 1, 1])
        #expect(Array(bytes[8..<16]) == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(bytes[16..<32].allSatisfy { $0 == 0xaa })
        #expect(bytes[32..<48].allSatisfy { $0 == 0xbb })
        #expect(Array(bytes[48..<56]) == [1, 0, 0, 0, 2, 0, 0, 0])
        #expect(Array(bytes[64..<72]) == [3, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(bytes[104..<120]) == [5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0])
        #expect(bytes[120..<504].allSatisfy { $0 == 0 })
    }

    @Test("a slot of a newer version is refused with both versions in the text")
    func newerVersion() {
        var random = SeededRandom(seed: 6)
        var sink = ByteSink(Array(CursorSlotTests.randomSlot(&random).encoded().prefix(504)))
        sink.bytes[4] = 2
        sink.u64(XXH64.hash(sink.bytes.span))
        let bytes = sink.bytes
        #expect(
            throws: CodecError.malformed(
                atByte: 6,
                what: "slot version 2, this program knows 1"
            )
        ) { try CursorSlotTests.mustRead(bytes) }
    }

    static func mustRead(_ bytes: [UInt8]) throws(CodecError) -> CursorSlot {
        try CursorSlot(bytes.span)
    }
}
