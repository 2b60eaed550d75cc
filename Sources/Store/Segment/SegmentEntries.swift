// The fixed-width entries of a segment's index. Byte layout: Store.docc/segment-file.md
import Codec
public import Model

/// Where one block of symbols, series or postings is.
struct BlockEntry {
    var offset: Int
    var storedBytes: Int
    /// Unpacked; the same as `storedBytes` for a block that Snappy did not shrink.
    var plainBytes: Int
    /// What the block begins with: a symbol's or series' number, or a pair's key.
    var firstKey: UInt64
    /// Over the stored bytes.
    var checksum: UInt64

    init(_ bytes: Span<UInt8>) {
        offset = Int(clamping: ByteLoads.u64(bytes, 0))
        storedBytes = Int(ByteLoads.u32(bytes, 8))
        plainBytes = Int(ByteLoads.u32(bytes, 12))
        firstKey = ByteLoads.u64(bytes, 16)
        checksum = ByteLoads.u64(bytes, 24)
    }

    init(stored: [UInt8], at offset: Int, plainBytes: Int, firstKey: UInt64) {
        self.offset = offset
        storedBytes = stored.count
        self.plainBytes = plainBytes
        self.firstKey = firstKey
        checksum = XXH64.hash(stored.span)
    }

    func write(to sink: inout ByteSink) {
        sink.u64(UInt64(offset))
        sink.u32(UInt32(storedBytes))
        sink.u32(UInt32(plainBytes))
        sink.u64(firstKey)
        sink.u64(checksum)
    }
}

/// One series of the index; entries are in the order of their ids.
struct SeriesEntry {
    var id: SeriesID
    /// The first of the series' chunks among all chunk entries.
    var firstChunk: Int
    var chunkCount: Int
    /// Where the labels are: which series block, and the byte in it.
    var block: Int
    var blockOffset: Int

    init(_ bytes: Span<UInt8>) {
        id = SeriesID(
            high: ByteLoads.u64BigEndian(bytes, 0),
            low: ByteLoads.u64BigEndian(bytes, 8)
        )
        firstChunk = Int(ByteLoads.u32(bytes, 16))
        chunkCount = Int(ByteLoads.u32(bytes, 20))
        block = Int(ByteLoads.u32(bytes, 24))
        blockOffset = Int(ByteLoads.u32(bytes, 28))
    }

    static func write(
        id: SeriesID,
        firstChunk: Int,
        chunkCount: Int,
        block: Int,
        blockOffset: Int,
        to sink: inout ByteSink
    ) {
        sink.u64(id.high.byteSwapped)
        sink.u64(id.low.byteSwapped)
        sink.u32(UInt32(firstChunk))
        sink.u32(UInt32(chunkCount))
        sink.u32(UInt32(block))
        sink.u32(UInt32(blockOffset))
    }
}

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
