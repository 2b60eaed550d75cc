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
        if number < 10 {
            bytes.append(0x30 + UInt8(truncatingIfNeeded: number))
            return
        }
        var digits: [20 of UInt8] = .init(repeating: 0)
        var start = 20
        var rest = number
        repeat {
            start -= 1
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            digits[start] = 0x30 + UInt8(truncatingIfNeeded: digit)
            rest = quotient
        } while rest > 0
        for index in start..<20 { bytes.append(digits[index]) }
    }

    /// Appends the decimal digits of `number`, with a sign when it is negative.
    public static func write(_ number: Int64, to bytes: inout [UInt8]) {
        if number < 0 { bytes.append(UInt8(ascii: "-")) }
        write(number.magnitude, to: &bytes)
    }
}

// The shortest decimal digits of a positive value: 0.d1d2d3… × 10^point.
private struct Decimal {
    // At most 17 digits, the last of them not 0.
    private var digits: UInt64
    private var count = 0
    private(set) var point: Int

    init(_ value: Double) {
        if let short = Decimal.short(value) {
            (digits, point) = short
        } else {
            (digits, point) = Decimal.described(value)
        }
        while digits % 10 == 0 {
            digits /= 10
            point += 1
        }
        var rest = digits
        while rest > 0 {
            rest /= 10
            count += 1
        }
        point += count
    }

    // Most measured values have few decimals. Two different decimals of up to 15 digits never round
    // to one Double, so if one of them does round to `value` it is the shortest there is.
    private static func short(_ value: Double) -> (UInt64, Int)? {
        if let digits = whole(value, 1e6) { return (digits, -6) }
        if let digits = whole(value, 1e9) { return (digits, -9) }
        return nil
    }

    private static func whole(_ value: Double, _ power: Double) -> UInt64? {
        let scaled = (value * power).rounded()
        guard scaled >= 1, scaled < 1e15, scaled / power == value else { return nil }
        return UInt64(scaled)
    }

    // The standard library finds the digits of any value (it prints the shortest that round-trip);
    // only their layout differs from Go's.
    private static func described(_ value: Double) -> (UInt64, Int) {
        var digits: UInt64 = 0
        var decimals = 0
        var exponent = 0
        var seenPoint = false
        var inExponent = false
        var negative = false
        for byte in value.description.utf8 {
            switch byte {
            case UInt8(ascii: "."): seenPoint = true
            case UInt8(ascii: "e"): inExponent = true
            case UInt8(ascii: "-"): negative = true
            case UInt8(ascii: "+"): break
            default:
                if inExponent {
                    exponent = exponent * 10 + Int(byte - 0x30)
                } else {
                    digits = digits * 10 + UInt64(byte - 0x30)
                    if seenPoint { decimals += 1 }
                }
            }
        }
        return (digits, (negative ? -exponent : exponent) - decimals)
    }

    func writeScientific(_ exponent: Int, to bytes: inout [UInt8]) {
        let start = bytes.count
        FloatText.write(digits, to: &bytes)
        if count > 1 { bytes.insert(UInt8(ascii: "."), at: start + 1) }
        bytes.append(UInt8(ascii: "e"))
        bytes.append(exponent < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"))
        if exponent.magnitude < 10 { bytes.append(0x30) }
        FloatText.write(UInt64(exponent.magnitude), to: &bytes)
    }

    func writePlain(to bytes: inout [UInt8]) {
        if point <= 0 {
            bytes.append(0x30)
            bytes.append(UInt8(ascii: "."))
            for _ in point..<0 { bytes.append(0x30) }
            FloatText.write(digits, to: &bytes)
            return
        }
        let start = bytes.count
        FloatText.write(digits, to: &bytes)
        if count > point {
            bytes.insert(UInt8(ascii: "."), at: start + point)
        } else {
            for _ in count..<point { bytes.append(0x30) }
        }
    }
}
