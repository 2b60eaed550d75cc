// Why a document is not TOML, where, and what to do about it.

/// The first thing in a document that TOML 1.0 does not allow.
public struct TOMLError: Error, Equatable {
    /// Where.
    public let position: TOMLPosition
    /// What.
    public let problem: Problem

    /// Makes an error.
    public init(_ problem: Problem, at position: TOMLPosition) {
        self.problem = problem
        self.position = position
    }

    /// What can be wrong; its description says what to do, without the place.
    public enum Problem: Equatable, Sendable {
        case notUTF8(byte: UInt8)
        case control(UInt8)
        case bareCarriageReturn
        case unexpected(found: String, wanted: String)
        case unterminatedString(closedBy: String)
        case badEscape(String)
        case badNumber(String, why: String)
        case integerRange(String)
        case badDateTime(String, why: String)
        case duplicateKey(String, first: TOMLPosition)
        case duplicateTable(String, first: TOMLPosition)
        case notATable(String, first: TOMLPosition)
        case closedTable(String, first: TOMLPosition)
        case definedElsewhere(String, first: TOMLPosition)
        case notTables(String, first: TOMLPosition)
        case tooDeep(limit: Int)
    }
}

extension TOMLError: CustomStringConvertible {
    /// `line 3, column 7: ` and the problem.
    public var description: String { "\(position): \(problem)" }
}

extension TOMLError.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notUTF8(let byte):
            "byte \(hex(byte, 2)) is not UTF-8; save the file as UTF-8"
        case .control(let byte):
            "control character \(hex(byte, 4)); remove it, or write \\u\(digits(byte, 4)) in a \"string\""
        case .bareCarriageReturn:
            "carriage return without line feed; end lines with LF or CR LF"
        case .unexpected(let found, let wanted):
            "found \(found), expected \(wanted)"
        case .unterminatedString(let closing):
            "the string that begins here has no end; close it with \(closing)"
        case .badEscape(let text):
            "\(text) is no escape; use \\b \\t \\n \\f \\r \\\" \\\\ \\uXXXX or \\UXXXXXXXX, "
                + "or a 'literal string'"
        case .badNumber(let text, let why):
            "\(text) is not a number: \(why)"
        case .integerRange(let text):
            "\(text) does not fit 64 bits; use -9223372036854775808 to 9223372036854775807"
        case .badDateTime(let text, let why):
            "\(text) is not a date or time: \(why)"
        case .duplicateKey(let key, let first):
            "\(key) is set already at \(first); keep one of the two"
        case .duplicateTable(let name, let first):
            "table \(name) is defined already at \(first); put the keys of both under one header"
        case .notATable(let name, let first):
            "\(name) is a value, set at \(first), and can have no keys below it; rename one of the two"
        case .closedTable(let name, let first):
            "\(name) is complete as written at \(first); write all of it there, inside its brackets"
        case .definedElsewhere(let name, let first):
            "table \(name) has a header of its own at \(first); put the key under that header"
        case .notTables(let name, let first):
            "\(name) at \(first) is not an array of tables; use [[\(name)]] for all of them or rename"
        case .tooDeep(let limit):
            "nested more than \(limit) levels deep; flatten it"
        }
    }
}

private func digits(_ byte: UInt8, _ width: Int) -> String {
    let text = String(byte, radix: 16, uppercase: true)
    return String(repeating: "0", count: width - text.count) + text
}

private func hex(_ byte: UInt8, _ width: Int) -> String {
    (width == 4 ? "U+" : "0x") + digits(byte, width)
}
