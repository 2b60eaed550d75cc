// The ids of up to 256 series and where their chunks are. Byte layout: Store.docc/segment-file.md
import Codec
import Model

/// Reads and writes series blocks, which are never packed: they are read where they lie.
enum SeriesBlock {
    /// All blocks but the last hold so many.
    static let seriesCount = 256
    private static let groupSeries = 16
    private static let idBytes = 16

    /// What the chunk lists count from.
    struct Origin {
        /// The segment's first and last time.
        let times: TimeRange
        /// Where the segment's chunks end.
        let chunksEnd: Int
    }

    /// The number of series in block `number` of a segment that has `total`.
    static func count(of number: Int, total: Int) -> Int {
        min(seriesCount, total - number * seriesCount)
    }

    /// Throws unless the block has room for what every block of `count` series has.
    static func check(_ block: Span<UInt8>, _ count: Int) throws(CodecError) {
        guard block.count >= listStart(count) else {
            throw .truncated(atByte: 0, wanted: listStart(count), available: block.count)
        }
    }

    /// The id of a series; the block was checked.
    static func id(_ block: Span<UInt8>, _ index: Int) -> SeriesID {
        SeriesID(
            high: ByteLoads.u64BigEndian(block, idBytes * index),
            low: ByteLoads.u64BigEndian(block, idBytes * index + 8)
        )
    }

    /// The first of `count` series whose id is not before `wanted`.
    static func lowerBound(_ block: Span<UInt8>, _ count: Int, _ wanted: SeriesID) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if id(block, middle) < wanted { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// Calls `body` with each chunk of a series; the block was checked.
    static func forEachChunk(
        _ block: Span<UInt8>,
        _ count: Int,
        _ index: Int,
        _ origin: Origin,
        _ body: (ChunkRef) -> Void
    ) throws(CodecError) {
        let group = index / groupSeries
        let start = Int(ByteLoads.u32(block, idBytes * count + 4 * group))
        var cursor = ByteCursor(at: listStart(count) + start)
        var offset = Int(clamping: try cursor.varint(block))
        for series in group * groupSeries...index {
            var more = true
            while more {
                let word = try cursor.varint(block)
                let first = try cursor.varint(block)
                let last = try cursor.varint(block)
                more = word & 1 != 0
                let byteCount = ChunkHeader.byteCount + Int(clamping: word >> 2)
                guard offset >= SegmentFormat.headerBytes, offset <= origin.chunksEnd,
                    byteCount <= origin.chunksEnd - offset
                else {
                    throw .malformed(
                        atByte: cursor.offset,
                        what: "a chunk of \(byteCount) bytes at byte \(offset), chunks end at "
                            + "\(origin.chunksEnd)"
                    )
                }
                if series == index {
                    body(
                        ChunkRef(
                            offset: offset,
                            byteCount: byteCount,
                            start: Timestamp(
                                ms: origin.times.start.ms &+ Int64(bitPattern: first)
                            ),
                            end: Timestamp(ms: origin.times.end.ms &- Int64(bitPattern: last)),
                            isLate: word & 2 != 0
                        )
                    )
                }
                offset += byteCount
            }
        }
    }

    private static func listStart(_ count: Int) -> Int {
        idBytes * count + 4 * ((count + groupSeries - 1) / groupSeries)
    }

    /// Codes one block.
    ///
    /// - Parameters:
    ///   - ids: 1 to 256, ascending.
    ///   - chunkEnds: for each series, where its chunks end in `chunks`.
    ///   - firstChunk: where those of the first series begin there.
    ///   - chunks: of all series, as they lie in the file.
    ///   - offset: where the first of them is in the file; moves on behind the last.
    ///   - times: the segment's.
    /// - Returns: its bytes.
    static func write(
        _ ids: ArraySlice<SeriesID>,
        _ chunkEnds: ArraySlice<Int>,
        firstChunk: Int,
        _ chunks: [ChunkNote],
        at offset: inout Int,
        _ times: TimeRange
    ) -> [UInt8] {
        var block = ByteSink()
        for id in ids {
            block.u64(id.high.byteSwapped)
            block.u64(id.low.byteSwapped)
        }
        var lists = ByteSink()
        var chunk = firstChunk
        for (place, end) in chunkEnds.enumerated() {
            if place % groupSeries == 0 {
                block.u32(UInt32(lists.count))
                lists.varint(UInt64(offset))
            }
            while chunk < end {
                let note = chunks[chunk]
                chunk += 1
                var word = UInt64(note.payloadBytes) << 2
                if note.isLate { word |= 2 }
                if chunk < end { word |= 1 }
                lists.varint(word)
                lists.varint(UInt64(bitPattern: note.start &- times.start.ms))
                lists.varint(UInt64(bitPattern: times.end.ms &- note.end))
                offset += ChunkHeader.byteCount + Int(note.payloadBytes)
            }
        }
        block.raw(lists.bytes)
        return block.bytes
    }
}

/// What a writer notes of a chunk until it writes the series blocks.
struct ChunkNote {
    var start: Int64
    var end: Int64
    var payloadBytes: UInt32
    var isLate: Bool
}
