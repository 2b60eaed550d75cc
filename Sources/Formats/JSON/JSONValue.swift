// JSON as a value: RFC 8259, strictly.

/// One JSON value.
///
/// Objects keep their order and their repeated keys; who reads them decides.
public enum JSONValue: Sendable, Equatable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])

    /// Reads one value that is all of `bytes`, blanks aside.
    /// - Throws: the first thing that is wrong, with its byte offset.
    public static func parse(_ bytes: [UInt8]) throws(JSONError) -> JSONValue {
        var parser = JSONParser(bytes: bytes)
        return try parser.document()
    }

    /// The value of `key` in an object (the last, if it is repeated), nil otherwise.
    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == key }?.value
    }
}

/// One name and value of an object.
public struct JSONMember: Sendable, Equatable {
    /// The name, unescaped.
    public let name: String
    /// The value.
    public let value: JSONValue

    /// Makes a member.
    public init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}

/// Why bytes are not JSON; offsets count from 0.
public enum JSONError: Error, Equatable {
    case unexpected(found: String, wanted: String, atByte: Int)
    case notUTF8(atByte: Int)
    case badEscape(atByte: Int)
    case badNumber(atByte: Int)
    case tooDeep(limit: Int, atByte: Int)
}

extension JSONError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unexpected(let found, let wanted, let offset):
            "byte \(offset): found \(found), expected \(wanted)"
        case .notUTF8(let offset):
            "byte \(offset): not UTF-8; save the file as UTF-8"
        case .badEscape(let offset):
            "byte \(offset): no escape of JSON; use \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\uXXXX, "
                + "surrogates in pairs"
        case .badNumber(let offset):
            "byte \(offset): not a number of JSON, or beyond the range of a double"
        case .tooDeep(let limit, let offset):
            "byte \(offset): nested more than \(limit) levels deep; flatten it"
        }
    }
}
