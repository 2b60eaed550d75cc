// Snappy's block format, through the system's libsnappy (snappy-c.h).
internal import CSnappy

/// Compresses and decompresses one block of bytes in memory.
///
/// This is the bare block (remote write, segment tables), not the framed stream.
public enum SnappyBlock {
    /// More bytes than come out of each byte of a block: a copy of 64 takes three.
    public static let maximumRatio = 64

    /// The compressed block.
    ///
    /// Incompressible bytes grow by up to a sixth and 32 bytes.
    public static func compress(_ bytes: Span<UInt8>) -> [UInt8] {
        let bound = snappy_max_compressed_length(bytes.count)
        // SAFETY: libsnappy writes at most `bound` bytes, which is the buffer's capacity, and
        // states how many it wrote; the input is only read inside the closure.
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            unsafe bytes.withUnsafeBufferPointer { source in
                var length = bound
                let status = unsafe snappy_compress(
                    UnsafeRawPointer(source.baseAddress)?.assumingMemoryBound(to: CChar.self),
                    source.count,
                    UnsafeMutableRawPointer(target.baseAddress)?.assumingMemoryBound(
                        to: CChar.self
                    ),
                    &length
                )
                precondition(status == SNAPPY_OK, "BUG: Snappy refuses a buffer of its own bound")
                count = length
            }
        }
    }

    /// The bytes that were compressed into `block`, which may come from anywhere; nothing larger than
    /// `limit` bytes is allocated.
    ///
    /// - Throws: `.snappyDamaged`, `.snappyTooLarge`.
    public static func decompress(
        _ block: Span<UInt8>,
        limit: Int
    ) throws(CodecError) -> [UInt8] {
        // An empty span has no address; an empty block is damaged (it lacks its length) anyway.
        guard !block.isEmpty else { throw .snappyDamaged(byteCount: 0) }
        var length = 0
        // SAFETY: libsnappy reads only inside the block, whose length it is told.
        let known = unsafe block.withUnsafeBufferPointer { source in
            unsafe snappy_uncompressed_length(
                UnsafeRawPointer(source.baseAddress)?.assumingMemoryBound(to: CChar.self),
                source.count,
                &length
            ) == SNAPPY_OK
        }
        guard known else { throw .snappyDamaged(byteCount: block.count) }
        guard length >= 0, length <= limit else {
            throw .snappyTooLarge(uncompressed: length, limit: limit)
        }
        // Refuses to allocate gigabytes on the word of a few bytes.
        guard length / maximumRatio <= block.count else {
            throw .snappyDamaged(byteCount: block.count)
        }
        if length == 0 {
            guard block.count == 1 else { throw .snappyDamaged(byteCount: block.count) }
            return []
        }
        var whole = false
        // SAFETY: libsnappy writes exactly the length that it announced, which is the buffer's
        // capacity, or fails; a failed buffer is dropped without a byte of it being read.
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: length) { target, count in
            unsafe block.withUnsafeBufferPointer { source in
                var written = length
                whole =
                    unsafe snappy_uncompress(
                        UnsafeRawPointer(source.baseAddress)?.assumingMemoryBound(to: CChar.self),
                        source.count,
                        UnsafeMutableRawPointer(target.baseAddress)?
                            .assumingMemoryBound(to: CChar.self),
                        &written
                    ) == SNAPPY_OK && written == length
                count = whole ? length : 0
            }
        }
        guard whole else { throw .snappyDamaged(byteCount: block.count) }
        return bytes
    }
}
