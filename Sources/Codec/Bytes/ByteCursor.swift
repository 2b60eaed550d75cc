// A place in foreign bytes that only moves forward and never leaves them.

/// Reads fields one after the other; integers are little-endian.
///
/// Holds only the offset: the bytes come with each call, because a stored span would need
/// experimental lifetime annotations.
public struct ByteCursor: Sendable {
    /// Where the next field starts.
    public var offset: Int

    /// Starts at `offset`.
    @inlinable
    public init(at offset: Int = 0) {
        self.offset = offset
    }

    /// The number of bytes from here to the end.
    @inlinable
    public func remaining(_ bytes: Span<UInt8>) -> Int { max(0, bytes.count &- offset) }

    /// Steps over `count` bytes and says where they were.
    /// - Throws: `.truncated` when there are fewer.
    @inlinable
    public mutating func take(
        _ bytes: Span<UInt8>,
        _ count: Int
    ) throws(CodecError) -> Range<Int> {
        guard count >= 0, offset >= 0, offset <= bytes.count, count <= bytes.count &- offset else {
            throw .truncated(atByte: offset, wanted: count, available: remaining(bytes))
        }
        let start = offset
        offset = start &+ count
        return start..<offset
    }

    /// One byte.
    /// - Throws: `.truncated` at the end.
    @inlinable
    public mutating func u8(_ bytes: Span<UInt8>) throws(CodecError) -> UInt8 {
        bytes[try take(bytes, 1).lowerBound]
    }

    /// Two bytes.
    /// - Throws: `.truncated` when there are fewer.
    @inlinable
    public mutating func u16(_ bytes: Span<UInt8>) throws(CodecError) -> UInt16 {
        ByteLoads.u16(bytes, try take(bytes, 2).lowerBound)
    }

    /// Four bytes.
    /// - Throws: `.truncated` when there are fewer.
    @inlinable
    public mutating func u32(_ bytes: Span<UInt8>) throws(CodecError) -> UInt32 {
        ByteLoads.u32(bytes, try take(bytes, 4).lowerBound)
    }

    /// Eight bytes.
    /// - Throws: `.truncated` when there are fewer.
    @inlinable
    public mutating func u64(_ bytes: Span<UInt8>) throws(CodecError) -> UInt64 {
        ByteLoads.u64(bytes, try take(bytes, 8).lowerBound)
    }

    /// Eight bytes, signed.
    /// - Throws: `.truncated` when there are fewer.
    @inlinable
    public mutating func i64(_ bytes: Span<UInt8>) throws(CodecError) -> Int64 {
        Int64(bitPattern: try u64(bytes))
    }

    /// One varint.
    /// - Throws: `.truncated`, `.varintTooLong`.
    @inlinable
    public mutating func varint(_ bytes: Span<UInt8>) throws(CodecError) -> UInt64 {
        try Varint.read(bytes, &offset)
    }

    /// A length as a varint, and that many bytes: where the bytes are.
    /// - Throws: `.truncated`, `.varintTooLong`.
    @inlinable
    public mutating func field(_ bytes: Span<UInt8>) throws(CodecError) -> Range<Int> {
        let length = try varint(bytes)
        guard length <= UInt64(remaining(bytes)) else {
            throw .truncated(
                atByte: offset,
                wanted: Int(clamping: length),
                available: remaining(bytes)
            )
        }
        return try take(bytes, Int(length))
    }
}
