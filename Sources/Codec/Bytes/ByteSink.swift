// Collects fields one after the other: the writing side of ByteCursor.

/// Appends fields to bytes; integers are little-endian.
public struct ByteSink: Sendable {
    /// What was written so far.
    public var bytes: [UInt8]

    /// Starts with `bytes`, which may be a reused buffer.
    @inlinable
    public init(_ bytes: [UInt8] = []) {
        self.bytes = bytes
    }

    /// The number of bytes so far.
    @inlinable
    public var count: Int { bytes.count }

    /// One byte.
    @inlinable
    public mutating func u8(_ value: UInt8) {
        bytes.append(value)
    }

    /// Two bytes.
    @inlinable
    public mutating func u16(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value))
        bytes.append(UInt8(truncatingIfNeeded: value &>> 8))
    }

    /// Four bytes.
    @inlinable
    public mutating func u32(_ value: UInt32) {
        u16(UInt16(truncatingIfNeeded: value))
        u16(UInt16(truncatingIfNeeded: value &>> 16))
    }

    /// Eight bytes.
    @inlinable
    public mutating func u64(_ value: UInt64) {
        u32(UInt32(truncatingIfNeeded: value))
        u32(UInt32(truncatingIfNeeded: value &>> 32))
    }

    /// Eight bytes, signed.
    @inlinable
    public mutating func i64(_ value: Int64) {
        u64(UInt64(bitPattern: value))
    }

    /// One varint, 1 to 10 bytes.
    @inlinable
    public mutating func varint(_ value: UInt64) {
        Varint.append(value, to: &bytes)
    }

    /// Bytes as they are.
    @inlinable
    public mutating func raw(_ more: some Sequence<UInt8>) {
        bytes.append(contentsOf: more)
    }

    /// The bytes of a span as they are.
    @inlinable
    public mutating func raw(_ more: Span<UInt8>) {
        // SAFETY: the buffer is only read, and only inside the closure.
        unsafe more.withUnsafeBufferPointer { unsafe bytes.append(contentsOf: $0) }
    }

    /// A length as a varint, and that many bytes.
    @inlinable
    public mutating func field(_ more: some Collection<UInt8>) {
        varint(UInt64(more.count))
        bytes.append(contentsOf: more)
    }

    /// Zeros up to the next multiple of `alignment`.
    @inlinable
    public mutating func pad(to alignment: Int) {
        while bytes.count % alignment != 0 { bytes.append(0) }
    }

    /// Writes eight bytes over those at `offset`, which must exist.
    @inlinable
    public mutating func patch(u64 value: UInt64, at offset: Int) {
        for index in 0..<8 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value &>> UInt64(8 * index))
        }
    }

    /// Writes four bytes over those at `offset`, which must exist.
    @inlinable
    public mutating func patch(u32 value: UInt32, at offset: Int) {
        for index in 0..<4 {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value &>> UInt32(8 * index))
        }
    }
}
