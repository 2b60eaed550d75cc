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
                isAnswered: Bool.random(using: &random),
                samples: UInt32.random(in: 0...UInt32.max, using: &random)
            )
        }
        return CursorSlot(
            generation: random.next(),
            store: CursorTag(random.bytes(16)),
            boot: CursorTag(random.bytes(16)),
            record: CursorRecord(
                acked: position(),
                attempted: attempted,
                isClosed: Bool.random(using: &random),
                account: randomAccount(&random)
            )
        )
    }

    static func randomAccount(_ random: inout SeededRandom) -> ShipAccount {
        func count() -> UInt64 { UInt64.random(in: 0..<1 << 50, using: &random) }
        var account = ShipAccount()
        account.anchor = Int64(count())
        account.adjusted = -Int64(count())
        account.again = count()
        account.ledgerID = random.next()
        account.doubt = ShipAccount.Doubt(rawValue: UInt8(random.next() % 4)) ?? .none
        account.rows.acked = count()
        account.rows.ambiguous = count()
        account.rows.filtered = count()
        account.rows.skippedWindow = count()
        account.rows.skippedFormat = count()
        for reason in ExpiredReason.allCases { account.rows.expire(count(), reason) }
        for code in 0..<Int.random(in: 0...12, using: &random) {
            account.rows.reject(count(), code: 400 + code)
        }
        return account
    }

    @Test("a status beyond the eighth is counted with the others")
    func manyCodes() throws {
        var rows = ShipRows()
        for code in 400..<412 { rows.reject(10, code: code) }
        rows.reject(1, code: 400)
        rows.reject(1, code: 411)
        #expect(rows.rejected.count == ShipRows.codeLimit + 1)
        #expect(rows.rejected[400] == 11)
        #expect(rows.rejected[0] == 41)
        #expect(rows.total == 122)
    }

    @Test("rows are taken back the acknowledged first, and never more than there are")
    func takenBack() {
        var rows = ShipRows()
        rows.acked = 5
        rows.filtered = 2
        rows.reject(3, code: 400)
        #expect(rows.takeBack(6) == 6)
        #expect(rows.acked == 0)
        #expect(rows.filtered == 1)
        #expect(rows.takeBack(100) == 4)
        #expect(rows == ShipRows())
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
        #expect(bytes[120..<473].allSatisfy { $0 == 0 })
        #expect(bytes[473] == 1, "it is not known where the account begins")
        #expect(bytes[474..<1016].allSatisfy { $0 == 0 })
    }

    @Test("the rows lie where the format document says")
    func rowsLayout() {
        var account = ShipAccount()
        account.doubt = .none
        account.ledgerID = 0x0807_0605_0403_0201
        account.anchor = 11
        account.adjusted = -1
        account.again = 12
        account.rows.acked = 1
        account.rows.ambiguous = 2
        account.rows.filtered = 3
        account.rows.skippedWindow = 4
        account.rows.skippedFormat = 5
        account.rows.expire(6, .cap)
        account.rows.expire(7, .removed)
        account.rows.expire(8, .damage)
        account.rows.reject(9, code: 0)
        account.rows.reject(10, code: 422)
        let border = RequestBorder(
            from: FeedPosition(number: .zero),
            to: FeedPosition(number: .zero),
            isAnswered: true,
            samples: 99
        )
        let bytes = CursorSlot(
            generation: 1,
            store: CursorTag([]),
            boot: CursorTag([]),
            record: CursorRecord(
                acked: FeedPosition(number: .zero),
                attempted: [border],
                account: account
            )
        ).encoded()
        #expect(bytes[473] == 0)
        #expect(Array(bytes[488..<496]) == [1, 2, 3, 4, 5, 6, 7, 8])
        let words = stride(from: 496, to: 592, by: 8).map { ByteLoads.u64(bytes.span, $0) }
        #expect(words == [11, .max, 12, 1, 2, 3, 4, 5, 6, 7, 8, 9])
        #expect(ByteLoads.u32(bytes.span, 592) == 422)
        #expect(ByteLoads.u64(bytes.span, 596) == 10)
        #expect(ByteLoads.u32(bytes.span, 688) == 99)
    }

    @Test("a slot of a newer version is refused with both versions in the text")
    func newerVersion() {
        var random = SeededRandom(seed: 6)
        var sink = ByteSink(Array(CursorSlotTests.randomSlot(&random).encoded().prefix(1016)))
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
