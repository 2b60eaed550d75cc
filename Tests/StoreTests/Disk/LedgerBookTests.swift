// The ledger file: what it holds, and what it makes of what is there.
import Codec
import Model
import TestSupport
import Testing

@testable import Store

@Suite("Ledger book") struct LedgerBookTests {
    private let store = StoreID(bytes: [UInt8](repeating: 9, count: 16))

    private func range(_ after: UInt32, _ through: UInt32) -> SequenceRange {
        SequenceRange(
            after: SequenceNumber(start: 7, count: after),
            through: SequenceNumber(start: 7, count: through)
        )
    }

    private func ledger(_ stored: Int) -> Ledger {
        var ledger = Ledger()
        ledger.count("host", stored: stored, generated: 1, drops: [DropCount(.future, 2)])
        return ledger
    }

    private func book(_ ranges: Int) -> LedgerBook {
        var book = LedgerBook(id: 77)
        for index in 0..<UInt32(ranges) {
            book.note(sealed: range(index * 10, index * 10 + 10), ledger(100 + Int(index)))
        }
        return book
    }

    @Test("is read back as it was written, and one changed bit anywhere is noticed")
    func roundTrip() {
        var random = SeededRandom(seed: 3)
        var book = book(5)
        book.note(gone: range(10, 20), .cap)
        book.note(gone: range(20, 30), .damage)
        book.removing = ["a.gor", "b.gor"]
        book.lost = 4
        let bytes = book.bytes(of: store)
        book.isDirty = false
        #expect(LedgerBook.parse(bytes) == .book(book, store))
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1 << UInt8.random(in: 0...7, using: &random)
            #expect(LedgerBook.parse(damaged) == .damaged, "byte \(index)")
        }
        for count in 0..<bytes.count {
            #expect(LedgerBook.parse(Array(bytes.prefix(count))) == .damaged)
        }
    }

    @Test("a newer version is told from damage")
    func newer() {
        var sink = ByteSink(Array(book(1).bytes(of: store).dropLast(8)))
        sink.bytes[4] = 2
        sink.u64(XXH64.hash(sink.bytes.span))
        #expect(LedgerBook.parse(sink.bytes) == .newerVersion(2))
    }

    @Test("totals stay whatever goes, is merged or is forgotten")
    func totals() {
        var book = book(6)
        let all = book.sealed
        #expect(all.stored == 600 + 15)
        book.note(merged: range(20, 40))
        #expect(book.ranges.count == 5)
        #expect(book.ranges[2] == CountedRange(range: range(20, 40), samples: 205))
        book.note(gone: range(0, 10), .removed)
        book.note(gone: range(10, 20), .cap)
        #expect(book.gone(after: range(0, 10).after)?.fate == .removed)
        #expect(book.gone(after: range(20, 30).after) == nil)
        book.forget(through: range(0, 15).through)
        #expect(book.floor == range(0, 10).through)
        #expect(book.ranges.first?.fate == .cap)
        book.forget(through: .max)
        #expect(book.ranges.map(\.fate) == [nil, nil, nil])
        #expect(book.sealed == all)
        #expect(book.hasCounted(range(0, 10)))
        #expect(!book.hasCounted(range(60, 70)))
        book.note(sealed: range(0, 10), ledger(100))
        #expect(book.sealed == all, "what was counted is not counted again")
    }

    @Test("a segment that came back from the buffer counts as found, and what did not is lost")
    func healed() {
        var book = book(2)
        book.note(gone: range(10, 20), .damage)
        book.note(healed: 90, in: range(10, 20))
        #expect(book.lost == 11)
        #expect(book.ranges[1] == CountedRange(range: range(10, 20), samples: 90))
        book.note(sealed: range(10, 20), ledger(90))
        #expect(book.lost == 11)
        #expect(book.sealed.stored == 201)
        // In two epochs, the head being full in between.
        book.note(gone: range(0, 10), .damage)
        book.note(sealed: range(0, 4), ledger(30))
        book.note(healed: 60, in: range(4, 10))
        book.note(sealed: range(4, 10), ledger(60))
        #expect(book.lost == 21)
        #expect(book.ranges.map(\.samples) == [30, 60, 90])
    }

    @Test("many stretches that are gone become one of each reason")
    func joined() {
        var book = book(LedgerBook.goneLimit + 4)
        for index in 0..<UInt32(LedgerBook.goneLimit + 2) {
            book.note(gone: range(index * 10, index * 10 + 10), index < 5 ? .removed : .cap)
        }
        #expect(book.ranges.count < 8)
        #expect(book.ranges.first?.range == range(0, 50))
        let samples = book.ranges.reduce(0) { $0 + $1.samples }
        #expect(samples == book.sealed.stored)
    }

    @Test("batches are counted by number, with gaps and from any place on", arguments: 1...20)
    func batchCounts(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var counts = BatchCounts()
        var known: [(number: UInt64, total: Int)] = []
        var number: UInt64 = SequenceNumber(start: 7, count: 0).raw
        for _ in 0..<Int.random(in: 0...600, using: &random) {
            number +=
                Int.random(in: 0..<20, using: &random) == 0
                ? UInt64.random(in: 1...1 << 33, using: &random) : 1
            let count = Int.random(in: 0...300, using: &random)
            counts.append(SequenceNumber(raw: number), count)
            known.append((number, (known.last?.total ?? 0) + count))
        }
        #expect(counts.total == known.last?.total ?? 0)
        for _ in 0..<200 {
            let wanted = UInt64.random(
                in: SequenceNumber(start: 6, count: 9).raw...number + 5,
                using: &random
            )
            let asked =
                Bool.random(using: &random)
                ? wanted : known.randomElement(using: &random)?.number ?? 0
            let expected = known.last { $0.number <= asked }?.total ?? 0
            #expect(counts.count(through: SequenceNumber(raw: asked)) == expected, "seed \(seed)")
        }
    }
}
