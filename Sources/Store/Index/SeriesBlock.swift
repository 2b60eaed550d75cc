// What finds up to 256 series and their chunks. Byte layout: Store.docc/segment-file.md
import Codec
import Model

/// Reads and writes series blocks, which are never packed: they are read where they lie.
enum SeriesBlock {
    /// All blocks but the last hold so many.
    static let seriesCount = 256
    private static let groupSeries = 16
    // What the word of a chunk says beside the length of its payload.
    private static let moreFollow: UInt64 = 1
    private static let timesFollow: UInt64 = 2
    private static let late: UInt64 = 4
    private static let sizeShift: UInt64 = 3

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
        let start = listsStart(count)
        guard block.count >= start else {
            throw .truncated(atByte: 0, wanted: start, available: block.count)
        }
    }

    /// What a block keeps of an id: enough to find its series, which one then knows by its chunk.
    static func mark(of id: SeriesID) -> UInt8 { UInt8(truncatingIfNeeded: id.low) }

    /// The mark of a series; the block was checked.
    static func mark(_ block: Span<UInt8>, _ index: Int) -> UInt8 { block[index] }

    /// The first of `count` series from `start` on that has this mark.
    static func firstSeries(
        _ block: Span<UInt8>,
        _ count: Int,
        marked mark: UInt8,
        from start: Int
    ) -> Int? {
        var index = start
        while index < count {
            if block[index] == mark { return index }
            index += 1
        }
        return nil
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
        let start = Int(ByteLoads.u32(block, count + 4 * group))
        var cursor = ByteCursor(at: listsStart(count) + start)
        var offset = Int(clamping: try cursor.varint(block))
        var (first, last) = (origin.times.start.ms, origin.times.end.ms)
        for series in group * groupSeries...index {
            var more = true
            while more {
                let word = try shortVarint(block, &cursor)
                more = word & moreFollow != 0
                if word & timesFollow != 0 {
                    let behind = Int64(bitPattern: try shortVarint(block, &cursor))
                    let before = Int64(bitPattern: try shortVarint(block, &cursor))
                    first = origin.times.start.ms &+ behind
                    last = origin.times.end.ms &- before
                }
                let payloadBytes = word >> sizeShift
                guard offset >= SegmentFormat.headerBytes, offset <= origin.chunksEnd,
                    payloadBytes <= UInt32.max,
                    ChunkHeader.byteCount + Int(payloadBytes) <= origin.chunksEnd - offset
                else {
                    throw .malformed(
                        atByte: cursor.offset,
                        what: "a chunk of \(payloadBytes) bytes at byte \(offset), chunks end at "
                            + "\(origin.chunksEnd)"
                    )
                }
                guard first <= last else {
                    throw .malformed(
                        atByte: cursor.offset,
                        what: "a chunk from \(first) to \(last)"
                    )
                }
                let chunk = ChunkRef(
                    offset: offset,
                    byteCount: ChunkHeader.byteCount + Int(payloadBytes),
                    start: Timestamp(ms: first),
                    end: Timestamp(ms: last),
                    isLate: word & late != 0
                )
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

    // Where the lists of chunks begin.
    private static func listsStart(_ count: Int) -> Int {
        count + 4 * ((count + groupSeries - 1) / groupSeries)
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
        for id in ids { block.u8(mark(of: id)) }
        var lists = ByteSink()
        var chunk = firstChunk
        var (first, last) = (times.start.ms, times.end.ms)
        for (place, end) in chunkEnds.enumerated() {
            if place % groupSeries == 0 {
                block.u32(UInt32(lists.count))
                lists.varint(UInt64(offset))
                (first, last) = (times.start.ms, times.end.ms)
            }
            while chunk < end {
                let note = chunks[chunk]
                chunk += 1
                let isAlike = note.startMs == first && note.endMs == last
                var word = UInt64(note.payloadBytes) << sizeShift
                if chunk < end { word |= moreFollow }
                if !isAlike { word |= timesFollow }
                if note.isLate { word |= late }
                lists.varint(word)
                if !isAlike {
                    (first, last) = (note.startMs, note.endMs)
                    lists.varint(UInt64(bitPattern: first &- times.start.ms))
                    lists.varint(UInt64(bitPattern: times.end.ms &- last))
                }
                offset += ChunkHeader.byteCount + Int(note.payloadBytes)
            }
        }
        block.raw(lists.bytes)
        return block.bytes
    }
}

/// What a writer notes of a chunk until it writes the series blocks.
struct ChunkNote {
    let startMs: Int64
    let endMs: Int64
    let payloadBytes: UInt32
    let isLate: Bool

    init(_ header: ChunkHeader) {
        startMs = header.startMs
        endMs = header.endMs
        payloadBytes = header.compressedSize
        isLate = header.flags.contains(.late)
    }
}
