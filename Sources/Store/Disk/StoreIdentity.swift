// The STORE file: who this store is, and the last start whose numbers may be in use.
import Codec
import Platform

/// Store id and last start, durable before the first batch of a start.
///
/// File: magic "GORS" u32, version u16, reserved u16, store id 16 bytes, last start u32,
/// reserved u32, XXH64 of bytes 0..<32.
struct StoreIdentity: Equatable {
    /// The store's name for ever.
    var id: StoreID
    /// The upper half of the newest sequence numbers.
    var lastStart: UInt32

    static let magic: UInt32 = 0x5352_4f47
    private static let version: UInt16 = 1
    static let byteCount = 40

    /// The file's bytes.
    var bytes: [UInt8] {
        var sink = ByteSink()
        sink.u32(StoreIdentity.magic)
        sink.u16(StoreIdentity.version)
        sink.u16(0)
        sink.raw(id.bytes)
        sink.u32(lastStart)
        sink.u32(0)
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
        guard bytes.count == byteCount, ByteLoads.u32(bytes.span, 0) == magic,
            ByteLoads.u64(bytes.span, 32) == XXH64.hash(bytes.span.extracting(0..<32))
        else { return .damaged }
        let version = ByteLoads.u16(bytes.span, 4)
        guard version == StoreIdentity.version else { return .newerVersion(version) }
        return .identity(
            StoreIdentity(
                id: StoreID(bytes: Array(bytes[8..<24])),
                lastStart: ByteLoads.u32(bytes.span, 24)
            )
        )
    }

    /// The start after `lastStart`, at least the Unix time in seconds.
    static func nextStart(after lastStart: UInt32, nowMs: Int64) -> UInt32 {
        let now = UInt32(clamping: nowMs / 1000)
        return max(lastStart == .max ? .max : lastStart + 1, now)
    }
}
