// Cuts PromQL into tokens, on bytes. Rules: Prometheus, querying/basics, "Literals" and
// "Time series selectors".

/// Reads one token after another.
///
/// After an error it is not asked again.
struct Lexer {
    let bytes: [UInt8]
    var offset = 0
    var start = 0
    private var parenDepth = 0
    private var isInBraces = false
    private var isInBracket = false
    private var hasColon = false

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func next() throws(PromQLError) -> Token {
        skipBlanks()
        start = offset
        let kind = isInBraces ? try insideBraces() : try outside()
        return Token(kind: kind, start: start, end: offset)
    }

    var current: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    func error(_ text: String) -> PromQLError {
        PromQLError(text, at: start, in: bytes)
    }

    // The character at `place`, as Go's %q prints a rune.
    func quotedCharacter(_ place: Int) -> String {
        "'\(scalar(place).map { String(Character($0)).goEscaped(quote: "'") } ?? "�")'"
    }

    // The scalar that begins at `place`; nil at the end and where the bytes are not UTF-8.
    func scalar(_ place: Int) -> Unicode.Scalar? {
        guard place < bytes.count else { return nil }
        var iterator = bytes[place...].prefix(4).makeIterator()
        var decoder = UTF8()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator) else { return nil }
        return scalar
    }

    private mutating func skipBlanks() {
        while let byte = current {
            if byte == UInt8(ascii: "#") {
                while let byte = current, byte != UInt8(ascii: "\n") { offset += 1 }
            } else if byte.isBlank {
                offset += 1
            } else {
                return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard current == byte else { return false }
        offset += 1
        return true
    }

    private mutating func outside() throws(PromQLError) -> TokenKind {
        guard let byte = current else {
            if parenDepth > 0 { throw error("unclosed left parenthesis") }
            if isInBracket { throw error("unclosed left bracket") }
            return .end
        }
        if byte.isLetter || byte == UInt8(ascii: ":") { return try wordOrColon() }
        let follower = offset + 1 < bytes.count ? bytes[offset + 1] : 0
        if byte.isDigit || (byte == UInt8(ascii: ".") && follower.isDigit) {
            return try numberOrDuration()
        }
        offset += 1
        switch byte {
        case UInt8(ascii: ","): return .comma
        case UInt8(ascii: "*"): return .binary(.multiply)
        case UInt8(ascii: "/"): return .binary(.divide)
        case UInt8(ascii: "%"): return .binary(.modulo)
        case UInt8(ascii: "+"): return .binary(.add)
        case UInt8(ascii: "-"): return .binary(.subtract)
        case UInt8(ascii: "^"): return .binary(.power)
        case UInt8(ascii: "@"): return .at
        case UInt8(ascii: "="):
            if take(UInt8(ascii: "=")) { return .binary(.equal) }
            if current == UInt8(ascii: "~") {
                throw error("unexpected character after '=': \(quotedCharacter(offset))")
            }
            return .assign
        case UInt8(ascii: "!"):
            if take(UInt8(ascii: "=")) { return .binary(.notEqual) }
            throw error("unexpected character after '!': \(quotedCharacter(offset))")
        case UInt8(ascii: "<"):
            return .binary(take(UInt8(ascii: "=")) ? .lessOrEqual : .less)
        case UInt8(ascii: ">"):
            return .binary(take(UInt8(ascii: "=")) ? .greaterOrEqual : .greater)
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"): return try string(byte)
        case UInt8(ascii: "("):
            parenDepth += 1
            return .leftParen
        case UInt8(ascii: ")"):
            parenDepth -= 1
            if parenDepth < 0 { throw error("unexpected right parenthesis ')'") }
            return .rightParen
        case UInt8(ascii: "{"):
            isInBraces = true
            return .leftBrace
        case UInt8(ascii: "["):
            if isInBracket { throw error("unexpected left bracket '['") }
            isInBracket = true
            hasColon = false
            return .leftBracket
        case UInt8(ascii: "]"):
            if !isInBracket { throw error("unexpected right bracket ']'") }
            isInBracket = false
            return .rightBracket
        default: throw error("unexpected character: \(quotedCharacter(start))")
        }
    }

    private mutating func insideBraces() throws(PromQLError) -> TokenKind {
        guard let byte = current else {
            throw error("unexpected end of input inside braces")
        }
        if byte.isLetter {
            while let byte = current, byte.isLetter || byte.isDigit { offset += 1 }
            return .identifier
        }
        offset += 1
        switch byte {
        case UInt8(ascii: ","): return .comma
        case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"): return try string(byte)
        case UInt8(ascii: "="): return take(UInt8(ascii: "~")) ? .matchRegex : .assign
        case UInt8(ascii: "!"):
            if take(UInt8(ascii: "~")) { return .matchNotRegex }
            if take(UInt8(ascii: "=")) { return .binary(.notEqual) }
            throw error(
                "unexpected character after '!' inside braces: \(quotedCharacter(offset))"
            )
        case UInt8(ascii: "{"): throw error("unexpected left brace '{'")
        case UInt8(ascii: "}"):
            isInBraces = false
            return .rightBrace
        default: throw error("unexpected character inside braces: \(quotedCharacter(start))")
        }
    }

    private mutating func wordOrColon() throws(PromQLError) -> TokenKind {
        if isInBracket, current == UInt8(ascii: ":") {
            if hasColon { throw error("unexpected colon ':'") }
            offset += 1
            hasColon = true
            return .colon
        }
        var colons = false
        while let byte = current {
            let isColon = byte == UInt8(ascii: ":") && !isInBracket
            guard byte.isLetter || byte.isDigit || isColon else { break }
            colons = colons || isColon
            offset += 1
        }
        let word = String(decoding: bytes[start..<offset], as: UTF8.self).asciiLowercased
        if let keyword = Keyword.byText[word] { return .word(keyword) }
        if let binary = BinaryOperator.byWord[word] { return .binary(binary) }
        if let aggregate = AggregateOperator.byText[word] { return .aggregate(aggregate) }
        if word == "inf" || word == "nan" { return .number }
        return colons ? .metricIdentifier : .identifier
    }
}

extension UInt8 {
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    /// ASCII letters and the underscore.
    var isLetter: Bool {
        (self >= 0x61 && self <= 0x7a) || (self >= 0x41 && self <= 0x5a) || self == 0x5f
    }
    var isBlank: Bool { self == 0x20 || self == 0x09 || self == 0x0a || self == 0x0d }
}

extension String {
    // Locale-free, and never the Unicode tables.
    var asciiLowercased: String {
        String(decoding: utf8.map { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
