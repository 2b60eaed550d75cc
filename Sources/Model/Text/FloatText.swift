// Numbers as Prometheus spells and reads them: Go's strconv.FormatFloat and ParseFloat.

/// Writes and reads Double as text; what is written reads back to the same value.
public enum FloatText {
    /// Which of Go's spellings.
    public enum Style: Sendable {
        /// The JSON API: decimals, an exponent only below 1e-6 and from 1e21 (`1e-07`).
        case json
        /// The exposition format, Go's `%g`: an exponent below 1e-4 and from 1e6 (`1e+06`).
        case exposition
        /// Never an exponent, Go's `%f`: label values made from numbers, scalars in PromQL.
        case plain
    }

    /// The text of `value`.
    public static func text(_ value: Double, _ style: Style = .json) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(24)
        write(value, style, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the text of `value`: the fewest digits that read back to it.
    public static func write(_ value: Double, _ style: Style = .json, to bytes: inout [UInt8]) {
        if value.isNaN {
            bytes.append(contentsOf: "NaN".utf8)
            return
        }
        if value.isInfinite {
            bytes.append(contentsOf: (value < 0 ? "-Inf" : "+Inf").utf8)
            return
        }
        if value.sign == .minus { bytes.append(UInt8(ascii: "-")) }
        let magnitude = value.magnitude
        // Most values are counts: no need to look for the shortest digits of those.
        let plainEnd: Double = style == .exposition ? 1e6 : 9_007_199_254_740_992
        if magnitude < plainEnd, magnitude == magnitude.rounded(.down) {
            write(UInt64(magnitude), to: &bytes)
            return
        }
        let decimal = Decimal(magnitude)
        let exponent = decimal.point - 1
        let isScientific =
            switch style {
            case .plain: false
            case .json: magnitude < 1e-6 || magnitude >= 1e21
            case .exposition: exponent < -4 || exponent >= 6
            }
        if isScientific {
            decimal.writeScientific(exponent, to: &bytes)
        } else {
            decimal.writePlain(to: &bytes)
        }
    }

    /// Appends the decimal digits of `number`.
    public static func write(_ number: UInt64, to bytes: inout [UInt8]) {
        let start = bytes.count
        var rest = number
        repeat {
            bytes.append(0x30 + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    /// Appends the decimal digits of `number`, with a sign when it is negative.
    public static func write(_ number: Int64, to bytes: inout [UInt8]) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        write(number.magnitude, to: &bytes)
    }
}

// The shortest decimal digits of a positive value: 0.d1d2d3… × 10^point.
private struct Decimal {
    private(set) var digits: [UInt8] = []
    private(set) var point = 0

    // The standard library finds the digits (it prints the shortest that round-trip); only their
    // layout differs from Go's.
    init(_ value: Double) {
        var exponent = 0
        var inExponent = false
        var negative = false
        var whole: Int?
        for byte in value.description.utf8 {
            switch byte {
            case UInt8(ascii: "."): whole = digits.count
            case UInt8(ascii: "e"): inExponent = true
            case UInt8(ascii: "-"): negative = true
            case UInt8(ascii: "+"): break
            default:
                if inExponent {
                    exponent = exponent * 10 + Int(byte - 0x30)
                } else {
                    digits.append(byte)
                }
            }
        }
        point = (whole ?? digits.count) + (negative ? -exponent : exponent)
        let zeros = digits.prefix { $0 == 0x30 }.count
        digits.removeFirst(zeros)
        point -= zeros
        while digits.last == 0x30 { digits.removeLast() }
    }

    func writeScientific(_ exponent: Int, to bytes: inout [UInt8]) {
        bytes.append(digits[0])
        if digits.count > 1 {
            bytes.append(UInt8(ascii: "."))
            bytes.append(contentsOf: digits[1...])
        }
        bytes.append(UInt8(ascii: "e"))
        bytes.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        if exponent.magnitude < 10 { bytes.append(0x30) }
        FloatText.write(UInt64(exponent.magnitude), to: &bytes)
    }

    func writePlain(to bytes: inout [UInt8]) {
        if point <= 0 {
            bytes.append(contentsOf: "0.".utf8)
            for _ in point..<0 { bytes.append(0x30) }
            bytes.append(contentsOf: digits)
            return
        }
        bytes.append(contentsOf: digits.prefix(point))
        for _ in digits.count..<max(digits.count, point) { bytes.append(0x30) }
        if digits.count > point {
            bytes.append(UInt8(ascii: "."))
            bytes.append(contentsOf: digits[point...])
        }
    }
}
