// What a handler answers: all at once, or piece by piece.

/// A response.
///
/// The server adds `Date`, `Content-Length` or chunked framing, and `Connection`.
public struct HTTPResponse: Sendable {
    /// The body of a response.
    public enum Body: Sendable {
        /// All of it.
        case bytes([UInt8])
        /// Written by the closure, on the loop; the response ends when the closure returns.
        case stream(@Sendable (any HTTPBodyWriter) async throws(HTTPBodyClosed) -> Void)
    }

    /// The status.
    public var status: HTTPStatus
    /// Fields other than those that the server adds.
    public var headers: HTTPHeaders
    /// The body.
    public var body: Body

    /// Makes a response with any kind of body.
    public init(_ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// Makes a response whose body is at hand.
    public init(_ status: HTTPStatus, type: String, _ body: [UInt8]) {
        self.init(status, headers: HTTPHeaders([("Content-Type", type)]), body: .bytes(body))
    }

    /// Makes a response of plain text, which should end with a newline.
    public init(_ status: HTTPStatus, text: String) {
        self.init(status, type: "text/plain; charset=utf-8", Array(text.utf8))
    }

    /// Makes a response without a body.
    public init(_ status: HTTPStatus) {
        self.init(status, body: .bytes([]))
    }

    /// The same response with one more header field.
    public func with(_ name: String, _ value: String) -> HTTPResponse {
        var response = self
        response.headers.set(name, value)
        return response
    }
}

/// Takes the pieces of a streamed body.
public protocol HTTPBodyWriter: Sendable {
    /// Hands over one piece, and waits while the peer is slower than the writer.
    ///
    /// - Throws: `HTTPBodyClosed` when the connection is gone: stop writing and return.
    func write(_ bytes: [UInt8]) async throws(HTTPBodyClosed)
}

/// The peer went away, or was too slow, while a body was being written.
public struct HTTPBodyClosed: Error, Equatable {
    /// Made by writers.
    public init() {}
}

extension HTTPBodyClosed: CustomStringConvertible {
    public var description: String { "cannot write the response: the connection is closed" }
}
