// Packs bits, most significant first, into 64-bit words that belong to somebody else.

/// The position and the unfinished word of a bit stream.
///
/// Plain data, 16 bytes. Whole words go to memory that the caller owns, in big-endian order, so that
/// the memory holds the stream's bytes; they never change afterwards. The bits of the word that is
/// not full yet live here. So a reader that noted `bitCount` and `unfinishedWord` under a lock can
/// read the whole words later, without the lock, while the writer goes on.
public struct BitWriter: Sendable {
    /// The bits after the last whole word, from the top; the rest is zero.
    @usableFromInline var unfinished: UInt64 = 0
    /// All bits so far.
    @usableFromInline var position: UInt32 = 0

    /// Starts an empty stream.
    @inlinable
    public init() {}

    /// The bits after the last whole word, from the top; the rest is zero.
    @inlinable
    public var unfinishedWord: UInt64 { unfinished }

    /// The number of bits so far.
    @inlinable
    public var bitCount: Int { Int(truncatingIfNeeded: position) }

    /// The number of words that are full, and thus in the caller's memory.
    @inlinable
    public var wholeWordCount: Int { Int(truncatingIfNeeded: position &>> 6) }

    /// Adds the low `width` bits of `bits`.
    ///
    /// - Parameters:
    ///   - bits: nothing may be set above the low `width` bits.
    ///   - width: 1 to 64.
    ///   - words: memory for the words from `first` to `wholeWordCount`.
    ///   - first: the number of whole words that lie elsewhere, before those in `words`.
    @inlinable
    @inline(__always)
    public mutating func put(
        _ bits: UInt64,
        _ width: UInt64,
        into words: UnsafeMutablePointer<UInt64>,
        from first: Int = 0
    ) {
        let room = 64 &- UInt64(truncatingIfNeeded: position & 63)
        if width < room {
            unfinished |= bits &<< (room &- width)
        } else {
            let rest = width &- room
            // SAFETY: the caller vouches for room for one more whole word.
            unsafe words[wholeWordCount &- first] = (unfinished | bits &>> rest).bigEndian
            // Two shifts, because a shift by 64 (nothing is left over) would shift by 0.
            unfinished = (bits &<< 1) &<< (63 &- rest)
        }
        position &+= UInt32(truncatingIfNeeded: width)
    }
}
