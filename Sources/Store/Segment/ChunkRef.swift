// The entry of a segment's index for one chunk. Byte layout: Store.docc/segment-file.md
import Codec
public import Model

/// One chunk of a segment, as the index knows it.
public struct ChunkRef: Hashable, Sendable {
    /// Where the chunk's header is in the file.
    public let offset: Int
    /// The time of the first sample.
    public let start: Timestamp
    /// The time of the last sample.
    public let end: Timestamp
    /// Whether it holds late samples.
    public let isLate: Bool

    init(offset: Int, start: Timestamp, end: Timestamp, isLate: Bool) {
        self.offset = offset
        self.start = start
        self.end = end
        self.isLate = isLate
    }

    // Offsets are multiples of 8, so the low bits are free for the flag.
    init(_ bytes: Span<UInt8>) {
        let word = ByteLoads.u64(bytes, 0)
        offset = Int(clamping: word & ~7)
        start = Timestamp(ms: Int64(bitPattern: ByteLoads.u64(bytes, 8)))
        end = Timestamp(ms: Int64(bitPattern: ByteLoads.u64(bytes, 16)))
        isLate = word & 1 != 0
    }

    func write(to sink: inout ByteSink) {
        sink.u64(UInt64(offset) | (isLate ? 1 : 0))
        sink.i64(start.ms)
        sink.i64(end.ms)
    }

    /// Whether one of the samples may lie in `range`.
    public func overlaps(_ range: TimeRange) -> Bool {
        start <= range.end && range.start <= end
    }
}
