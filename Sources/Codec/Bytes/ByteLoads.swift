// The only unsafe loads from bytes; everything that reads wider than a byte goes through here.

/// Fixed-width integers at any offset of a span, bounds-checked: an offset outside traps, so check
/// the length of foreign bytes first, or read through `ByteCursor`, which throws.
public enum ByteLoads {
    /// Two bytes, little-endian.
    @inlinable
    @inline(__always)
    public static func u16(_ bytes: Span<UInt8>, _ offset: Int) -> UInt16 {
        // SAFETY: the load is bounds-checked, and any bytes are an integer.
        UInt16(
            littleEndian: unsafe bytes.bytes.unsafeLoadUnaligned(
                fromByteOffset: offset,
                as: UInt16.self
            )
        )
    }

    /// Four bytes, little-endian.
    @inlinable
    @inline(__always)
    public static func u32(_ bytes: Span<UInt8>, _ offset: Int) -> UInt32 {
        // SAFETY: the load is bounds-checked, and any bytes are an integer.
        UInt32(
            littleEndian: unsafe bytes.bytes.unsafeLoadUnaligned(
                fromByteOffset: offset,
                as: UInt32.self
            )
        )
    }

    /// Eight bytes, little-endian.
    @inlinable
    @inline(__always)
    public static func u64(_ bytes: Span<UInt8>, _ offset: Int) -> UInt64 {
        // SAFETY: the load is bounds-checked, and any bytes are an integer.
        UInt64(
            littleEndian: unsafe bytes.bytes.unsafeLoadUnaligned(
                fromByteOffset: offset,
                as: UInt64.self
            )
        )
    }

    /// Four bytes, big-endian.
    @inlinable
    @inline(__always)
    public static func u32BigEndian(_ bytes: Span<UInt8>, _ offset: Int) -> UInt32 {
        // SAFETY: the load is bounds-checked, and any bytes are an integer.
        UInt32(
            bigEndian: unsafe bytes.bytes.unsafeLoadUnaligned(
                fromByteOffset: offset,
                as: UInt32.self
            )
        )
    }

    /// Eight bytes, big-endian.
    @inlinable
    @inline(__always)
    public static func u64BigEndian(_ bytes: Span<UInt8>, _ offset: Int) -> UInt64 {
        // SAFETY: the load is bounds-checked, and any bytes are an integer.
        UInt64(
            bigEndian: unsafe bytes.bytes.unsafeLoadUnaligned(
                fromByteOffset: offset,
                as: UInt64.self
            )
        )
    }
}
