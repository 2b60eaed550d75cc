// The chunks of a segment. Byte layout: Store.docc/segment-file.md, "Chunk"
import Codec
public import Model

extension SegmentReader {
    /// Decodes a chunk and adds its samples to `samples`, which stays as it was on an error.
    ///
    /// - Throws: `.chunk`, `.cannot`.
    public func decode(
        _ chunk: ChunkRef,
        into samples: inout SampleColumns
    ) throws(SegmentError) {
        let end = chunk.offset + chunk.byteCount
        try withBytes(in: chunk.offset..<end) { (stored: Span<UInt8>) throws(SegmentError) in
            do throws(ChunkError) {
                let payload = stored.extracting(ChunkRef.checksumBytes...)
                try chunk.header.checkFeatures()
                try chunk.header.verify(payload, against: ByteLoads.u64(stored, 0))
                try coders.decode(payload, chunk.header, into: &samples)
            } catch {
                throw .chunk(path: path, offset: chunk.offset, cause: error)
            }
        }
    }

    /// A chunk as it stands alone: its header's 64 bytes, with the checksum that the file has, and its
    /// payload.
    ///
    /// - Throws: `.cannot`.
    public func content(of chunk: ChunkRef) throws(SegmentError) -> [UInt8] {
        try withBytes(in: chunk.offset..<chunk.offset + chunk.byteCount) { (stored: Span<UInt8>) in
            chunk.header.chunk(
                stored.extracting(ChunkRef.checksumBytes...),
                checksum: ByteLoads.u64(stored, 0)
            )
        }
    }
}
