// Numbers and durations: 1.5, 1e-3, 0x1F, 1_000, .5, 5m, 1h30m.
import Model

extension Lexer {
    mutating func numberOrDuration() throws(PromQLError) -> TokenKind {
        if scanNumber() { return .number }
        if scanDuration() { return .duration }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        throw error("bad number or duration syntax: \(text.goQuoted)")
    }

    private mutating func accept(_ set: StaticString) -> Bool {
        guard let byte = current, contains(set, byte) else { return false }
        offset += 1
        return true
    }

    private func contains(_ set: StaticString, _ byte: UInt8) -> Bool {
        set.description.utf8.contains(byte)
    }

    private mutating func scanNumber() -> Bool {
        let first = offset
        var digits: StaticString = "0123456789"
        var isHex = false
        if accept("0"), accept("xX") {
            _ = accept("_")
            digits = "0123456789abcdefABCDEF"
            isHex = true
        }
        _ = accept(".")
        _ = accept(digits)
        var hasDot = bytes[first] == UInt8(ascii: ".")
        var hasExponent = false
        while let byte = current {
            if contains(digits, byte) {
                offset += 1
            } else if byte == UInt8(ascii: ".") {
                offset += 1
                if hasDot { return false }
                hasDot = true
                if accept("_.") || isHex { return false }
            } else if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
                offset += 1
                if hasExponent { return false }
                hasExponent = true
                _ = accept("+-")
                if accept("._eE") || current == nil { return false }
            } else if byte == UInt8(ascii: "_") {
                offset += 1
                if accept("._eE") || current == nil { return false }
            } else {
                break
            }
        }
        guard offset > first else { return false }
        guard let follower = current else { return true }
        return !(follower.isLetter || follower.isDigit)
    }

    // What is left of a duration after its first number; whether the units make sense is checked
    // when it is read.
    private mutating func scanDuration() -> Bool {
        guard accept("smhdwy") else { return false }
        _ = accept("s")
        while accept("0123456789") {
            while accept("0123456789") {}
            guard accept("smhdw") else { return false }
            _ = accept("s")
        }
        guard let follower = current else { return true }
        guard follower.isLetter || follower.isDigit else { return true }
        // It belongs to the error's text.
        offset += 1
        return false
    }
}

/// The values of number literals, by the rules of Go's ParseInt with base 0, else ParseFloat.
enum NumberText {
    /// nil when the text is no number, such as `0x` or one too large for Double.
    static func value(_ text: String) -> Double? {
        let plain = text.utf8.filter { $0 != UInt8(ascii: "_") }
        let digits = String(decoding: plain, as: UTF8.self)
        if plain.starts(with: "0x".utf8) || plain.starts(with: "0X".utf8) {
            guard let integer = Int64(digits.dropFirst(2), radix: 16) else { return nil }
            return Double(integer)
        }
        // A leading zero means octal, as long as all digits are.
        if plain.count > 1, plain.first == 0x30, let octal = Int64(digits, radix: 8) {
            return Double(octal)
        }
        return FloatText.parse(digits)
    }
}
