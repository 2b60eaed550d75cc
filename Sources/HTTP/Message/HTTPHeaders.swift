// Header fields in the order in which they came: RFC 9110, section 5.

/// A list of header fields.
///
/// Names compare without regard to ASCII case; the order is kept.
///
/// Requests have few fields, so lookups walk the list.
public struct HTTPHeaders: Sendable, Hashable {
    /// One field.
    public struct Field: Sendable, Hashable {
        /// As it was spelled.
        public let name: String
        /// Without the white space around it.
        public let value: String
    }

    /// The fields in order.
    public private(set) var fields: [Field] = []

    /// Starts empty.
    public init() {}

    /// Starts with the given fields.
    public init(_ fields: [(String, String)]) {
        for (name, value) in fields { add(name, value) }
    }

    /// The number of fields.
    public var count: Int { fields.count }

    /// Whether there is none.
    public var isEmpty: Bool { fields.isEmpty }

    /// The first value of `name`, nil when absent.
    public subscript(name: String) -> String? {
        for field in fields where HTTPHeaders.same(field.name, name) { return field.value }
        return nil
    }

    /// Every value of `name`, in order.
    public func all(_ name: String) -> [String] {
        fields.filter { HTTPHeaders.same($0.name, name) }.map(\.value)
    }

    /// Adds a field at the end.
    public mutating func add(_ name: String, _ value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Replaces every field of that name by one.
    public mutating func set(_ name: String, _ value: String) {
        remove(name)
        add(name, value)
    }

    /// Removes every field of that name.
    public mutating func remove(_ name: String) {
        fields.removeAll { HTTPHeaders.same($0.name, name) }
    }

    /// Whether a comma separated field such as `Connection` holds `token`, in any case.
    public func has(_ token: String, in name: String) -> Bool {
        for value in all(name) {
            for part in value.utf8.split(separator: UInt8(ascii: ",")) {
                if HTTPHeaders.sameBytes(HTTPHeaders.trimmed(part), token.utf8) { return true }
            }
        }
        return false
    }

    /// The media type of `Content-Type` in lower case, without its parameters; nil when absent.
    public var mediaType: String? {
        guard let value = self["content-type"] else { return nil }
        let type = value.utf8.prefix { $0 != UInt8(ascii: ";") }
        return String(decoding: HTTPHeaders.trimmed(type).map(HTTPHeaders.lower), as: UTF8.self)
    }

    /// Whether two names or tokens are the same without regard to ASCII case.
    public static func same(_ one: String, _ other: String) -> Bool {
        sameBytes(one.utf8, other.utf8)
    }

    static func sameBytes(
        _ one: some Sequence<UInt8>,
        _ other: some Sequence<UInt8>
    ) -> Bool {
        one.elementsEqual(other) { lower($0) == lower($1) }
    }

    static func lower(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        var text = text
        while let first = text.first, first == 0x20 || first == 0x09 { text.removeFirst() }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return text
    }
}
