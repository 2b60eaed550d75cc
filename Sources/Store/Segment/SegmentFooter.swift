// The end of a segment file: where everything is and what it counts. Layout: Store.docc/segment-file.md
import Codec

/// Writes and reads footer and trailer.
struct SegmentFooter: Equatable {
    var layout = SegmentLayout()
    var sampleCount = 0
    var lateSampleCount = 0
    var lateChunkCount = 0
    var ledger: [UInt8] = []
    var replaced: [String] = []

    /// Footer and trailer for a file whose index ends at `layout.indexEnd`.
    func bytes() -> [UInt8] {
        var sink = ByteSink()
        sink.u64(UInt64(layout.chunksEnd))
        sink.u64(UInt64(layout.indexOffset))
        sink.u32(UInt32(layout.seriesCount))
        sink.u32(UInt32(layout.chunkCount))
        sink.u64(UInt64(sampleCount))
        sink.u64(UInt64(lateSampleCount))
        sink.u32(UInt32(lateChunkCount))
        sink.u32(UInt32(layout.symbolCount))
        sink.u32(UInt32(layout.symbolBlocks))
        sink.u32(UInt32(layout.seriesBlocks))
        sink.u32(UInt32(layout.postingBlocks))
        sink.u32(0)
        sink.u64(layout.indexChecksum)
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

    /// Reads the end of `file` and checks that all parts lie inside.
    init(_ file: Span<UInt8>, path: String) throws(SegmentError) {
        let trailer = file.count - SegmentFormat.trailerBytes
        guard file.count >= SegmentFormat.minimumBytes else {
            throw .tooShort(path: path, byteCount: file.count)
        }
        let magic = ByteLoads.u64(file, trailer + 24)
        guard magic == SegmentFormat.endMagic else {
            throw .magic(path: path, part: .footer, offset: trailer + 24, found: magic)
        }
        let offset = Int(clamping: ByteLoads.u64(file, trailer))
        let length = Int(clamping: ByteLoads.u64(file, trailer + 8))
        guard offset >= SegmentFormat.headerBytes, offset <= trailer, length == trailer - offset,
            length >= SegmentFormat.footerFixedBytes
        else {
            throw .bounds(
                path: path,
                part: .footer,
                offset: offset,
                length: length,
                limit: trailer
            )
        }
        let stored = ByteLoads.u64(file, trailer + 16)
        let computed = XXH64.hash(file.extracting(offset..<trailer + 16))
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
            try read(file.extracting(offset..<trailer))
        } catch {
            throw .undecodable(path: path, part: .footer, offset: offset, cause: error)
        }
        guard layout.chunksEnd >= SegmentFormat.headerBytes,
            layout.chunksEnd <= layout.indexOffset, layout.indexOffset <= offset,
            layout.indexOffset % SegmentFormat.alignment == 0, layout.indexEnd == offset
        else {
            throw .bounds(
                path: path,
                part: .index,
                offset: layout.indexOffset,
                length: layout.indexEnd - layout.indexOffset,
                limit: offset - layout.indexOffset
            )
        }
    }

    private mutating func read(_ bytes: Span<UInt8>) throws(CodecError) {
        var cursor = ByteCursor()
        layout.chunksEnd = Int(clamping: try cursor.u64(bytes))
        layout.indexOffset = Int(clamping: try cursor.u64(bytes))
        layout.seriesCount = Int(try cursor.u32(bytes))
        layout.chunkCount = Int(try cursor.u32(bytes))
        sampleCount = Int(clamping: try cursor.u64(bytes))
        lateSampleCount = Int(clamping: try cursor.u64(bytes))
        lateChunkCount = Int(try cursor.u32(bytes))
        layout.symbolCount = Int(try cursor.u32(bytes))
        layout.symbolBlocks = Int(try cursor.u32(bytes))
        layout.seriesBlocks = Int(try cursor.u32(bytes))
        layout.postingBlocks = Int(try cursor.u32(bytes))
        guard try cursor.u32(bytes) == 0, layout.indexOffset < Int.max / 2 else {
            throw .malformed(atByte: cursor.offset, what: "a reserved field in use")
        }
        layout.indexChecksum = try cursor.u64(bytes)
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
