// The chunks of a segment. Byte layout: Store.docc/segment-file.md, "Chunk"
import Codec
public import Model

extension SegmentReader {
    /// Decodes a chunk and adds its samples to `samples`, which stays as it was on an error.
    ///
    /// - Throws: `.chunk`, `.contradiction`, `.cannot`.
    public func decode(
        _ chunk: ChunkRef,
        into samples: inout SampleColumns
    ) throws(SegmentError) {
        try withBytes(in: chunk.range) { (stored: Span<UInt8>) throws(SegmentError) in
            let header = try check(stored, chunk)
            do throws(ChunkError) {
                let payload = stored.extracting(ChunkHeader.byteCount...)
                try coders.decode(payload, header, into: &samples)
            } catch {
                throw .chunk(path: path, offset: chunk.offset, cause: error)
            }
        }
    }

    /// The header of a chunk, whose checksum is checked.
    ///
    /// - Throws: `.chunk`, `.contradiction`, `.cannot`.
    public func header(of chunk: ChunkRef) throws(SegmentError) -> ChunkHeader {
        try withBytes(in: chunk.range) { (stored: Span<UInt8>) throws(SegmentError) in
            try check(stored, chunk)
        }
    }

    /// A chunk as it stands in the file: its header's 64 bytes and its payload, unchecked.
    ///
    /// - Throws: `.cannot`.
    public func content(of chunk: ChunkRef) throws(SegmentError) -> [UInt8] {
        try copy(of: chunk.range)
    }

    private func check(
        _ stored: Span<UInt8>,
        _ chunk: ChunkRef
    ) throws(SegmentError) -> ChunkHeader {
        let header: ChunkHeader
        do throws(ChunkError) {
            header = try ChunkHeader(whole: stored)
        } catch {
            throw .chunk(path: path, offset: chunk.offset, cause: error)
        }
        guard chunk.agrees(with: header) else {
            throw contradiction(
                .chunk,
                chunk.offset,
                "its header says \(header.startMs) to \(header.endMs), its series block "
                    + "\(chunk.start.ms) to \(chunk.end.ms)"
            )
        }
        return header
    }
}
