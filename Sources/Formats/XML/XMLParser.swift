// From bytes to elements, without recursion: a document cannot exhaust the stack.

/// Reads one document.
struct XMLParser {
    static let depthLimit = 32
    static let elementLimit = 100_000

    private let bytes: [UInt8]
    private var at = 0
    private var count = 0

    /// Reads `bytes`, which are UTF-8.
    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The one element of the document.
    mutating func document() throws(XMLError) -> XMLElement {
        skip("\u{feff}")
        if skip("<?xml") {
            guard at < bytes.count, isBlank(bytes[at]) else { throw wanted("a blank") }
            try skip(behind: "?>")
        }
        try skipMisc()
        let root = try element()
        try skipMisc()
        guard at == bytes.count else { throw wanted("the end") }
        return root
    }

    private mutating func element() throws(XMLError) -> XMLElement {
        // Each open element with its whole name, by which it must end.
        var open: [(element: XMLElement, name: String)] = []
        var text: [UInt8] = []
        while true {
            let start = at
            guard at < bytes.count else { throw wanted("the end of \(open.last?.name ?? "it")") }
            if bytes[at] != UInt8(ascii: "<") {
                guard !open.isEmpty else { throw wanted("<") }
                try readText(into: &text)
                continue
            }
            if skip("<!--") {
                try skip(behind: "-->")
            } else if skip("<![CDATA[") {
                guard !open.isEmpty else { throw wanted("an element", atByte: start) }
                let first = at
                try skip(behind: "]]>")
                text += bytes[first..<at - 3]
            } else if skip("<?") {
                try skip(behind: "?>")
            } else if skip("<!") {
                throw .documentType(atByte: start)
            } else if skip("</") {
                let name = try name()
                skipBlanks()
                guard skip(">") else { throw wanted(">") }
                guard var done = open.popLast() else { throw wanted("<", atByte: start) }
                guard done.name == name else {
                    throw .wrongEnd(found: name, wanted: done.name, atByte: start)
                }
                done.element.text += String(decoding: text, as: UTF8.self)
                text = []
                if open.isEmpty { return done.element }
                open[open.count - 1].element.children.append(done.element)
            } else {
                at += 1
                let name = try name()
                let isEmpty = try attributes()
                count += 1
                guard count <= XMLParser.elementLimit else {
                    throw .tooMany(limit: XMLParser.elementLimit, atByte: start)
                }
                guard open.count < XMLParser.depthLimit else {
                    throw .tooDeep(limit: XMLParser.depthLimit, atByte: start)
                }
                if !open.isEmpty {
                    open[open.count - 1].element.text += String(decoding: text, as: UTF8.self)
                }
                text = []
                let element = XMLElement(XMLParser.local(name))
                if !isEmpty {
                    open.append((element, name))
                } else if open.isEmpty {
                    return element
                } else {
                    open[open.count - 1].element.children.append(element)
                }
            }
        }
    }

    // Up to and with `>`; true when `/` stands before it. Values are passed over.
    private mutating func attributes() throws(XMLError) -> Bool {
        var names: Set<String> = []
        while true {
            let hasBlank = skipBlanks()
            if skip("/>") { return true }
            if skip(">") { return false }
            guard hasBlank else { throw wanted("a blank or >") }
            let start = at
            guard names.insert(try name()).inserted else {
                throw wanted("another attribute", atByte: start)
            }
            skipBlanks()
            guard skip("=") else { throw wanted("=") }
            skipBlanks()
            guard at < bytes.count else { throw wanted("a quote") }
            let quote = bytes[at]
            guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
                throw wanted("a quote")
            }
            at += 1
            while at < bytes.count, bytes[at] != quote {
                guard bytes[at] != UInt8(ascii: "<") else { throw wanted("a quote") }
                at += 1
            }
            guard at < bytes.count else { throw wanted("a quote") }
            at += 1
        }
    }

    private mutating func name() throws(XMLError) -> String {
        let start = at
        while at < bytes.count, isNameByte(bytes[at], isFirst: at == start) { at += 1 }
        guard at > start else { throw wanted("a name") }
        // A prefix and a colon at most: Namespaces in XML 1.0, section 3.
        let parts = bytes[start..<at].split(
            separator: UInt8(ascii: ":"),
            omittingEmptySubsequences: false
        )
        guard parts.count <= 2,
            parts.allSatisfy({ $0.first.map { isNameByte($0, isFirst: true) } ?? false })
        else { throw wanted("a name", atByte: start) }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func readText(into text: inout [UInt8]) throws(XMLError) {
        while at < bytes.count, bytes[at] != UInt8(ascii: "<") {
            let byte = bytes[at]
            if byte == UInt8(ascii: "&") {
                try readEntity(into: &text)
                continue
            }
            guard byte >= 0x20 || isBlank(byte) else { throw wanted("a character of XML") }
            at += 1
            if byte == 0x0d {
                // A line's end is one character, however it was written: XML 1.0, section 2.11.
                if at < bytes.count, bytes[at] == 0x0a { continue }
                text.append(0x0a)
            } else {
                text.append(byte)
            }
        }
    }

    private mutating func readEntity(into text: inout [UInt8]) throws(XMLError) {
        let start = at
        at += 1
        let limit = min(bytes.count, at + 10)
        guard let end = bytes[at..<limit].firstIndex(of: UInt8(ascii: ";")) else {
            throw .badEntity(atByte: start)
        }
        let word = bytes[at..<end]
        at = end + 1
        switch String(decoding: word, as: UTF8.self) {
        case "amp": text.append(UInt8(ascii: "&"))
        case "lt": text.append(UInt8(ascii: "<"))
        case "gt": text.append(UInt8(ascii: ">"))
        case "quot": text.append(UInt8(ascii: "\""))
        case "apos": text.append(UInt8(ascii: "'"))
        default:
            guard word.first == UInt8(ascii: "#"), let scalar = XMLParser.scalar(word.dropFirst())
            else { throw .badEntity(atByte: start) }
            text += Array(String(scalar).utf8)
        }
    }

    // `10` or `xA`; only characters that may stand in a document.
    private static func scalar(_ digits: ArraySlice<UInt8>) -> Unicode.Scalar? {
        let isHex = digits.first == UInt8(ascii: "x")
        let digits = isHex ? digits.dropFirst() : digits
        guard !digits.isEmpty else { return nil }
        var value: UInt32 = 0
        for digit in digits {
            guard let one = HexDigit.value(digit), isHex || one < 10 else { return nil }
            value = value * (isHex ? 16 : 10) + UInt32(one)
            if value > 0x10_ffff { return nil }
        }
        guard value >= 0x20 || value == 0x09 || value == 0x0a || value == 0x0d,
            value != 0xfffe, value != 0xffff
        else { return nil }
        return Unicode.Scalar(value)
    }

    // Comments and instructions around the element.
    private mutating func skipMisc() throws(XMLError) {
        while true {
            skipBlanks()
            if skip("<!--") {
                try skip(behind: "-->")
            } else if at < bytes.count, bytes[at...].starts(with: "<?".utf8) {
                try skip(behind: "?>")
            } else {
                return
            }
        }
    }

    private mutating func skip(behind end: String) throws(XMLError) {
        let end = Array(end.utf8)
        while at + end.count <= bytes.count {
            if bytes[at] == end[0], bytes[at...].starts(with: end) {
                at += end.count
                return
            }
            at += 1
        }
        throw wanted(String(decoding: end, as: UTF8.self), atByte: bytes.count)
    }

    @discardableResult
    private mutating func skip(_ text: String) -> Bool {
        guard bytes[at...].starts(with: text.utf8) else { return false }
        at += text.utf8.count
        return true
    }

    @discardableResult
    private mutating func skipBlanks() -> Bool {
        let start = at
        while at < bytes.count, isBlank(bytes[at]) { at += 1 }
        return at > start
    }

    private func wanted(_ what: String, atByte offset: Int? = nil) -> XMLError {
        .unexpected(wanted: what, atByte: offset ?? at)
    }

    private func isBlank(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d
    }

    private func isNameByte(_ byte: UInt8, isFirst: Bool) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "_"), UInt8(ascii: ":"), 0x80...:
            true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."):
            !isFirst
        default: false
        }
    }

    private static func local(_ name: String) -> String {
        name.utf8.lastIndex(of: UInt8(ascii: ":"))
            .map { String(name[name.utf8.index(after: $0)...]) } ?? name
    }
}
