// Finds chunks by their headers alone. Byte layout: Store.docc/segment-file.md, "Chunk"
import Codec

/// Goes from chunk to chunk through a file of whose index nothing is known.
struct ChunkWalk {
    /// A chunk whose checksum is right.
    struct Found {
        let offset: Int
        let header: ChunkHeader
    }

    private var offset: Int
    // How many bytes may be hashed in vain: a file full of forged headers ends the walk.
    private var patience: Int

    /// Starts at a place in a file of `byteCount` bytes.
    init(from offset: Int, byteCount: Int) {
        self.offset = offset
        patience = 16 * byteCount
    }

    /// The next chunk of the file; what is no chunk or damaged is passed over.
    mutating func next(in bytes: Span<UInt8>) -> Found? {
        while ChunkHeader.byteCount <= bytes.count - offset, patience >= 0 {
            let rest = bytes.extracting(offset...)
            if let length = ChunkHeader.length(rest), length <= rest.count {
                do throws(ChunkError) {
                    let header = try ChunkHeader(whole: rest.extracting(0..<length))
                    defer { offset += length }
                    return Found(offset: offset, header: header)
                } catch {
                    patience -= length
                }
            }
            offset += 1
        }
        return nil
    }
}
