// The reader behind JSONValue.parse.

struct JSONParser {
    let bytes: [UInt8]
    var at = 0

    static let depthLimit = 128

    mutating func document() throws(JSONError) -> JSONValue {
        if let offset = UTF8Scan.firstInvalid(bytes.span) { throw .notUTF8(atByte: offset) }
        let value = try value(depth: 0)
        skipBlanks()
        guard at == bytes.count else { throw unexpected("nothing after the value") }
        return value
    }

    private var byte: UInt8? { at < bytes.count ? bytes[at] : nil }

    private mutating func skipBlanks() {
        while let byte, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
    }

    private func unexpected(_ wanted: String) -> JSONError {
        guard let byte else { return .unexpected(found: "the end", wanted: wanted, atByte: at) }
        if byte < 0x20 || byte == 0x7f {
            return .unexpected(found: "control byte \(byte)", wanted: wanted, atByte: at)
        }
        var end = at + 1
        while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
        let found = "'\(String(decoding: bytes[at..<end], as: UTF8.self))'"
        return .unexpected(found: found, wanted: wanted, atByte: at)
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        skipBlanks()
        if depth > JSONParser.depthLimit {
            throw .tooDeep(limit: JSONParser.depthLimit, atByte: at)
        }
        switch byte {
        case UInt8(ascii: "{"): return try object(depth)
        case UInt8(ascii: "["): return try array(depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case .some(let byte) where byte == UInt8(ascii: "-") || isDigit(byte):
            return .number(try number())
        default: throw unexpected("a value")
        }
    }

    private mutating func word(
        _ text: String,
        _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        guard bytes[at...].starts(with: text.utf8) else { throw unexpected(text) }
        at += text.utf8.count
        return value
    }

    private mutating func object(_ depth: Int) throws(JSONError) -> JSONValue {
        at += 1
        var members: [JSONMember] = []
        skipBlanks()
        if byte == UInt8(ascii: "}") {
            at += 1
            return .object(members)
        }
        while true {
            skipBlanks()
            guard byte == UInt8(ascii: "\"") else { throw unexpected("a name in quotes") }
            let name = try string()
            skipBlanks()
            guard byte == UInt8(ascii: ":") else { throw unexpected(": after the name") }
            at += 1
            members.append(JSONMember(name, try value(depth: depth + 1)))
            skipBlanks()
            if byte == UInt8(ascii: "}") { break }
            guard byte == UInt8(ascii: ",") else { throw unexpected(", or }") }
            at += 1
        }
        at += 1
        return .object(members)
    }

    private mutating func array(_ depth: Int) throws(JSONError) -> JSONValue {
        at += 1
        var items: [JSONValue] = []
        skipBlanks()
        if byte == UInt8(ascii: "]") {
            at += 1
            return .array(items)
        }
        while true {
            items.append(try value(depth: depth + 1))
            skipBlanks()
            if byte == UInt8(ascii: "]") { break }
            guard byte == UInt8(ascii: ",") else { throw unexpected(", or ]") }
            at += 1
        }
        at += 1
        return .array(items)
    }

    private mutating func string() throws(JSONError) -> String {
        at += 1
        var text: [UInt8] = []
        while let byte {
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                try escape(into: &text)
            case 0..<0x20:
                throw unexpected("\\n or another escape inside the string")
            default:
                text.append(byte)
                at += 1
            }
        }
        throw unexpected("\" at the end of the string")
    }

    private mutating func escape(into text: inout [UInt8]) throws(JSONError) {
        let start = at
        at += 1
        let letter = byte
        at += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter ?? 0)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try fourDigits(start)
            if 0xd800..<0xdc00 ~= code {
                guard byte == UInt8(ascii: "\\"), at + 1 < bytes.count,
                    bytes[at + 1] == UInt8(ascii: "u")
                else { throw .badEscape(atByte: start) }
                at += 2
                let low = try fourDigits(start)
                guard 0xdc00..<0xe000 ~= low else { throw .badEscape(atByte: start) }
                code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw .badEscape(atByte: start) }
            text.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        default: throw .badEscape(atByte: start)
        }
    }

    private mutating func fourDigits(_ start: Int) throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte, let digit = HexDigit.value(byte) else {
                throw .badEscape(atByte: start)
            }
            code = code << 4 | UInt32(digit)
            at += 1
        }
        return code
    }

    private func isDigit(_ byte: UInt8?) -> Bool { byte.map { 0x30...0x39 ~= $0 } ?? false }

    private mutating func number() throws(JSONError) -> Double {
        let start = at
        if byte == UInt8(ascii: "-") { at += 1 }
        guard isDigit(byte) else { throw .badNumber(atByte: start) }
        let zero = byte == 0x30
        at += 1
        if zero, isDigit(byte) { throw .badNumber(atByte: start) }
        try digits(start, atLeast: 0)
        if byte == UInt8(ascii: ".") {
            at += 1
            try digits(start, atLeast: 1)
        }
        if byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") {
            at += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { at += 1 }
            try digits(start, atLeast: 1)
        }
        let text = String(decoding: bytes[start..<at], as: UTF8.self)
        guard let value = Double(text), value.isFinite else { throw .badNumber(atByte: start) }
        return value
    }

    private mutating func digits(_ start: Int, atLeast least: Int) throws(JSONError) {
        let first = at
        while isDigit(byte) { at += 1 }
        if at - first < least { throw .badNumber(atByte: start) }
    }
}
