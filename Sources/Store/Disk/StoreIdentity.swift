// The STORE file: who this store is, and the last start whose numbers may be in use.
import Codec
import Platform

/// Store id and last start, durable before the first batch of a start.
///
/// File: magic "GORS" u32, version u16, number of former ids u16, store id 16 bytes, last start u32,
/// reserved u32, the former ids of 16 bytes each, XXH64 of all bytes before.
struct StoreIdentity: Equatable {
    /// The store's name for ever.
    var id: StoreID
    /// The upper half of the newest sequence numbers.
    var lastStart: UInt32
    /// Stores that this one is a snapshot of: their segments and buffer files are its own.
    var former: [StoreID] = []

    static let magic: UInt32 = 0x5352_4f47
    private static let version: UInt16 = 1
    private static let smallest = 40

    /// The file's bytes.
    var bytes: [UInt8] {
        var sink = ByteSink()
        sink.u32(StoreIdentity.magic)
        sink.u16(StoreIdentity.version)
        sink.u16(UInt16(clamping: former.count))
        sink.raw(id.bytes)
        sink.u32(lastStart)
        sink.u32(0)
        for id in former.prefix(Int(UInt16.max)) { sink.raw(id.bytes) }
        sink.u64(XXH64.hash(sink.bytes.span))
        return sink.bytes
    }

    /// What a STORE file holds.
    enum Parsed: Equatable {
        case identity(StoreIdentity)
        case damaged
        case newerVersion(UInt16)
    }

    /// Reads the file's bytes.
    static func parse(_ bytes: [UInt8]) -> Parsed {
        let end = bytes.count - 8
        guard bytes.count >= smallest, ByteLoads.u32(bytes.span, 0) == magic,
            ByteLoads.u64(bytes.span, end) == XXH64.hash(bytes.span.extracting(0..<end))
        else { return .damaged }
        let version = ByteLoads.u16(bytes.span, 4)
        guard version == StoreIdentity.version else { return .newerVersion(version) }
        let count = Int(ByteLoads.u16(bytes.span, 6))
        guard end == smallest - 8 + 16 * count,
            ByteLoads.u32(bytes.span, 24) <= SequenceNumber.latestStart
        else { return .damaged }
        return .identity(
            StoreIdentity(
                id: StoreID(bytes: Array(bytes[8..<24])),
                lastStart: ByteLoads.u32(bytes.span, 24),
                former: (0..<count).map { index in
                    StoreID(bytes: Array(bytes[32 + 16 * index..<48 + 16 * index]))
                }
            )
        )
    }

    /// Whether files of the store `other` belong here.
    func owns(_ other: StoreID) -> Bool { other == id || former.contains(other) }

    /// A store that begins with everything of this one, and shares no number with it from there on.
    func successor() -> StoreIdentity {
        StoreIdentity(id: .random(), lastStart: lastStart, former: [id] + former)
    }

    /// The start after `lastStart`, at least the Unix time in seconds; nil where no number is left.
    ///
    /// A clock that is beyond 2104 is not believed: it would leave no room for the starts to come.
    static func nextStart(after lastStart: UInt32, nowMs: Int64) -> UInt32? {
        guard lastStart < SequenceNumber.latestStart else { return nil }
        let now = UInt32(clamping: nowMs / 1000)
        return max(lastStart + 1, now < SequenceNumber.latestStart - (1 << 24) ? now : 0)
    }
}
