// The entry of a segment's index for one series. Byte layout: Store.docc/segment-file.md
import Codec
import Model

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
