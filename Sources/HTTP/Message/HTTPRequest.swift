// A whole request, as a handler of the server sees it.

/// A request that has arrived in full.
public struct HTTPRequest: Sendable, Hashable {
    /// The method.
    public var method: HTTPMethod
    /// The path as it was sent, percent-encoding and all; begins with `/` (or is `*`).
    public var path: String
    /// What follows the `?`, raw; empty when there is none.
    public var query: String
    /// Host and port that the client asked for: of an absolute target, else of `Host`.
    public var authority: String?
    /// The header fields.
    public var headers: HTTPHeaders
    /// The body, decoded from chunks but not from any `Content-Encoding`.
    public var body: [UInt8]
    /// What the router found in the pattern's place, percent-decoded; nil without one.
    public var parameter: String?
    /// On which listener it came.
    public var listener: HTTPListenerKind

    /// Makes a request; the server does, and tests of handlers do.
    public init(
        method: HTTPMethod = .get,
        path: String,
        query: String = "",
        authority: String? = nil,
        headers: HTTPHeaders = HTTPHeaders(),
        body: [UInt8] = [],
        parameter: String? = nil,
        listener: HTTPListenerKind = .loopback
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.authority = authority
        self.headers = headers
        self.body = body
        self.parameter = parameter
        self.listener = listener
    }
}

/// From how far a listener can be reached: what may be trusted depends on it.
public enum HTTPListenerKind: Hashable, Sendable {
    /// A unix socket: guarded by file permissions.
    case unix
    /// A loopback address: every process of this machine, and every web page open on it.
    case loopback
    /// Any other address.
    case network
}
