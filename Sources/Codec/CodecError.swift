// What can be wrong with bytes that came from a disk or a network.

/// Why bytes could not be decoded.
///
/// Offsets count from the start of the bytes that were handed in.
/// The caller adds which file or peer the bytes came from.
public enum CodecError: Error, Equatable {
    /// The bytes end inside a field.
    case truncated(atByte: Int, wanted: Int, available: Int)
    /// A varint of more than 64 bits.
    case varintTooLong(atByte: Int)
    /// A Gorilla payload ends inside point `point` of `count`.
    case truncatedBits(atBit: Int, bitCount: Int, point: Int, count: Int)
    /// A Gorilla payload is too short, whatever it holds, for the points it is said to hold.
    case impossibleCount(count: Int, byteCount: Int)
    /// A columnar payload is said to hold more points than any has, or fewer than none.
    case tooManyPoints(count: Int, limit: Int)
    /// A Gorilla payload says "in the window of the last change" before any change.
    case missingWindow(atBit: Int)
    /// A Gorilla payload states a window that does not fit into 64 bits.
    case invalidWindow(atBit: Int, leading: Int, length: Int)
    /// A Gorilla payload holds more than its last point and the zero bits up to a whole byte.
    case leftover(atBit: Int, bitCount: Int)
    /// The bytes are no Snappy block.
    case snappyDamaged(byteCount: Int)
    /// A Snappy block says that it grows beyond what the caller allows.
    case snappyTooLarge(uncompressed: Int, limit: Int)
    /// A field holds what no writer of the format writes.
    case malformed(atByte: Int, what: String)
}

extension CodecError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .truncated(let offset, let wanted, let available):
            "cannot read \(wanted) bytes at byte \(offset): \(available) left"
        case .varintTooLong(let offset):
            "cannot read the varint at byte \(offset): it has more than 64 bits"
        case .truncatedBits(let offset, let bitCount, let point, let count):
            "cannot decode point \(point) of \(count): it ends at bit \(offset), the payload at bit "
                + "\(bitCount)"
        case .impossibleCount(let count, let byteCount):
            "cannot decode \(count) points from \(byteCount) bytes: the first point takes 16 bytes, "
                + "each further one at least 1 bit"
        case .tooManyPoints(let count, let limit):
            "cannot decode \(count) points: a payload holds at most \(limit)"
        case .missingWindow(let offset):
            "cannot decode the value at bit \(offset): it refers to a window, none was stated before"
        case .invalidWindow(let offset, let leading, let length):
            "cannot decode the window before bit \(offset): \(leading) leading zeros and \(length) "
                + "bits do not fit into 64"
        case .leftover(let offset, let bitCount):
            "cannot accept the payload: its last point ends at bit \(offset), the payload goes on to "
                + "bit \(bitCount)"
        case .snappyDamaged(let byteCount):
            "cannot decompress \(byteCount) bytes: they are no whole Snappy block"
        case .snappyTooLarge(let uncompressed, let limit):
            "cannot decompress the Snappy block: it would take \(uncompressed) bytes, "
                + "the limit is \(limit)"
        case .malformed(let offset, let what):
            "cannot make sense of the bytes before byte \(offset): \(what)"
        }
    }
}
