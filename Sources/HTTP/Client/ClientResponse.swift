// What came back.

/// Status and headers of a response: what a sink sees before the body.
public struct ClientResponseHead: Sendable {
    /// The status.
    public var status: HTTPStatus
    /// The fields of the last response, after any redirects.
    public var headers: HTTPHeaders

    /// Made by clients.
    public init(status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders()) {
        self.status = status
        self.headers = headers
    }
}

/// A complete response.
public struct ClientResponse: Sendable {
    /// Times from the start of the request, in milliseconds.
    public struct Timings: Sendable, Hashable {
        /// Until the connection stood, TLS included; 0 when one was reused.
        public var connectMs: Double = 0
        /// Until the first byte of the response.
        public var firstByteMs: Double = 0
        /// Until the end.
        public var totalMs: Double = 0

        /// Starts at zero.
        public init() {}
    }

    /// Status and headers.
    public var head: ClientResponseHead
    /// The body, decompressed; empty when it went to a sink.
    public var body: [UInt8]
    /// How long it took.
    public var timings = Timings()
    /// Length of the body as it came over the wire.
    public var wireBytes = 0
    /// Length of the body after decompression.
    public var bodyBytes = 0
    /// Whether the request went over a connection of an earlier one.
    public var reusedConnection = false
    /// What `Retry-After` asks for in seconds, from 0 to 86400; nil when it is not there.
    public var retryAfterSeconds: Int?

    /// Made by clients, and by fakes in tests.
    public init(_ status: HTTPStatus, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8] = []) {
        head = ClientResponseHead(status: status, headers: headers)
        self.body = body
        bodyBytes = body.count
    }

    /// The status.
    public var status: HTTPStatus { head.status }
    /// The header fields.
    public var headers: HTTPHeaders { head.headers }
}
