// Integers of 1 to 10 bytes: LEB128, as in protobuf (developers.google.com/protocol-buffers, "Base 128 Varints").

/// Unsigned varints, and the zigzag mapping that makes small negative numbers short.
public enum Varint {
    /// The longest varint of 64 bits.
    public static let maximumBytes = 10

    /// Adds `value` to the end of `bytes`.
    @inlinable
    public static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest &>>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Reads the varint at `offset` and steps past it; on an error the offset stays.
    /// - Throws: `.truncated` when the bytes end inside, `.varintTooLong` beyond 64 bits.
    @inlinable
    public static func read(
        _ bytes: Span<UInt8>,
        _ offset: inout Int
    ) throws(CodecError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        var place = offset
        while true {
            guard place >= 0, place < bytes.count else {
                throw .truncated(
                    atByte: offset,
                    wanted: place - offset + 1,
                    available: place - offset
                )
            }
            let byte = bytes[place]
            place += 1
            if shift == 63, byte > 1 { throw .varintTooLong(atByte: offset) }
            value |= UInt64(byte & 0x7f) &<< shift
            if byte < 0x80 { break }
            shift += 7
        }
        offset = place
        return value
    }

    /// The number of bytes that `value` takes.
    @inlinable
    public static func length(of value: UInt64) -> Int {
        max(1, (70 - value.leadingZeroBitCount) / 7)
    }

    /// Maps 0, -1, 1, -2 and so on to 0, 1, 2, 3 and so on.
    @inlinable
    public static func zigzag(_ value: Int64) -> UInt64 {
        UInt64(bitPattern: value &<< 1 ^ value &>> 63)
    }

    /// The inverse of `zigzag`.
    @inlinable
    public static func unzigzag(_ value: UInt64) -> Int64 {
        Int64(bitPattern: value &>> 1) ^ -Int64(bitPattern: value & 1)
    }
}
