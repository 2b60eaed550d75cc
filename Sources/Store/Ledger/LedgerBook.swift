// The counts of all that was ever sealed, and what became of it: what keeps the totals when segments
// go. Byte layout and rules: Store.docc/ledger.md
import Codec

/// What was counted of one stretch of the sequence.
struct CountedRange: Equatable {
    /// Where it lies.
    var range: SequenceRange
    /// The samples that were stored in it.
    var samples: Int
    /// Why it is gone; nil while it is there.
    var fate: ExpiredReason?
}

/// Everything that was counted for good, by stretches of the sequence that do not overlap.
struct LedgerBook: Equatable {
    // Neighbours that are gone for the same reason become one where there are more.
    static let goneLimit = 256

    /// A random name: figures of different ledgers cannot be compared.
    var id: UInt64
    /// The counts of all stretches, and of what was before them.
    var sealed = Ledger()
    /// Samples of `sealed` that damage took, nobody knows whose.
    var lost = 0
    /// What lies up to here was counted, and is of no more interest.
    var floor = SequenceNumber.zero
    /// The stretches behind `floor`, in sequence.
    var ranges: [CountedRange] = []
    /// Segments that are being removed: what a crash left of them goes at the next start.
    var removing: [String] = []
    /// Whether the file says less.
    var isDirty = false

    init(id: UInt64, isDirty: Bool = true) {
        self.id = id
        self.isDirty = isDirty
    }

    /// Whether the batch was counted.
    func hasCounted(_ number: SequenceNumber) -> Bool {
        number <= floor || ranges.contains { $0.range.contains(number) }
    }

    /// Whether anything of the stretch was counted.
    func hasCounted(_ range: SequenceRange) -> Bool {
        range.through <= floor || ranges.contains { $0.range.overlaps(range) }
    }

    /// Counts a stretch that was sealed, or takes notice that one that was counted is there again.
    mutating func note(sealed range: SequenceRange, _ ledger: Ledger) {
        isDirty = true
        guard let place = ranges.firstIndex(where: { $0.range.overlaps(range) }) else {
            if range.through <= floor { return }
            sealed.add(ledger)
            return insert(CountedRange(range: range, samples: ledger.stored))
        }
        // It came back from the buffer; what of it did not is lost.
        var rest = ranges.remove(at: place)
        insert(CountedRange(range: range, samples: ledger.stored))
        rest.samples -= ledger.stored
        guard range.through < rest.range.through else { return lost += max(0, rest.samples) }
        rest.range = SequenceRange(after: range.through, through: rest.range.through)
        rest.samples = max(0, rest.samples)
        insert(rest)
    }

    /// Says how much of a stretch that was missing is back in memory.
    mutating func note(healed samples: Int, in range: SequenceRange) {
        guard
            let place = ranges.firstIndex(where: { $0.range.through == range.through })
        else { return }
        isDirty = true
        lost += max(0, ranges[place].samples - samples)
        ranges[place].samples = samples
        ranges[place].fate = nil
    }

    /// A stretch is gone that was counted.
    mutating func note(gone range: SequenceRange, _ reason: ExpiredReason) {
        isDirty = true
        for place in ranges.indices where ranges[place].range.overlaps(range) {
            ranges[place].fate = reason
        }
        joinGone()
    }

    /// A stretch is there.
    mutating func note(found range: SequenceRange) {
        for place in ranges.indices where ranges[place].range.overlaps(range) {
            ranges[place].fate = nil
        }
    }

    /// Merged segments count as one.
    mutating func note(merged range: SequenceRange) {
        let parts = ranges.filter { $0.range.overlaps(range) }
        guard parts.count > 1 else { return }
        isDirty = true
        ranges.removeAll { $0.range.overlaps(range) }
        insert(CountedRange(range: range, samples: parts.reduce(0) { $0 + $1.samples }))
    }

    /// Forgets stretches that are gone where nobody can ask for them any more.
    ///
    /// - Parameter number: everybody is past it, and nothing of what was before is in the buffer.
    mutating func forget(through number: SequenceNumber) {
        while let first = ranges.first, first.fate != nil, first.range.through <= number {
            floor = max(floor, first.range.through)
            ranges.removeFirst()
            isDirty = true
        }
    }

    /// The stretch that is gone and that the batch after `number` lies in.
    func gone(after number: SequenceNumber) -> CountedRange? {
        ranges.first { $0.fate != nil && $0.range.contains(after: number) }
    }

    private mutating func insert(_ new: CountedRange) {
        let place = ranges.firstIndex { new.range.after < $0.range.after } ?? ranges.count
        ranges.insert(new, at: place)
    }

    private mutating func joinGone() {
        guard ranges.count(where: { $0.fate != nil }) > LedgerBook.goneLimit else { return }
        var joined: [CountedRange] = []
        for range in ranges {
            if let last = joined.last, last.fate != nil, last.fate == range.fate {
                joined[joined.count - 1].samples += range.samples
                joined[joined.count - 1].range = SequenceRange(
                    after: last.range.after,
                    through: range.range.through
                )
            } else {
                joined.append(range)
            }
        }
        ranges = joined
    }
}

extension SequenceRange {
    /// Whether a batch may lie in both.
    func overlaps(_ other: SequenceRange) -> Bool {
        after < other.through && other.after < through
    }
}

// MARK: - The file

extension LedgerBook {
    static let magic: UInt32 = 0x4c52_4f47  // "GORL" in file order
    private static let version: UInt16 = 1
    private static let headBytes = 56
    /// The longest file that is read.
    static let byteLimit = 16 << 20

    /// What a ledger file holds.
    enum Parsed: Equatable {
        case book(LedgerBook, StoreID)
        case damaged
        case newerVersion(UInt16)
    }

    /// The file's bytes.
    func bytes(of store: StoreID) -> [UInt8] {
        var sink = ByteSink()
        sink.u32(LedgerBook.magic)
        sink.u16(LedgerBook.version)
        sink.u16(0)
        sink.raw(store.bytes)
        sink.u64(id)
        sink.u64(floor.raw)
        sink.u64(UInt64(lost))
        sink.u32(UInt32(ranges.count))
        sink.u32(UInt32(removing.count))
        sink.field(sealed.bytes)
        for one in ranges {
            sink.u64(one.range.after.raw)
            sink.u64(one.range.through.raw)
            sink.varint(UInt64(one.samples))
            sink.u8(one.fate?.rawValue ?? 0)
        }
        for name in removing { sink.field(name.utf8) }
        sink.u64(XXH64.hash(sink.bytes.span))
        return sink.bytes
    }

    /// Reads the file's bytes.
    static func parse(_ bytes: [UInt8]) -> Parsed {
        let end = bytes.count - 8
        guard end >= headBytes, ByteLoads.u32(bytes.span, 0) == magic,
            ByteLoads.u64(bytes.span, end) == XXH64.hash(bytes.span.extracting(0..<end))
        else { return .damaged }
        let version = ByteLoads.u16(bytes.span, 4)
        guard version == LedgerBook.version else { return .newerVersion(version) }
        do throws(CodecError) {
            return try read(Array(bytes.prefix(end)))
        } catch {
            return .damaged
        }
    }

    private static func read(_ bytes: [UInt8]) throws(CodecError) -> Parsed {
        let span = bytes.span
        var cursor = ByteCursor(at: 8)
        let storeRange = try cursor.take(span, 16)
        let store = StoreID(bytes: Array(bytes[storeRange]))
        var book = LedgerBook(id: try cursor.u64(span), isDirty: false)
        book.floor = SequenceNumber(raw: try cursor.u64(span))
        book.lost = Int(clamping: try cursor.u64(span))
        let rangeCount = Int(try cursor.u32(span))
        let nameCount = Int(try cursor.u32(span))
        let ledger = try cursor.field(span)
        book.sealed = try Ledger(Array(bytes[ledger]))
        var last = SequenceNumber.zero
        for _ in 0..<rangeCount {
            let after = SequenceNumber(raw: try cursor.u64(span))
            let through = SequenceNumber(raw: try cursor.u64(span))
            let samples = Int(clamping: try cursor.varint(span))
            let fate = try cursor.u8(span)
            guard last <= after, after < through, fate == 0 || ExpiredReason(rawValue: fate) != nil
            else { throw .malformed(atByte: cursor.offset, what: "a stretch out of order") }
            last = through
            book.ranges.append(
                CountedRange(
                    range: SequenceRange(after: after, through: through),
                    samples: samples,
                    fate: ExpiredReason(rawValue: fate)
                )
            )
        }
        for _ in 0..<nameCount {
            let name = try cursor.field(span)
            book.removing.append(String(decoding: bytes[name], as: UTF8.self))
        }
        guard cursor.offset == bytes.count else {
            throw .malformed(atByte: cursor.offset, what: "bytes behind the end")
        }
        return .book(book, store)
    }
}
