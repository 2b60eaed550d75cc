// How a batch's values are written against the stream's previous batch: Store.docc/write-ahead-log.md
import Codec

/// Codes columns of values against the columns before them, four values behind a byte of codes.
///
/// A value takes: nothing when its bits are unchanged; a zigzag varint when both are whole numbers;
/// a zigzag varint with a scale when both are short decimals; else the changed bytes of the XOR.
/// Exact for every bit pattern: the coder checks that the decoder will get the same bits.
enum ValueCoding {
    private static let same: UInt8 = 0
    private static let whole: UInt8 = 1
    private static let decimal: UInt8 = 2
    private static let changedBytes: UInt8 = 3

    /// Appends `values` coded against `previous` (both of one length, as bit patterns).
    static func encode(_ values: [UInt64], against previous: [UInt64], into bytes: inout [UInt8]) {
        precondition(values.count == previous.count, "BUG: columns of different length")
        var index = 0
        while index < values.count {
            let codesAt = bytes.count
            bytes.append(0)
            var codes: UInt8 = 0
            let end = min(index + 4, values.count)
            var shift: UInt8 = 0
            while index < end {
                let code = append(values[index], against: previous[index], into: &bytes)
                codes |= code << shift
                shift += 2
                index += 1
            }
            bytes[codesAt] = codes
        }
    }

    /// Reads `previous.count` values and replaces `previous` by them.
    /// - Throws: `CodecError` when the bytes end early or hold what the coder does not write.
    static func decode(
        _ cursor: inout ByteCursor,
        _ bytes: Span<UInt8>,
        onto previous: inout [UInt64]
    ) throws(CodecError) {
        var index = 0
        while index < previous.count {
            var codes = try cursor.u8(bytes)
            let end = min(index + 4, previous.count)
            while index < end {
                switch codes & 3 {
                case same: break
                case whole:
                    let delta = try cursor.zigzag(bytes)
                    guard let base = wholeNumber(previous[index]) else {
                        throw .malformed(
                            atByte: cursor.offset,
                            what: "a difference to no whole number"
                        )
                    }
                    previous[index] = Double(base &+ delta).bitPattern
                case decimal:
                    previous[index] = try decodeDecimal(&cursor, bytes, previous[index])
                default:
                    previous[index] ^= try decodeChangedBytes(&cursor, bytes)
                }
                codes >>= 2
                index += 1
            }
        }
    }

    private static func append(
        _ value: UInt64,
        against previous: UInt64,
        into bytes: inout [UInt8]
    ) -> UInt8 {
        if value == previous { return same }
        if let to = wholeNumber(value) {
            if let from = wholeNumber(previous) {
                Varint.append(Varint.zigzag(to &- from), to: &bytes)
                return whole
            }
        } else if let (scale, delta) = decimalStep(from: previous, to: value) {
            Varint.append(Varint.zigzag(delta) << 3 | UInt64(scale - 1), to: &bytes)
            return decimal
        }
        let changed = value ^ previous
        let low = changed.trailingZeroBitCount / 8
        let length = 8 - changed.leadingZeroBitCount / 8 - low
        bytes.append(UInt8(low << 4 | length))
        var rest = changed >> UInt64(low * 8)
        for _ in 0..<length {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
        return changedBytes
    }

    // The value as a whole number that a Double holds exactly; not for -0.0, NaN and infinities.
    @inline(__always)
    private static func wholeNumber(_ bits: UInt64) -> Int64? {
        let value = Double(bitPattern: bits)
        guard value.magnitude < 9_007_199_254_740_992 else { return nil }
        let number = Int64(value)
        return Double(number).bitPattern == bits ? number : nil
    }

    private static func power(_ scale: Int) -> Double {
        switch scale {
        case 1: 10
        case 2: 100
        case 3: 1_000
        case 4: 10_000
        case 5: 100_000
        case 6: 1_000_000
        case 7: 10_000_000
        default: 100_000_000
        }
    }

    // The value as k / 10^scale, only where that division gives back the same bits.
    private static func scaled(_ bits: UInt64, _ scale: Int) -> Int64? {
        let product = Double(bitPattern: bits) * power(scale)
        guard product.magnitude < 4_503_599_627_370_496 else { return nil }
        let number = Int64(product.rounded())
        return (Double(number) / power(scale)).bitPattern == bits ? number : nil
    }

    // The smallest scale at which both are exact. Short decimals that are exact at a scale are exact
    // at every larger one in range, so noise is turned away by one test at the largest.
    private static func decimalStep(from: UInt64, to: UInt64) -> (scale: Int, delta: Int64)? {
        let magnitude = max(
            Double(bitPattern: from).magnitude,
            Double(bitPattern: to).magnitude
        )
        guard magnitude < 4.0e13 else { return nil }
        let largest = magnitude < 4.0e7 ? 8 : 2
        guard scaled(to, largest) != nil, scaled(from, largest) != nil else { return nil }
        for scale in 1...largest {
            if let new = scaled(to, scale), let old = scaled(from, scale) {
                return (scale, new - old)
            }
        }
        return nil
    }

    private static func decodeDecimal(
        _ cursor: inout ByteCursor,
        _ bytes: Span<UInt8>,
        _ previous: UInt64
    ) throws(CodecError) -> UInt64 {
        let word = try cursor.varint(bytes)
        let scale = Int(word & 7) + 1
        let delta = Varint.unzigzag(word >> 3)
        guard let base = scaled(previous, scale) else {
            throw .malformed(atByte: cursor.offset, what: "a difference to no decimal number")
        }
        return (Double(base &+ delta) / power(scale)).bitPattern
    }

    private static func decodeChangedBytes(
        _ cursor: inout ByteCursor,
        _ bytes: Span<UInt8>
    ) throws(CodecError) -> UInt64 {
        let head = Int(try cursor.u8(bytes))
        let low = head >> 4
        let length = head & 15
        guard length >= 1, low + length <= 8 else {
            throw .malformed(atByte: cursor.offset, what: "a changed-bytes head of \(head)")
        }
        var changed: UInt64 = 0
        for place in low..<low + length {
            changed |= UInt64(try cursor.u8(bytes)) << UInt64(place * 8)
        }
        return changed
    }
}
