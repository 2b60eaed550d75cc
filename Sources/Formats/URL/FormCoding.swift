// Query strings and form bodies: url.spec.whatwg.org, application/x-www-form-urlencoded.

/// Why a query string or form cannot be read.
public enum FormError: Error, Equatable {
    case broken(String)
    case tooMany(limit: Int)
}

extension FormError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .broken(let text):
            "cannot decode \"\(text)\": every % needs two hex digits and the text must be UTF-8"
        case .tooMany(let limit): "cannot take more than \(limit) parameters"
        }
    }
}

/// The parameters of a request in their order; names may come repeatedly.
public struct FormCoding: Sendable, Equatable {
    /// One name and value.
    public struct Field: Sendable, Equatable {
        /// The name, decoded.
        public let name: String
        /// The value, decoded; empty without `=`.
        public let value: String

        /// Makes a field.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// More parameters than this are refused.
    public static let fieldLimit = 10_000

    /// The fields in their order.
    public private(set) var fields: [Field]

    /// Takes fields as they are.
    public init(_ fields: [Field] = []) {
        self.fields = fields
    }

    /// Reads `a=b&c=d`; `+` is a space, empty pieces are skipped.
    /// - Throws: `.broken` for a damaged `%XX` or what is not UTF-8, `.tooMany`.
    public init(parsing bytes: [UInt8]) throws(FormError) {
        fields = []
        for piece in bytes.split(separator: UInt8(ascii: "&")) {
            let equal = piece.firstIndex(of: UInt8(ascii: "="))
            let value = equal.map { piece[($0 + 1)...] } ?? []
            guard
                let name = PercentCoding.decode(
                    piece[..<(equal ?? piece.endIndex)],
                    plusIsSpace: true
                ),
                let value = PercentCoding.decode(value, plusIsSpace: true)
            else { throw .broken(String(decoding: piece.prefix(100), as: UTF8.self)) }
            if fields.count == FormCoding.fieldLimit {
                throw .tooMany(limit: FormCoding.fieldLimit)
            }
            fields.append(Field(name, value))
        }
    }

    /// Reads a query string without its `?`.
    /// - Throws: as `init(parsing:)`.
    public init(query: String) throws(FormError) {
        try self.init(parsing: Array(query.utf8))
    }

    /// The first value of `name`, nil when absent.
    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    /// Every value of `name`, in order.
    public func all(_ name: String) -> [String] {
        fields.filter { $0.name == name }.map(\.value)
    }

    /// Adds a field at the end.
    public mutating func add(_ name: String, _ value: String) { fields.append(Field(name, value)) }

    /// The fields as one query string.
    public var encoded: String {
        fields.map { "\(FormCoding.plus($0.name))=\(FormCoding.plus($0.value))" }
            .joined(separator: "&")
    }

    // Go's url.QueryEscape: a space is a plus.
    private static func plus(_ text: String) -> String {
        let encoded = PercentCoding.encode(text, allowing: " ")
        return String(
            decoding: encoded.utf8.map { $0 == 0x20 ? UInt8(ascii: "+") : $0 },
            as: UTF8.self
        )
    }
}
