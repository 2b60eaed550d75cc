// What a TOML document holds, with the place of every key and value: https://toml.io/en/v1.0.0

/// A place in a document, both counted from 1; columns count Unicode characters, a tab is one.
public struct TOMLPosition: Hashable, Sendable {
    /// The line.
    public let line: Int
    /// The column.
    public let column: Int

    /// Makes a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }
}

extension TOMLPosition: CustomStringConvertible {
    /// `line 3, column 7`.
    public var description: String { "line \(line), column \(column)" }
}

/// One value of a document, without its place.
public enum TOMLValue: Sendable, Equatable {
    case string(String)
    case integer(Int64)
    case float(Double)
    case boolean(Bool)
    /// Any of the four date and time types.
    case dateTime(TOMLDateTime)
    /// Also an array of tables, whose items are then all `.table`.
    case array([TOMLItem])
    /// Also an inline table.
    case table(TOMLTable)

    /// The type's name for messages: `string`, `integer`, `float`, `boolean`, `date-time`,
    /// `array`, `table`.
    public var typeName: String {
        switch self {
        case .string: "string"
        case .integer: "integer"
        case .float: "float"
        case .boolean: "boolean"
        case .dateTime: "date-time"
        case .array: "array"
        case .table: "table"
        }
    }
}

/// A value and where it begins.
public struct TOMLItem: Sendable, Equatable {
    /// The value.
    public var value: TOMLValue
    /// Where its first character stands.
    public var position: TOMLPosition

    /// Makes an item.
    public init(_ value: TOMLValue, at position: TOMLPosition) {
        self.value = value
        self.position = position
    }
}

/// One key of a table with its value.
public struct TOMLEntry: Sendable, Equatable {
    /// The key, unquoted.
    public var key: String
    /// Where the key stands (its first mention, for a table).
    public var keyPosition: TOMLPosition
    /// The value.
    public var item: TOMLItem

    /// Makes an entry.
    public init(_ key: String, at keyPosition: TOMLPosition, _ item: TOMLItem) {
        self.key = key
        self.keyPosition = keyPosition
        self.item = item
    }
}

/// A table: keys in the order of the document, each at most once.
public struct TOMLTable: Sendable, Equatable {
    /// Where the table begins: its header, its brace, or the first key that implies it.
    public var position: TOMLPosition
    /// The keys and values, in the order in which they were first mentioned.
    public var entries: [TOMLEntry]

    /// Makes a table; the caller sees to it that no key comes twice.
    public init(at position: TOMLPosition, entries: [TOMLEntry] = []) {
        self.position = position
        self.entries = entries
    }

    /// The item of `key`, nil when absent; O(keys).
    public subscript(key: String) -> TOMLItem? { entry(key)?.item }

    /// The entry of `key`, nil when absent; O(keys).
    ///
    /// Keys are compared by their bytes: TOML does not normalise Unicode, `String`'s `==` does.
    public func entry(_ key: String) -> TOMLEntry? {
        entries.first { $0.key.utf8.elementsEqual(key.utf8) }
    }
}
