// Times as decimal seconds since 1970, read and written without rounding: 1700000000.25
internal import Model

/// Milliseconds as decimal seconds.
public enum SecondsText {
    /// Appends the time, with as many decimals as it has.
    public static func write(_ ms: Int64, to bytes: inout [UInt8]) {
        if ms < 0 { bytes.append(UInt8(ascii: "-")) }
        bytes.append(contentsOf: String(ms.magnitude / 1000).utf8)
        var rest = ms.magnitude % 1000
        if rest == 0 { return }
        bytes.append(UInt8(ascii: "."))
        var unit: UInt64 = 100
        while rest > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(rest / unit))
            rest %= unit
            unit /= 10
        }
    }

    /// The milliseconds that a text says, nil when it is no number or does not fit.
    ///
    /// Plain decimals are exact, what is finer than a millisecond is rounded half away from zero;
    /// other spellings of numbers, such as `1.7e9`, go through a Double.
    public static func parse(_ text: Span<UInt8>) -> Int64? {
        if let ms = plain(text) { return ms }
        guard let seconds = FloatText.parse(text), seconds.isFinite, abs(seconds) < 9e15 else {
            return nil
        }
        return Int64((seconds * 1000).rounded())
    }

    // `-12.345`; nil for everything else.
    private static func plain(_ text: Span<UInt8>) -> Int64? {
        var at = 0
        let isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
        if isNegative { at = 1 }
        var whole: Int64 = 0
        var digits = 0
        // One decimal more than is kept decides the rounding.
        var decimals = -1
        var rounds = false
        while at < text.count {
            let byte = text[at]
            at += 1
            if byte == UInt8(ascii: "."), decimals < 0 {
                decimals = 0
                continue
            }
            guard 0x30...0x39 ~= byte else { return nil }
            digits += 1
            if decimals == 3 { rounds = byte >= UInt8(ascii: "5") }
            if decimals >= 0 { decimals += 1 }
            if decimals > 3 { continue }
            guard let next = pushed(whole, Int64(byte - 0x30)) else { return nil }
            whole = next
        }
        guard digits > 0 else { return nil }
        for _ in min(max(decimals, 0), 3)..<3 {
            guard let next = pushed(whole, 0) else { return nil }
            whole = next
        }
        // Negative all along, because there is one more of those.
        if rounds {
            if whole == .min { return nil }
            whole -= 1
        }
        if isNegative { return whole }
        return whole == .min ? nil : -whole
    }

    private static func pushed(_ number: Int64, _ digit: Int64) -> Int64? {
        let (scaled, overflow) = number.multipliedReportingOverflow(by: 10)
        let (next, borrow) = scaled.subtractingReportingOverflow(digit)
        return overflow || borrow ? nil : next
    }
}
