// Reads a document byte by byte: lines, keys, headers. Values are in the extensions beside it.

/// The state of one reading.
///
/// Every `mutating` function steps `at` past what it read.
struct TOMLParser {
    let bytes: [UInt8]
    var at = 0
    private var seen = 0
    private var seenPosition = TOMLPosition(line: 1, column: 1)

    /// Tables, arrays and key parts on the way to a value, all counted together.
    static let depthLimit = 128

    init(_ bytes: [UInt8]) throws(TOMLError) {
        self.bytes = bytes
        if let offset = UTF8Scan.firstInvalid(bytes.span) {
            throw TOMLError(.notUTF8(byte: bytes[offset]), at: position(offset))
        }
        // A byte order mark is allowed in front of UTF-8 and says nothing.
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) {
            at = 3
            seen = 3
        }
    }

    mutating func document() throws(TOMLError) -> TOMLTable {
        var builder = TOMLBuilder(at: TOMLPosition(line: 1, column: 1))
        var headerDepth = 0
        while at < bytes.count {
            skipBlanks()
            switch byte {
            case nil, UInt8(ascii: "#"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                break
            case UInt8(ascii: "["):
                at += 1
                let listed = byte == UInt8(ascii: "[")
                if listed { at += 1 }
                let parts = try key()
                try expect(UInt8(ascii: "]"), listed ? "]]" : "]")
                if listed { try expect(UInt8(ascii: "]"), "]]") }
                headerDepth = parts.count
                if listed {
                    try builder.openListedTable(parts)
                } else {
                    try builder.openTable(parts)
                }
            default:
                let parts = try key()
                try expect(UInt8(ascii: "="), "= after the key")
                let item = try value(depth: headerDepth + parts.count)
                try builder.assign(parts, item)
            }
            try endLine()
        }
        return builder.finished()
    }

    /// One or more parts joined by dots, blanks around each skipped.
    mutating func key() throws(TOMLError) -> [TOMLKeyPart] {
        var parts: [TOMLKeyPart] = []
        while true {
            skipBlanks()
            let position = here()
            let text: String
            switch byte {
            case UInt8(ascii: "\""):
                text = try basicString()
            case UInt8(ascii: "'"):
                text = try literalString()
            default:
                let start = at
                while let byte, TOMLParser.isBareKey(byte) { at += 1 }
                guard at > start else {
                    throw unexpected("a key (letters, digits, _ and -, or quoted)")
                }
                text = String(decoding: bytes[start..<at], as: UTF8.self)
            }
            parts.append(TOMLKeyPart(text: text, position: position))
            if parts.count > TOMLParser.depthLimit {
                throw TOMLError(.tooDeep(limit: TOMLParser.depthLimit), at: position)
            }
            skipBlanks()
            guard byte == UInt8(ascii: ".") else { return parts }
            at += 1
        }
    }

    static func isBareKey(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default:
            false
        }
    }
}

extension TOMLParser {
    var byte: UInt8? { at < bytes.count ? bytes[at] : nil }

    func peek(_ distance: Int) -> UInt8? {
        at + distance < bytes.count ? bytes[at + distance] : nil
    }

    /// Whether `text` stands here.
    func stands(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - at >= count else { return false }
        return text.description.utf8.elementsEqual(bytes[at..<at + count])
    }

    /// Space and tab.
    mutating func skipBlanks() {
        while let byte, byte == 0x20 || byte == 0x09 { at += 1 }
    }

    /// Blanks, comments and line ends, inside an array.
    mutating func skipLines() throws(TOMLError) {
        while true {
            skipBlanks()
            try skipComment()
            guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else { return }
            try skipLineEnd()
        }
    }

    /// What may stand between a statement and the next line.
    mutating func endLine() throws(TOMLError) {
        skipBlanks()
        try skipComment()
        guard at < bytes.count else { return }
        guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
            throw unexpected("the end of the line")
        }
        try skipLineEnd()
    }

    private mutating func skipComment() throws(TOMLError) {
        guard byte == UInt8(ascii: "#") else { return }
        while let byte, byte != UInt8(ascii: "\n") {
            if byte == UInt8(ascii: "\r"), peek(1) == UInt8(ascii: "\n") { return }
            try refuseControl(byte)
            at += 1
        }
    }

    mutating func skipLineEnd() throws(TOMLError) {
        if byte == UInt8(ascii: "\r") {
            guard peek(1) == UInt8(ascii: "\n") else {
                throw TOMLError(.bareCarriageReturn, at: here())
            }
            at += 1
        }
        at += 1
    }

    /// Throws for what may stand in no comment and no string unless escaped.
    mutating func refuseControl(_ byte: UInt8) throws(TOMLError) {
        guard byte < 0x20 && byte != 0x09 || byte == 0x7f else { return }
        throw TOMLError(byte == 0x0d ? .bareCarriageReturn : .control(byte), at: here())
    }

    mutating func expect(_ wanted: UInt8, _ name: String) throws(TOMLError) {
        guard byte == wanted else { throw unexpected(name) }
        at += 1
    }

    /// The error for what stands here.
    mutating func unexpected(_ wanted: String) -> TOMLError {
        let found: String
        switch byte {
        case nil: found = "the end of the file"
        case 0x0a: found = "the end of the line"
        case 0x0d where peek(1) == 0x0a: found = "the end of the line"
        case 0x0d: return TOMLError(.bareCarriageReturn, at: here())
        case .some(let byte) where byte < 0x20 && byte != 0x09 || byte == 0x7f:
            return TOMLError(.control(byte), at: here())
        case .some:
            var end = at + 1
            while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
            found = "'\(String(decoding: bytes[at..<end], as: UTF8.self))'"
        }
        return TOMLError(.unexpected(found: found, wanted: wanted), at: here())
    }

    mutating func here() -> TOMLPosition { position(at) }

    /// The place of the byte at `offset`; asked in ascending order it costs O(document) in total.
    mutating func position(_ offset: Int) -> TOMLPosition {
        if offset < seen {
            seen = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? min(3, offset) : 0
            seenPosition = TOMLPosition(line: 1, column: 1)
        }
        var line = seenPosition.line
        var column = seenPosition.column
        while seen < offset {
            if bytes[seen] == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else if bytes[seen] & 0xc0 != 0x80 {
                column += 1
            }
            seen += 1
        }
        seenPosition = TOMLPosition(line: line, column: column)
        return seenPosition
    }
}
