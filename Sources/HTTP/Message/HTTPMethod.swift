// Request methods: RFC 9110, section 9.

/// A request method, as spelled on the wire; methods are case-sensitive.
public struct HTTPMethod: RawRepresentable, Hashable, Sendable {
    /// The token, such as `GET`.
    public let rawValue: String

    /// Takes the token as it stands.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    public static let get = HTTPMethod(rawValue: "GET")
    public static let head = HTTPMethod(rawValue: "HEAD")
    public static let post = HTTPMethod(rawValue: "POST")
    public static let put = HTTPMethod(rawValue: "PUT")
    public static let delete = HTTPMethod(rawValue: "DELETE")
    public static let options = HTTPMethod(rawValue: "OPTIONS")

    /// Whether the method promises to change nothing (RFC 9110, 9.2.1).
    public var isSafe: Bool { self == .get || self == .head || self == .options }
}

extension HTTPMethod: CustomStringConvertible {
    public var description: String { rawValue }
}
