// The identity of a series, the same on every agent, in Redis and on the wire, for ever.

/// The first 16 bytes of SHA-256 over a series' canonical label bytes (`Labels.bytes`).
///
/// Model cannot hash (it imports nothing): `Store` makes ids, everyone else passes them on.
public struct SeriesID: Hashable, Sendable {
    /// Bytes 0 to 7, read as a big-endian number, so that ids order like their bytes.
    public let high: UInt64
    /// Bytes 8 to 15, likewise.
    public let low: UInt64

    /// Makes an id from its two halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

extension SeriesID: Comparable {
    /// Orders like the 16 raw bytes.
    public static func < (one: SeriesID, other: SeriesID) -> Bool {
        (one.high, one.low) < (other.high, other.low)
    }
}

extension SeriesID: CustomStringConvertible {
    /// 32 lower-case hex digits.
    public var description: String { SeriesID.hex(high) + SeriesID.hex(low) }

    private static func hex(_ word: UInt64) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
