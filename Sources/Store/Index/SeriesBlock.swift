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

    /// Throws unless the block has room for what every block of `count` series has, and for its table
    /// of shapes.
    static func check(_ block: Span<UInt8>, _ count: Int) throws(CodecError) {
        let start = tableStart(count)
        guard block.count >= start else {
            throw .truncated(atByte: 0, wanted: start, available: block.count)
        }
        let shapes = shapeCount(block, count)
        guard shapes <= (block.count - start) / ChunkShape.byteCount else {
            throw .truncated(
                atByte: start,
                wanted: ChunkShape.byteCount * shapes,
                available: block.count - start
            )
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
        let table = tableStart(count)
        let shapes = shapeCount(block, count)
        let start = Int(ByteLoads.u32(block, idBytes * count + 4 * group))
        var cursor = ByteCursor(at: table + ChunkShape.byteCount * shapes + start)
        var offset = Int(clamping: try cursor.varint(block))
        for series in group * groupSeries...index {
            var more = true
            while more {
                let word = try shortVarint(block, &cursor)
                more = word & 1 != 0
                let number = Int(clamping: try shortVarint(block, &cursor))
                guard number <= shapes else {
                    throw .malformed(atByte: cursor.offset, what: "shape \(number) of \(shapes)")
                }
                let shape =
                    number == 0
                    ? try ChunkShape(block, &cursor, origin.times)
                    : ChunkShape(
                        block,
                        at: table + ChunkShape.byteCount * (number - 1),
                        origin.times
                    )
                var plainBytes = word >> 1
                if shape.compression.firstStage != nil { plainBytes = try cursor.varint(block) }
                let chunk = ChunkRef(
                    offset: offset,
                    header: ChunkHeader(
                        shape,
                        seriesID: id(block, index),
                        compressedSize: UInt32(clamping: word >> 1),
                        uncompressedSize: UInt32(clamping: plainBytes)
                    )
                )
                guard offset >= SegmentFormat.headerBytes, offset <= origin.chunksEnd,
                    word >> 1 <= UInt32.max, chunk.byteCount <= origin.chunksEnd - offset
                else {
                    throw .malformed(
                        atByte: cursor.offset,
                        what: "a chunk of \(word >> 1) bytes at byte \(offset), chunks end at "
                            + "\(origin.chunksEnd)"
                    )
                }
                guard chunk.header.isPossible else {
                    throw .malformed(
                        atByte: cursor.offset,
                        what: "a chunk with \(shape.pointCount) points from \(shape.startMs) to "
                            + "\(shape.endMs)"
                    )
                }
                if series == index { body(chunk) }
                offset += chunk.byteCount
            }
        }
    }

    // Most are of one or two bytes, and fifteen series may have to be passed for one.
    @inline(__always)
    private static func shortVarint(
        _ block: Span<UInt8>,
        _ cursor: inout ByteCursor
    ) throws(CodecError) -> UInt64 {
        let offset = cursor.offset
        guard offset >= 0, offset < block.count - 1 else { return try cursor.varint(block) }
        let first = block[offset]
        if first < 0x80 {
            cursor.offset = offset + 1
            return UInt64(first)
        }
        let second = block[offset + 1]
        guard second < 0x80 else { return try cursor.varint(block) }
        cursor.offset = offset + 2
        return UInt64(first & 0x7f) | UInt64(second) << 7
    }

    // Where the table of shapes begins, behind their number.
    private static func tableStart(_ count: Int) -> Int {
        shapeCountPlace(count) + 4
    }

    private static func shapeCountPlace(_ count: Int) -> Int {
        idBytes * count + 4 * ((count + groupSeries - 1) / groupSeries)
    }

    private static func shapeCount(_ block: Span<UInt8>, _ count: Int) -> Int {
        Int(ByteLoads.u32(block, shapeCountPlace(count)))
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
        let shapes = ChunkShapes(chunks[firstChunk..<(chunkEnds.last ?? firstChunk)], times)
        var lists = ByteSink()
        var chunk = firstChunk
        for (place, end) in chunkEnds.enumerated() {
            if place % groupSeries == 0 {
                block.u32(UInt32(lists.count))
                lists.varint(UInt64(offset))
            }
            while chunk < end {
                let note = chunks[chunk]
                let number = shapes.numbers[chunk - firstChunk]
                chunk += 1
                lists.varint(UInt64(note.payloadBytes) << 1 | (chunk < end ? 1 : 0))
                lists.varint(UInt64(number))
                if number == 0 { note.shape.write(to: &lists, times) }
                if note.shape.compression.firstStage != nil {
                    lists.varint(UInt64(note.plainBytes))
                }
                offset += ChunkRef.checksumBytes + Int(note.payloadBytes)
            }
        }
        block.u32(UInt32(shapes.table.count))
        for shape in shapes.table { shape.write(toTable: &block, times) }
        block.raw(lists.bytes)
        return block.bytes
    }
}

/// What a writer notes of a chunk until it writes the series blocks.
struct ChunkNote {
    var shape: ChunkShape
    var payloadBytes: UInt32
    /// Before the second stage.
    var plainBytes: UInt32

    init(_ header: ChunkHeader) {
        shape = ChunkShape(
            startMs: header.startMs,
            endMs: header.endMs,
            pointCount: header.pointCount,
            compression: header.compression,
            flags: header.flags
        )
        payloadBytes = header.compressedSize
        plainBytes = header.uncompressedSize
    }
}
