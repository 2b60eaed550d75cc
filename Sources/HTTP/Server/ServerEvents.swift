// What the server tells about itself; bound to meters and the log where the program is wired.

/// Calls that the server makes on its loop; be quick.
public struct ServerEvents: Sendable {
    /// A limit was hit, for this reason a request or a connection was refused or dropped.
    public var limitHit: @Sendable (ServerLimit) -> Void = { _ in }
    /// A response has begun, after so many milliseconds in its handler.
    public var answered: @Sendable (HTTPRequestLine, HTTPStatus, Double) -> Void = { _, _, _ in }
    /// A connection could not be accepted; accepting pauses for a moment.
    public var acceptFailed: @Sendable (any Error) -> Void = { _ in }

    /// Listens to nothing.
    public init() {}
}

/// Method and path of a request, without its secrets: no query, no headers.
public struct HTTPRequestLine: Sendable, Hashable {
    /// The method.
    public let method: HTTPMethod
    /// The path as sent.
    public let path: String
}
