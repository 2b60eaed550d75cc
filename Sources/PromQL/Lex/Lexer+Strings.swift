// Strings: "…" and '…' with Go's escapes, `…` raw.

extension Lexer {
    // The opening quote is behind us.
    mutating func string(_ quote: UInt8) throws(PromQLError) -> TokenKind {
        let isRaw = quote == UInt8(ascii: "`")
        while true {
            guard let byte = current, isRaw || byte != UInt8(ascii: "\n") else {
                throw error(isRaw ? "unterminated raw string" : "unterminated quoted string")
            }
            offset += 1
            if byte == quote { return .string }
            if byte == UInt8(ascii: "\\"), !isRaw { try skipEscape(quote) }
        }
    }

    private mutating func skipEscape(_ quote: UInt8) throws(PromQLError) {
        guard let byte = current else { throw error("escape sequence not terminated") }
        let digits: (count: Int, base: UInt32, max: UInt32)
        switch byte {
        case UInt8(ascii: "a"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "n"),
            UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "v"), UInt8(ascii: "\\"), quote:
            offset += 1
            return
        case 0x30...0x37: digits = (3, 8, 255)
        case UInt8(ascii: "x"): digits = (2, 16, 255)
        case UInt8(ascii: "u"): digits = (4, 16, 0x10ffff)
        case UInt8(ascii: "U"): digits = (8, 16, 0x10ffff)
        default: throw error("unknown escape sequence \(unicodeName(offset))")
        }
        if digits.base == 16 { offset += 1 }
        var number: UInt32 = 0
        for _ in 0..<digits.count {
            guard let byte = current else { throw error("escape sequence not terminated") }
            guard let digit = byte.hexDigit, digit < digits.base else {
                throw error("illegal character \(unicodeName(offset)) in escape sequence")
            }
            number = number &* digits.base &+ digit
            offset += 1
        }
        if number > digits.max || (0xd800..<0xe000).contains(number) {
            throw error("escape sequence is an invalid Unicode code point")
        }
    }

    // Go's %#U: U+0041 'A'
    private func unicodeName(_ place: Int) -> String {
        let number = scalar(place)?.value ?? 0xfffd
        let digits = String(number, radix: 16, uppercase: true)
        let padding = String(repeating: "0", count: Swift.max(0, 4 - digits.utf8.count))
        return "U+\(padding)\(digits) \(quotedCharacter(place))"
    }
}

extension UInt8 {
    var hexDigit: UInt32? {
        switch self {
        case 0x30...0x39: UInt32(self - 0x30)
        case 0x61...0x66: UInt32(self - 0x61 + 10)
        case 0x41...0x46: UInt32(self - 0x41 + 10)
        default: nil
        }
    }
}

/// What string literals mean.
///
/// The lexer has checked that they are well formed.
enum StringText {
    /// The text inside the quotes, escapes resolved.
    static func value(_ literal: ArraySlice<UInt8>) -> String {
        let inside = literal.dropFirst().dropLast()
        if literal.first == UInt8(ascii: "`") { return String(decoding: inside, as: UTF8.self) }
        var text: [UInt8] = []
        var rest = inside
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let kind = rest.popFirst() else {
                text.append(byte)
                continue
            }
            switch kind {
            case UInt8(ascii: "a"): text.append(7)
            case UInt8(ascii: "b"): text.append(8)
            case UInt8(ascii: "t"): text.append(9)
            case UInt8(ascii: "n"): text.append(10)
            case UInt8(ascii: "v"): text.append(11)
            case UInt8(ascii: "f"): text.append(12)
            case UInt8(ascii: "r"): text.append(13)
            case UInt8(ascii: "x"):
                text.append(UInt8(truncatingIfNeeded: number(&rest, 2, 16)))
            case UInt8(ascii: "u"): append(number(&rest, 4, 16), to: &text)
            case UInt8(ascii: "U"): append(number(&rest, 8, 16), to: &text)
            case 0x30...0x37:
                let high = UInt32(kind - 0x30) * 64
                text.append(UInt8(truncatingIfNeeded: high + number(&rest, 2, 8)))
            default: text.append(kind)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func number(
        _ rest: inout ArraySlice<UInt8>,
        _ count: Int,
        _ base: UInt32
    ) -> UInt32 {
        var number: UInt32 = 0
        for _ in 0..<count {
            number = number &* base &+ (rest.popFirst()?.hexDigit ?? 0)
        }
        return number
    }

    private static func append(_ number: UInt32, to text: inout [UInt8]) {
        text.append(contentsOf: String(Unicode.Scalar(number) ?? "\u{fffd}").utf8)
    }
}
