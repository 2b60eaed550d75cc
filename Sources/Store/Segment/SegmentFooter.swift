// The end of a segment file: where everything is and what it counts. Layout: Store.docc/segment-file.md
import Codec

/// Writes and reads footer and trailer.
struct SegmentFooter: Equatable {
    var layout = SegmentLayout()
    var sampleCount = 0
    var lateSampleCount = 0
    var lateChunkCount = 0
    var clockStep = SequenceNumber.zero
    var ledger: [UInt8] = []
    var replaced: [String] = []

    /// Footer and trailer for a file whose directory ends where the footer begins.
    func bytes() -> [UInt8] {
        var sink = ByteSink()
        sink.u64(UInt64(layout.chunksEnd))
        sink.u64(UInt64(layout.directoryOffset))
        sink.u64(UInt64(sampleCount))
        sink.u64(UInt64(lateSampleCount))
        sink.u64(clockStep.raw)
        sink.u64(layout.directoryChecksum)
        sink.u32(UInt32(layout.seriesCount))
        sink.u32(UInt32(layout.chunkCount))
        sink.u32(UInt32(lateChunkCount))
        sink.u32(UInt32(layout.nameCount))
        sink.u32(UInt32(layout.pairCount))
        sink.u32(UInt32(layout.nameBlocks))
        sink.u32(UInt32(layout.valueBlocks))
        sink.u32(UInt32(layout.rowBlocks))
        sink.u32(UInt32(layout.postingBlocks))
        sink.u32(UInt32(layout.seriesBlocks))
        sink.u32(0)
        sink.u32(0)
        sink.u32(UInt32(ledger.count))
        sink.u32(UInt32(replaced.count))
        sink.raw(ledger)
        for name in replaced { sink.field(name.utf8) }
        let length = sink.count
        sink.u64(UInt64(layout.footerOffset))
        sink.u64(UInt64(length))
        sink.u64(XXH64.hash(sink.bytes.span))
        sink.u64(SegmentFormat.endMagic)
        return sink.bytes
    }

    /// Where the footer begins, from the trailer of a file of `fileBytes`.
    static func start(
        _ trailer: Span<UInt8>,
        fileBytes: Int,
        path: String
    ) throws(SegmentError) -> Int {
        let end = fileBytes - SegmentFormat.trailerBytes
        let magic = ByteLoads.u64(trailer, 24)
        guard magic == SegmentFormat.endMagic else {
            throw .magic(path: path, part: .footer, offset: end + 24, found: magic)
        }
        let offset = Int(clamping: ByteLoads.u64(trailer, 0))
        let length = Int(clamping: ByteLoads.u64(trailer, 8))
        guard offset >= SegmentFormat.headerBytes, offset <= end, length == end - offset,
            length >= SegmentFormat.footerFixedBytes
        else {
            throw .bounds(path: path, part: .footer, offset: offset, length: length, limit: end)
        }
        return offset
    }

    /// Reads footer and trailer, which lie at `offset` in the file, and checks that all parts lie
    /// inside it.
    init(_ end: Span<UInt8>, at offset: Int, path: String) throws(SegmentError) {
        let length = end.count - SegmentFormat.trailerBytes
        let stored = ByteLoads.u64(end, length + 16)
        let computed = XXH64.hash(end.extracting(0..<length + 16))
        guard stored == computed else {
            throw .checksum(
                path: path,
                part: .footer,
                offset: offset,
                stored: stored,
                computed: computed
            )
        }
        layout.footerOffset = offset
        do throws(CodecError) {
            try read(end.extracting(0..<length))
        } catch {
            throw .undecodable(path: path, part: .footer, offset: offset, cause: error)
        }
        guard layout.chunksEnd >= SegmentFormat.headerBytes,
            layout.chunksEnd <= layout.directoryOffset, layout.directoryOffset <= offset,
            layout.directoryEnd == offset
        else {
            throw .bounds(
                path: path,
                part: .directory,
                offset: layout.directoryOffset,
                length: layout.directoryEnd - layout.directoryOffset,
                limit: offset - layout.directoryOffset
            )
        }
        try checkCounts(path)
        // Which block a series is in follows from its number alone.
        guard layout.rowBlocks == blocks(of: SegmentFormat.seriesPerRowBlock),
            layout.seriesBlocks == blocks(of: SeriesBlock.seriesCount)
        else {
            throw .contradiction(
                path: path,
                part: .footer,
                offset: offset,
                what: "\(layout.seriesCount) series in \(layout.rowBlocks) row and "
                    + "\(layout.seriesBlocks) series blocks"
            )
        }
        // Rows of one block are looked through as fast as postings are found.
        guard (layout.postingBlocks == 0) == (layout.rowBlocks <= 1) else {
            throw .contradiction(
                path: path,
                part: .footer,
                offset: offset,
                what: "\(layout.rowBlocks) row and \(layout.postingBlocks) postings blocks"
            )
        }
    }

    // No count beyond what a file of this length can hold: readers size their memory by them.
    private func checkCounts(_ path: String) throws(SegmentError) {
        let chunks = (layout.chunksEnd - SegmentFormat.headerBytes) / ChunkHeader.byteCount
        // An entry has a byte or more, of which Snappy stores 64 in three.
        let entries = SnappyBlock.maximumRatio * (layout.directoryOffset - layout.chunksEnd)
        guard layout.chunkCount <= chunks, lateChunkCount <= layout.chunkCount,
            sampleCount <= layout.chunkCount * ChunkHeader.maximumPointCount,
            lateSampleCount <= sampleCount, layout.nameCount <= entries, layout.pairCount <= entries
        else {
            throw .contradiction(
                path: path,
                part: .footer,
                offset: layout.footerOffset,
                what: "\(layout.chunkCount) chunks, \(lateChunkCount) late, with \(sampleCount) "
                    + "samples, \(lateSampleCount) late, \(layout.nameCount) names, "
                    + "\(layout.pairCount) pairs: more than the file can hold"
            )
        }
    }

    private func blocks(of series: Int) -> Int { (layout.seriesCount + series - 1) / series }

    private mutating func read(_ bytes: Span<UInt8>) throws(CodecError) {
        var cursor = ByteCursor()
        layout.chunksEnd = Int(clamping: try cursor.u64(bytes))
        layout.directoryOffset = Int(clamping: try cursor.u64(bytes))
        sampleCount = Int(clamping: try cursor.u64(bytes))
        lateSampleCount = Int(clamping: try cursor.u64(bytes))
        clockStep = SequenceNumber(raw: try cursor.u64(bytes))
        layout.directoryChecksum = try cursor.u64(bytes)
        layout.seriesCount = Int(try cursor.u32(bytes))
        layout.chunkCount = Int(try cursor.u32(bytes))
        lateChunkCount = Int(try cursor.u32(bytes))
        layout.nameCount = Int(try cursor.u32(bytes))
        layout.pairCount = Int(try cursor.u32(bytes))
        layout.nameBlocks = Int(try cursor.u32(bytes))
        layout.valueBlocks = Int(try cursor.u32(bytes))
        layout.rowBlocks = Int(try cursor.u32(bytes))
        layout.postingBlocks = Int(try cursor.u32(bytes))
        layout.seriesBlocks = Int(try cursor.u32(bytes))
        guard try cursor.u64(bytes) == 0, layout.directoryOffset < Int.max / 2 else {
            throw .malformed(atByte: cursor.offset, what: "a reserved field in use")
        }
        let ledgerBytes = Int(try cursor.u32(bytes))
        let names = Int(try cursor.u32(bytes))
        ledger = [UInt8](copying: bytes.extracting(try cursor.take(bytes, ledgerBytes)))
        guard names <= cursor.remaining(bytes) else {
            throw .malformed(atByte: cursor.offset, what: "\(names) replaced segments")
        }
        for _ in 0..<names {
            let range = try cursor.field(bytes)
            replaced.append(
                String(decoding: [UInt8](copying: bytes.extracting(range)), as: UTF8.self)
            )
        }
        guard cursor.offset == bytes.count else {
            throw .malformed(
                atByte: cursor.offset,
                what: "\(bytes.count - cursor.offset) bytes too many"
            )
        }
    }

    init() {}
}
