// The part of XML 1.0 that object stores answer with, strictly: elements, text, the five named entities
// and numbered characters. No document type, so nothing expands and nothing is fetched.
// https://www.w3.org/TR/xml/

/// An element with what is in it.
public struct XMLElement: Sendable, Equatable {
    /// Without a prefix of a name space.
    public var name: String
    /// All text directly in it, joined; blanks between elements included.
    public var text: String = ""
    /// The elements in it, in order.
    public var children: [XMLElement] = []

    /// An empty element.
    public init(_ name: String) {
        self.name = name
    }

    /// The first child of that name.
    public subscript(name: String) -> XMLElement? {
        children.first { $0.name == name }
    }

    /// All children of that name.
    public func all(_ name: String) -> [XMLElement] {
        children.filter { $0.name == name }
    }

    /// Reads a document: one element, after an XML declaration and comments.
    ///
    /// - Throws: the first thing that is wrong, with its byte offset.
    public static func parse(_ bytes: [UInt8]) throws(XMLError) -> XMLElement {
        if let offset = UTF8Scan.firstInvalid(bytes.span) { throw .notUTF8(atByte: offset) }
        var parser = XMLParser(bytes: bytes)
        return try parser.document()
    }
}

/// Why bytes are no document that is read here; offsets count from 0.
public enum XMLError: Error, Equatable {
    case unexpected(wanted: String, atByte: Int)
    case notUTF8(atByte: Int)
    case badEntity(atByte: Int)
    case wrongEnd(found: String, wanted: String, atByte: Int)
    case documentType(atByte: Int)
    case tooDeep(limit: Int, atByte: Int)
    case tooMany(limit: Int, atByte: Int)
}

extension XMLError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unexpected(let wanted, let offset): "byte \(offset): no XML, expected \(wanted)"
        case .notUTF8(let offset): "byte \(offset): not UTF-8"
        case .badEntity(let offset): "byte \(offset): not an entity that XML itself has"
        case .wrongEnd(let found, let wanted, let offset):
            "byte \(offset): </\(found)> ends <\(wanted)>"
        case .documentType(let offset): "byte \(offset): a document type is not read"
        case .tooDeep(let limit, let offset):
            "byte \(offset): nested more than \(limit) levels deep"
        case .tooMany(let limit, let offset): "byte \(offset): more than \(limit) elements"
        }
    }
}
