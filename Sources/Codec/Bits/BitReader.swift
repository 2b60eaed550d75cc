// Reads bits, most significant first, from bytes that may be anything.

/// Looks at bits of a span at any position, also past its end, where there are only zeros.
///
/// The caller keeps the position and compares it with the span's length: once per point is enough,
/// because nothing here reads outside.
public enum BitReader {
    /// The number of bits of `peek`'s answer that are always real.
    public static let peekBits = 57

    /// The bits from bit `position` on, from the top; at least `peekBits` of them are real, the
    /// rest are zero.
    @inlinable
    @inline(__always)
    public static func peek(_ bytes: Span<UInt8>, _ position: Int) -> UInt64 {
        let byte = position &>> 3
        let word =
            byte &+ 8 <= bytes.count
            ? ByteLoads.u64BigEndian(bytes, byte) : tail(bytes, byte)
        return word &<< UInt64(truncatingIfNeeded: position & 7)
    }

    /// The `width` bits (1 to 64) from bit `position` on.
    @inlinable
    @inline(__always)
    public static func bits(_ bytes: Span<UInt8>, _ position: Int, _ width: UInt64) -> UInt64 {
        if width <= 57 { return peek(bytes, position) &>> (64 &- width) }
        let low = width &- 32
        return (peek(bytes, position) &>> 32) &<< low
            | peek(bytes, position &+ 32) &>> (64 &- low)
    }

    // The last bytes, filled up with zeros.
    @usableFromInline
    @inline(never)
    static func tail(_ bytes: Span<UInt8>, _ start: Int) -> UInt64 {
        var word: UInt64 = 0
        var byte = start
        while byte < start &+ 8 {
            word = word &<< 8 | (byte < bytes.count ? UInt64(bytes[byte]) : 0)
            byte &+= 1
        }
        return word
    }
}
