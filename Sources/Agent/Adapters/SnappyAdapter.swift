// The codec's Snappy for the API, which imports no codec.
import API
import Codec

/// Decompresses pushes.
struct SnappyAdapter: SnappyDecoder {
    func decode(_ block: [UInt8], limit: Int) throws(SnappyDecodeError) -> [UInt8] {
        do throws(CodecError) {
            return try SnappyBlock.decompress(block.span, limit: limit)
        } catch .snappyTooLarge(let bytes, let limit) {
            throw .tooLarge(bytes: bytes, limit: limit)
        } catch {
            throw .damaged(reason: "\(error)")
        }
    }
}
