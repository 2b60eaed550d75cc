// Values: which kind begins here, arrays, inline tables.

extension TOMLParser {
    /// One value, blanks before it skipped; `depth` counts the levels above it.
    mutating func value(depth: Int) throws(TOMLError) -> TOMLItem {
        skipBlanks()
        let position = here()
        if depth > TOMLParser.depthLimit {
            throw TOMLError(.tooDeep(limit: TOMLParser.depthLimit), at: position)
        }
        switch byte {
        case UInt8(ascii: "\""):
            let text = stands("\"\"\"") ? try longBasicString() : try basicString()
            return TOMLItem(.string(text), at: position)
        case UInt8(ascii: "'"):
            let text = stands("'''") ? try longLiteralString() : try literalString()
            return TOMLItem(.string(text), at: position)
        case UInt8(ascii: "["):
            return TOMLItem(.array(try array(depth: depth)), at: position)
        case UInt8(ascii: "{"):
            return TOMLItem(.table(try inlineTable(position, depth: depth)), at: position)
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            return TOMLItem(.boolean(try boolean()), at: position)
        case .some(let byte) where TOMLParser.beginsNumber(byte):
            return TOMLItem(try numberOrDate(), at: position)
        default:
            throw unexpected("a value (a text needs \"quotes\")")
        }
    }

    // `i` and `n` begin inf and nan.
    private static func beginsNumber(_ byte: UInt8) -> Bool {
        digit(byte, radix: 10) != nil || "+-in".utf8.contains(byte)
    }

    private mutating func boolean() throws(TOMLError) -> Bool {
        for (text, value) in [("true" as StaticString, true), ("false" as StaticString, false)]
        where stands(text) {
            let next = peek(text.utf8CodeUnitCount)
            if next.map(TOMLParser.isBareKey) ?? false { break }
            at += text.utf8CodeUnitCount
            return value
        }
        throw unexpected("true or false, or a text in \"quotes\"")
    }

    private mutating func array(depth: Int) throws(TOMLError) -> [TOMLItem] {
        at += 1
        var items: [TOMLItem] = []
        while true {
            try skipLines()
            if byte == UInt8(ascii: "]") { break }
            items.append(try value(depth: depth + 1))
            try skipLines()
            if byte == UInt8(ascii: "]") { break }
            guard byte == UInt8(ascii: ",") else { throw unexpected(", or ] in the array") }
            at += 1
        }
        at += 1
        return items
    }

    // One line, no comma after the last entry: TOML 1.0 is strict about both.
    private mutating func inlineTable(
        _ position: TOMLPosition,
        depth: Int
    ) throws(TOMLError) -> TOMLTable {
        at += 1
        var builder = TOMLBuilder(at: position)
        skipBlanks()
        if byte == UInt8(ascii: "}") {
            at += 1
            return builder.finished()
        }
        while true {
            let parts = try key()
            try expect(UInt8(ascii: "="), "= after the key")
            let item = try value(depth: depth + parts.count)
            try builder.assign(parts, item)
            skipBlanks()
            if byte == UInt8(ascii: "}") { break }
            guard byte == UInt8(ascii: ",") else {
                throw unexpected(", or } on the same line of the inline table")
            }
            at += 1
        }
        at += 1
        return builder.finished()
    }
}
