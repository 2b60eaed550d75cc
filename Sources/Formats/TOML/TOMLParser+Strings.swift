// The four kinds of string.

extension TOMLParser {
    /// A string in `"`.
    mutating func basicString() throws(TOMLError) -> String {
        let start = at
        at += 1
        var text: [UInt8] = []
        while true {
            guard let byte, byte != UInt8(ascii: "\n"), !standsLineEnd else {
                throw TOMLError(.unterminatedString(closedBy: "\""), at: position(start))
            }
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                try escape(into: &text)
            default:
                try refuseControl(byte)
                text.append(byte)
                at += 1
            }
        }
    }

    /// A string in `'`.
    mutating func literalString() throws(TOMLError) -> String {
        let start = at
        at += 1
        while true {
            guard let byte, byte != UInt8(ascii: "\n"), !standsLineEnd else {
                throw TOMLError(.unterminatedString(closedBy: "'"), at: position(start))
            }
            if byte == UInt8(ascii: "'") {
                defer { at += 1 }
                return String(decoding: bytes[start + 1..<at], as: UTF8.self)
            }
            try refuseControl(byte)
            at += 1
        }
    }

    /// `"""text"""`, over several lines.
    mutating func longBasicString() throws(TOMLError) -> String {
        let start = at
        at += 3
        try skipFirstLineEnd()
        var text: [UInt8] = []
        while let byte {
            switch byte {
            case UInt8(ascii: "\""):
                if closeLongString(byte, into: &text) {
                    return String(decoding: text, as: UTF8.self)
                }
            case UInt8(ascii: "\\"):
                if try !lineContinuation() { try escape(into: &text) }
            default:
                try longStringByte(byte, into: &text)
            }
        }
        throw TOMLError(.unterminatedString(closedBy: "\"\"\""), at: position(start))
    }

    /// `'''text'''`, over several lines.
    mutating func longLiteralString() throws(TOMLError) -> String {
        let start = at
        at += 3
        try skipFirstLineEnd()
        var text: [UInt8] = []
        while let byte {
            if byte == UInt8(ascii: "'") {
                if closeLongString(byte, into: &text) {
                    return String(decoding: text, as: UTF8.self)
                }
            } else {
                try longStringByte(byte, into: &text)
            }
        }
        throw TOMLError(.unterminatedString(closedBy: "'''"), at: position(start))
    }

    private var standsLineEnd: Bool {
        byte == UInt8(ascii: "\r") && peek(1) == UInt8(ascii: "\n")
    }

    private mutating func skipFirstLineEnd() throws(TOMLError) {
        if byte == UInt8(ascii: "\n") || standsLineEnd { try skipLineEnd() }
    }

    // One or two quotes are text, three close, and up to two more before the closing three are text.
    private mutating func closeLongString(_ quote: UInt8, into text: inout [UInt8]) -> Bool {
        var count = 0
        while count < 5, peek(count) == quote { count += 1 }
        at += count
        let closed = count >= 3
        for _ in 0..<(closed ? count - 3 : count) { text.append(quote) }
        return closed
    }

    // CR LF becomes LF, so that a text means the same on every system.
    private mutating func longStringByte(
        _ byte: UInt8,
        into text: inout [UInt8]
    ) throws(TOMLError) {
        if byte == UInt8(ascii: "\n") || standsLineEnd {
            try skipLineEnd()
            text.append(UInt8(ascii: "\n"))
        } else {
            try refuseControl(byte)
            text.append(byte)
            at += 1
        }
    }

    // A backslash before the end of a line swallows everything up to the next visible character.
    private mutating func lineContinuation() throws(TOMLError) -> Bool {
        var next = at + 1
        while next < bytes.count, bytes[next] == 0x20 || bytes[next] == 0x09 { next += 1 }
        guard next < bytes.count else { return false }
        let crlf =
            bytes[next] == 0x0d && next + 1 < bytes.count && bytes[next + 1] == 0x0a
        guard bytes[next] == 0x0a || crlf else { return false }
        at = next
        while let byte {
            switch byte {
            case 0x20, 0x09: at += 1
            case 0x0a, 0x0d: try skipLineEnd()
            default: return true
            }
        }
        return true
    }

    private mutating func escape(into text: inout [UInt8]) throws(TOMLError) {
        let start = at
        let letter = peek(1)
        at += 2
        switch letter {
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): text.append(letter ?? 0)
        case UInt8(ascii: "u"): try unicodeEscape(start, digits: 4, into: &text)
        case UInt8(ascii: "U"): try unicodeEscape(start, digits: 8, into: &text)
        default: throw badEscape(start, length: 2)
        }
    }

    private mutating func unicodeEscape(
        _ start: Int,
        digits: Int,
        into text: inout [UInt8]
    ) throws(TOMLError) {
        var code: UInt32 = 0
        for distance in 0..<digits {
            guard let byte = peek(distance), let digit = TOMLParser.digit(byte, radix: 16) else {
                throw badEscape(start, length: 2 + distance)
            }
            code = code << 4 | UInt32(digit)
        }
        // Unicode.Scalar refuses surrogates and what is beyond U+10FFFF, as TOML does.
        guard let scalar = Unicode.Scalar(code) else { throw badEscape(start, length: 2 + digits) }
        at += digits
        text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
    }

    private mutating func badEscape(_ start: Int, length: Int) -> TOMLError {
        var end = min(start + length, bytes.count)
        while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
        var shown = bytes[start..<end]
        while let last = shown.last, last < 0x20 { shown.removeLast() }
        return TOMLError(
            .badEscape(String(decoding: shown, as: UTF8.self)),
            at: position(start)
        )
    }

    /// The value of a digit, nil when it is none in that radix.
    static func digit(_ byte: UInt8, radix: UInt8) -> UInt8? {
        HexDigit.value(byte).flatMap { $0 < radix ? $0 : nil }
    }
}
