// One slot of a cursor file as bytes. Byte layout: Forward.docc/cursor-file.md
public import Codec
internal import Store

/// One of the two slots of a cursor file: a record, who wrote it, and when in the order of writes.
public struct CursorSlot: Hashable, Sendable {
    /// The number of bytes of a slot.
    public static let byteCount = 1024
    /// The version that this program writes, and the only one that it reads.
    public static let version: UInt16 = 1

    /// Counts the writes; the slot with the larger one holds.
    public var generation: UInt64
    /// The store whose sequence the positions speak of.
    public var store: CursorTag
    /// The start of the machine in which the slot was written.
    public var boot: CursorTag
    /// The place.
    public var record: CursorRecord
    /// What the destination itself wants to know again; 0 for nothing.
    public var memo: UInt64

    /// Makes a slot.
    public init(
        generation: UInt64,
        store: CursorTag,
        boot: CursorTag,
        record: CursorRecord,
        memo: UInt64 = 0
    ) {
        self.memo = memo
        self.generation = generation
        self.store = store
        self.boot = boot
        self.record = record
    }

    private static let magic: UInt32 = 0x5352_5543  // "CURS" in file order
    private static let checksumOffset = 1016
    private static let doubtOffset = 456
    private static let memoOffset = 480
    private static let accountOffset = 488
    private static let closedFlag: UInt8 = 1
    private static let timeFlag: UInt32 = 1
    private static let answeredFlag: UInt32 = 2

    /// The slot's 1024 bytes.
    public func encoded() -> [UInt8] {
        var sink = ByteSink()
        sink.bytes.reserveCapacity(CursorSlot.byteCount)
        sink.u32(CursorSlot.magic)
        sink.u16(CursorSlot.version)
        sink.u8(UInt8(record.attempted.count))
        sink.u8(record.isClosed ? CursorSlot.closedFlag : 0)
        sink.u64(generation)
        sink.raw(store.bytes)
        sink.raw(boot.bytes)
        CursorSlot.put(record.acked, 0, &sink)
        for border in record.attempted {
            CursorSlot.put(border.from, 0, &sink)
            CursorSlot.put(border.to, border.isAnswered ? CursorSlot.answeredFlag : 0, &sink)
        }
        sink.raw([UInt8](repeating: 0, count: CursorSlot.doubtOffset - sink.count))
        sink.u64(record.doubt.until.raw)
        sink.u64(record.doubt.segment?.raw ?? 0)
        sink.u8(record.doubt.segment == nil ? 0 : 1)
        sink.u8(record.account.doubt.rawValue)
        sink.raw([UInt8](repeating: 0, count: CursorSlot.memoOffset - sink.count))
        sink.u64(memo)
        CursorSlot.put(record.account, &sink)
        for border in record.attempted { sink.u32(border.samples) }
        sink.raw([UInt8](repeating: 0, count: CursorSlot.checksumOffset - sink.count))
        sink.u64(XXH64.hash(sink.bytes.span))
        return sink.bytes
    }

    /// The version of a slot that a newer program wrote; nil for any other bytes.
    static func newerVersion(_ bytes: Span<UInt8>) -> UInt16? {
        guard bytes.count == byteCount, ByteLoads.u32(bytes, 0) == magic,
            ByteLoads.u64(bytes, checksumOffset)
                == XXH64.hash(bytes.extracting(0..<checksumOffset))
        else { return nil }
        let found = ByteLoads.u16(bytes, 4)
        return found > version ? found : nil
    }

    /// Reads a slot from exactly 1024 bytes.
    ///
    /// - Throws: `.truncated` when there are fewer bytes, `.malformed` when they are damaged, were
    ///   never written, or are of another version; use the other slot.
    public init(_ bytes: Span<UInt8>) throws(CodecError) {
        var cursor = ByteCursor(at: CursorSlot.checksumOffset)
        guard try cursor.u64(bytes) == XXH64.hash(bytes.extracting(0..<CursorSlot.checksumOffset))
        else { throw .malformed(atByte: 1024, what: "the slot's checksum is wrong") }
        cursor.offset = 0
        guard try cursor.u32(bytes) == CursorSlot.magic else {
            throw .malformed(atByte: 4, what: "no cursor slot")
        }
        let version = try cursor.u16(bytes)
        guard version == CursorSlot.version else {
            throw .malformed(
                atByte: 6,
                what: "slot version \(version), this program knows \(CursorSlot.version)"
            )
        }
        let count = Int(try cursor.u8(bytes))
        guard count <= CursorRecord.borderLimit else {
            throw .malformed(atByte: 7, what: "\(count) requests in a slot for 8")
        }
        let flags = try cursor.u8(bytes)
        generation = try cursor.u64(bytes)
        guard generation < .max else {
            throw .malformed(atByte: 16, what: "no writer counts so far")
        }
        store = CursorTag(try CursorSlot.bytes16(bytes, &cursor))
        boot = CursorTag(try CursorSlot.bytes16(bytes, &cursor))
        let acked = try CursorSlot.position(bytes, &cursor).place
        var attempted: [RequestBorder] = []
        for _ in 0..<count {
            let from = try CursorSlot.position(bytes, &cursor).place
            let (to, flags) = try CursorSlot.position(bytes, &cursor)
            attempted.append(
                RequestBorder(
                    from: from,
                    to: to,
                    isAnswered: flags & CursorSlot.answeredFlag != 0
                )
            )
        }
        record = CursorRecord(
            acked: acked,
            attempted: attempted,
            isClosed: flags & CursorSlot.closedFlag != 0
        )
        cursor.offset = CursorSlot.doubtOffset
        record.doubt.until = SequenceNumber(raw: try cursor.u64(bytes))
        let segment = SequenceNumber(raw: try cursor.u64(bytes))
        if try cursor.u8(bytes) & 1 != 0 { record.doubt.segment = segment }
        guard let doubt = ShipAccount.Doubt(rawValue: try cursor.u8(bytes)) else {
            throw .malformed(atByte: cursor.offset, what: "a doubt that is not known")
        }
        cursor.offset = CursorSlot.memoOffset
        memo = try cursor.u64(bytes)
        cursor.offset = CursorSlot.accountOffset
        record.account = try CursorSlot.account(bytes, &cursor)
        record.account.doubt = doubt
        for index in record.attempted.indices {
            record.attempted[index].samples = try cursor.u32(bytes)
        }
    }

    private static func put(_ account: ShipAccount, _ sink: inout ByteSink) {
        let rows = account.rows
        sink.u64(account.ledgerID)
        sink.i64(account.anchor)
        sink.i64(account.adjusted)
        sink.u64(account.again)
        for row in [
            rows.acked, rows.ambiguous, rows.filtered, rows.skippedWindow, rows.skippedFormat,
            rows.expiredCap, rows.expiredRemoved, rows.expiredDamage, rows.rejected[0] ?? 0,
        ] { sink.u64(row) }
        let codes = rows.rejected.keys.filter { $0 != 0 }.sorted()
        for place in 0..<ShipRows.codeLimit {
            let code = place < codes.count ? codes[place] : 0
            sink.u32(UInt32(clamping: code))
            sink.u64(code == 0 ? 0 : rows.rejected[code] ?? 0)
        }
    }

    private static func account(
        _ bytes: Span<UInt8>,
        _ cursor: inout ByteCursor
    ) throws(CodecError) -> ShipAccount {
        var account = ShipAccount()
        account.ledgerID = try cursor.u64(bytes)
        account.anchor = try cursor.count(bytes, signed: true)
        account.adjusted = try cursor.count(bytes, signed: true)
        account.again = UInt64(try cursor.count(bytes))
        var rows = ShipRows()
        rows.acked = UInt64(try cursor.count(bytes))
        rows.ambiguous = UInt64(try cursor.count(bytes))
        rows.filtered = UInt64(try cursor.count(bytes))
        rows.skippedWindow = UInt64(try cursor.count(bytes))
        rows.skippedFormat = UInt64(try cursor.count(bytes))
        rows.expiredCap = UInt64(try cursor.count(bytes))
        rows.expiredRemoved = UInt64(try cursor.count(bytes))
        rows.expiredDamage = UInt64(try cursor.count(bytes))
        rows.reject(UInt64(try cursor.count(bytes)), code: 0)
        for _ in 0..<ShipRows.codeLimit {
            let code = Int(try cursor.u32(bytes))
            let count = UInt64(try cursor.count(bytes))
            if code > 0 { rows.reject(count, code: code) }
        }
        account.rows = rows
        return account
    }

    private static func put(_ position: FeedPosition, _ flags: UInt32, _ sink: inout ByteSink) {
        sink.u64(position.number.raw)
        sink.i64(position.time ?? 0)
        sink.u32(position.offset)
        sink.u32(flags | (position.time == nil ? 0 : timeFlag))
    }

    private static func position(
        _ bytes: Span<UInt8>,
        _ cursor: inout ByteCursor
    ) throws(CodecError) -> (place: FeedPosition, flags: UInt32) {
        let number = SequenceNumber(raw: try cursor.u64(bytes))
        let time = try cursor.i64(bytes)
        let offset = try cursor.u32(bytes)
        let flags = try cursor.u32(bytes)
        let hasTime = flags & timeFlag != 0
        return (FeedPosition(number: number, time: hasTime ? time : nil, offset: offset), flags)
    }

    private static func bytes16(
        _ bytes: Span<UInt8>,
        _ cursor: inout ByteCursor
    ) throws(CodecError) -> [UInt8] {
        let range = try cursor.take(bytes, 16)
        return range.map { bytes[$0] }
    }
}

extension ByteCursor {
    // No count that sums of a few could not hold: a forged slot may claim any.
    fileprivate mutating func count(
        _ bytes: Span<UInt8>,
        signed: Bool = false
    ) throws(CodecError) -> Int64 {
        let value = try i64(bytes)
        guard value.magnitude < 1 << 56, signed || value >= 0 else {
            throw .malformed(atByte: offset, what: "no writer counts so far")
        }
        return value
    }
}
