// Escapes and `[…]` of RE2's syntax.

extension PatternParser {
    /// An escape outside a class; `offset` is at the backslash.
    mutating func escape() throws(PatternError) -> PatternNode {
        guard offset + 1 < bytes.count else {
            throw error(.trailingBackslash, bytes.count..<bytes.count, at: offset)
        }
        let assertion: PatternAssertion? =
            switch bytes[offset + 1] {
            case UInt8(ascii: "A"): .textStart
            case UInt8(ascii: "z"): .textEnd
            case UInt8(ascii: "b"): .wordBoundary
            case UInt8(ascii: "B"): .noWordBoundary
            default: nil
            }
        if let assertion {
            offset += 2
            return .assertion(assertion)
        }
        if let set = try escapedClass() { return .set(set) }
        return literal(try escapedScalar())
    }

    // `\d` and the like; nil when the escape is another one.
    private mutating func escapedClass() throws(PatternError) -> ScalarSet? {
        var set: ScalarSet
        switch bytes[offset + 1] | 0x20 {
        case UInt8(ascii: "d"): set = .digit
        case UInt8(ascii: "s"): set = .space
        case UInt8(ascii: "w"): set = .word
        case UInt8(ascii: "p"):
            let start = offset
            offset += 2
            if offset < bytes.count, bytes[offset] == UInt8(ascii: "{") {
                offset = (bytes[offset...].firstIndex(of: UInt8(ascii: "}")) ?? offset) + 1
            } else if offset < bytes.count {
                _ = scalar()
            }
            throw error(.unsupportedUnicodeClass, start..<offset)
        default: return nil
        }
        // `\w` under `(?i)` also takes the long s and the Kelvin sign, as in RE2.
        if flags.foldCase { set = set.folded }
        if bytes[offset + 1] & 0x20 == 0 { set = set.inverted }
        offset += 2
        return set
    }

    // An escape that stands for one scalar.
    private mutating func escapedScalar() throws(PatternError) -> UInt32 {
        let start = offset
        offset += 1
        guard offset < bytes.count else {
            throw error(.trailingBackslash, bytes.count..<bytes.count, at: start)
        }
        let byte = bytes[offset]
        let letter = scalar()
        switch byte {
        case UInt8(ascii: "a"): return 7
        case UInt8(ascii: "f"): return 12
        case UInt8(ascii: "n"): return 10
        case UInt8(ascii: "r"): return 13
        case UInt8(ascii: "t"): return 9
        case UInt8(ascii: "v"): return 11
        case UInt8(ascii: "x"):
            if let value = hexadecimal() { return value }
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            // A single digit but 0 would be a back reference, which RE2 has not.
            var value = letter - 0x30
            var digits = 1
            while digits < 3, offset < bytes.count, (0x30...0x37).contains(bytes[offset]) {
                value = value * 8 + UInt32(bytes[offset] - 0x30)
                offset += 1
                digits += 1
            }
            if byte == UInt8(ascii: "0") || digits > 1 { return value }
        default:
            if byte == 0x5f || (byte < 0x80 && !PatternParser.isWord(byte)) { return letter }
        }
        throw error(.invalidEscape, start..<offset)
    }

    // What follows `\x`: two digits, or any number of them in braces.
    private mutating func hexadecimal() -> UInt32? {
        guard offset < bytes.count else { return nil }
        var value: UInt32 = 0
        if bytes[offset] == UInt8(ascii: "{") {
            offset += 1
            let start = offset
            while offset < bytes.count, let digit = PatternParser.hexDigit(bytes[offset]) {
                value = value * 16 + digit
                offset += 1
                if value > ScalarSet.last { return nil }
            }
            guard offset > start, offset < bytes.count, bytes[offset] == UInt8(ascii: "}")
            else { return nil }
            offset += 1
            return value
        }
        for _ in 0..<2 {
            guard offset < bytes.count, let digit = PatternParser.hexDigit(bytes[offset])
            else { return nil }
            value = value * 16 + digit
            offset += 1
        }
        return value
    }

    private static func hexDigit(_ byte: UInt8) -> UInt32? {
        switch byte {
        case 0x30...0x39: UInt32(byte) - 0x30
        case 0x41...0x46: UInt32(byte) - 0x41 + 10
        case 0x61...0x66: UInt32(byte) - 0x61 + 10
        default: nil
        }
    }

    /// A bracket expression; `offset` is at the `[`.
    mutating func characterClass() throws(PatternError) -> ScalarSet {
        let start = offset
        offset += 1
        var set = ScalarSet()
        let negated = offset < bytes.count && bytes[offset] == UInt8(ascii: "^")
        if negated { offset += 1 }
        let first = offset
        while offset < bytes.count, bytes[offset] != UInt8(ascii: "]") || offset == first {
            if let named = try posixClass() {
                set.add(named)
                continue
            }
            if bytes[offset] == UInt8(ascii: "\\"), offset + 1 < bytes.count,
                let escaped = try escapedClass()
            {
                set.add(escaped)
                continue
            }
            let itemStart = offset
            let low = try classScalar()
            var high = low
            if offset + 1 < bytes.count, bytes[offset] == UInt8(ascii: "-"),
                bytes[offset + 1] != UInt8(ascii: "]")
            {
                offset += 1
                high = try classScalar()
                if high < low { throw error(.invalidCharRange, itemStart..<offset) }
            }
            set.add(low, high)
        }
        guard offset < bytes.count else { throw error(.missingBracket, start..<bytes.count) }
        offset += 1
        set.normalise()
        if flags.foldCase { set = set.folded }
        return negated ? set.inverted : set
    }

    private mutating func classScalar() throws(PatternError) -> UInt32 {
        bytes[offset] == UInt8(ascii: "\\") ? try escapedScalar() : scalar()
    }

    // `[:name:]` or `[:^name:]` inside a class.
    private mutating func posixClass() throws(PatternError) -> ScalarSet? {
        guard bytes[offset...].starts(with: "[:".utf8) else { return nil }
        var end = offset + 2
        while end + 1 < bytes.count,
            bytes[end] != UInt8(ascii: ":") || bytes[end + 1] != UInt8(ascii: "]")
        {
            end += 1
        }
        // Without the closing `:]` the bracket is a letter like any other.
        guard end + 1 < bytes.count else { return nil }
        var name = bytes[offset + 2..<end]
        let negated = name.first == UInt8(ascii: "^")
        if negated { name = name.dropFirst() }
        guard let set = ScalarSet.posix(String(decoding: name, as: UTF8.self)) else {
            throw error(.invalidCharRange, offset..<end + 2)
        }
        offset = end + 2
        let folded = flags.foldCase ? set.folded : set
        return negated ? folded.inverted : folded
    }
}
