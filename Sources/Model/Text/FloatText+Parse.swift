// Reads numbers by the rules of Go's strconv.ParseFloat, without allocating for the usual ones.

extension FloatText {
    /// The number that `bytes` spell, nil when they spell none.
    ///
    /// Go's rules as Prometheus's text parser applies them: no blanks, no underscores, `Inf` and
    /// `NaN` in any case, a number too large for Double is an error, one too small is zero.
    /// With `hexFloats`, `0x1p-2` is taken too, as PromQL does and the exposition format does not.
    public static func parse(
        _ bytes: borrowing Span<UInt8>,
        hexFloats: Bool = false
    ) -> Double? {
        var reader = Reader(end: bytes.count)
        return reader.number(bytes, hexFloats)
    }

    /// The number that `text` spells, nil when it spells none.
    public static func parse(_ text: some StringProtocol, hexFloats: Bool = false) -> Double? {
        parse(String(text).utf8.span, hexFloats: hexFloats)
    }

    // Powers that Double holds exactly.
    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
        1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    private struct Reader {
        let end: Int
        var offset = 0

        init(end: Int) {
            self.end = end
        }

        mutating func number(_ bytes: borrowing Span<UInt8>, _ hexFloats: Bool) -> Double? {
            guard end > 0 else { return nil }
            let hasSign = bytes[0] == UInt8(ascii: "-") || bytes[0] == UInt8(ascii: "+")
            let isNegative = bytes[0] == UInt8(ascii: "-")
            if hasSign { offset = 1 }
            guard offset < end else { return nil }
            switch bytes[offset] | 0x20 {
            case UInt8(ascii: "i"):
                guard spells("inf", bytes) || spells("infinity", bytes) else { return nil }
                return isNegative ? -.infinity : .infinity
            case UInt8(ascii: "n"): return !hasSign && spells("nan", bytes) ? .nan : nil
            default: break
            }
            if offset + 1 < end, bytes[offset] == 0x30, bytes[offset + 1] | 0x20 == 0x78 {
                offset += 2
                return hexFloats ? hexadecimal(bytes, isNegative) : nil
            }
            return decimal(bytes, isNegative)
        }

        private func spells(_ word: StaticString, _ bytes: borrowing Span<UInt8>) -> Bool {
            let letters = word.description.utf8
            guard end - offset == letters.count else { return false }
            for (index, letter) in letters.enumerated()
            where bytes[offset + index] | 0x20 != letter { return false }
            return true
        }

        private mutating func decimal(
            _ bytes: borrowing Span<UInt8>,
            _ isNegative: Bool
        ) -> Double? {
            let start = offset
            var mantissa: UInt64 = 0
            var significant = 0
            var scale = 0
            var seenPoint = false
            var digits = 0
            while offset < end {
                let byte = bytes[offset]
                if byte == UInt8(ascii: "."), !seenPoint {
                    seenPoint = true
                } else if byte >= 0x30, byte <= 0x39 {
                    digits += 1
                    if seenPoint { scale -= 1 }
                    if mantissa > 0 || byte != 0x30 { significant += 1 }
                    // Beyond 19 digits the slow way takes over; the sum only has to stay in range.
                    if significant <= 19 { mantissa = mantissa * 10 + UInt64(byte - 0x30) }
                } else {
                    break
                }
                offset += 1
            }
            guard digits > 0 else { return nil }
            let digitsEnd = offset
            guard let exponent = exponent(bytes, UInt8(ascii: "e")), offset == end else {
                return nil
            }
            let power = scale + exponent
            // Clinger's fast path: both factors exact, so one rounding (PLDI 1990).
            if significant <= 19, mantissa <= 1 << 53, power >= -22, power <= 22 {
                let whole = Double(mantissa)
                let value =
                    power < 0
                    ? whole / FloatText.powersOfTen[-power] : whole * FloatText.powersOfTen[power]
                return isNegative ? -value : value
            }
            var text: [UInt8] = isNegative ? [UInt8(ascii: "-")] : []
            for index in start..<digitsEnd where bytes[index] != UInt8(ascii: ".") {
                text.append(bytes[index])
            }
            text.append(UInt8(ascii: "e"))
            FloatText.write(Int64(power), to: &text)
            return finite(text)
        }

        private mutating func hexadecimal(
            _ bytes: borrowing Span<UInt8>,
            _ isNegative: Bool
        ) -> Double? {
            var text: [UInt8] = Array((isNegative ? "-0x" : "0x").utf8)
            let prefix = text.count
            var scale = 0
            var seenPoint = false
            while offset < end {
                let byte = bytes[offset]
                let lower = byte | 0x20
                if byte == UInt8(ascii: "."), !seenPoint {
                    seenPoint = true
                } else if (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66) {
                    if seenPoint { scale -= 4 }
                    text.append(byte)
                } else {
                    break
                }
                offset += 1
            }
            // Go demands the exponent of a hexadecimal float.
            guard text.count > prefix, offset < end,
                let exponent = exponent(bytes, UInt8(ascii: "p")), offset == end
            else { return nil }
            text.append(UInt8(ascii: "p"))
            FloatText.write(Int64(scale + exponent), to: &text)
            return finite(text)
        }

        // The exponent at `offset`, 0 when there is none, nil when it has no digits.
        private mutating func exponent(
            _ bytes: borrowing Span<UInt8>,
            _ letter: UInt8
        ) -> Int? {
            guard offset < end, bytes[offset] | 0x20 == letter else { return 0 }
            offset += 1
            var isNegative = false
            if offset < end,
                bytes[offset] == UInt8(ascii: "-") || bytes[offset] == UInt8(ascii: "+")
            {
                isNegative = bytes[offset] == UInt8(ascii: "-")
                offset += 1
            }
            let start = offset
            var value = 0
            while offset < end, bytes[offset] >= 0x30, bytes[offset] <= 0x39 {
                // Far outside Double's range already; more digits change nothing.
                if value < 1_000_000 { value = value * 10 + Int(bytes[offset] - 0x30) }
                offset += 1
            }
            guard offset > start else { return nil }
            return isNegative ? -value : value
        }

        private func finite(_ text: [UInt8]) -> Double? {
            guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite
            else { return nil }
            return value
        }
    }
}
