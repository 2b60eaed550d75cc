// What can be asked of a server, and by which way.

/// One request of the client.
///
/// Plain data: nothing is checked before `send`.
public struct ClientRequest: Sendable {
    /// The method.
    public var method: HTTPMethod
    /// `http://` or `https://`; may hold `user:password@`, which no error text shows.
    public var url: String
    /// Sent as they stand.
    ///
    /// Where `User-Agent` is missing the client names itself.
    public var headers: HTTPHeaders
    /// The body; for `GET` and `HEAD` it must be empty.
    public var body: [UInt8]
    /// A body that is not in memory; `body` is empty then.
    public var source: BodySource?
    /// For all of it, redirects included; milliseconds.
    public var timeoutMs: Int64 = 30_000
    /// For name, connection and TLS; milliseconds.
    public var connectTimeoutMs: Int64 = 10_000
    /// Certificates and their checks.
    public var tls = TLSOptions()
    /// URL of a proxy; empty for none.
    ///
    /// The environment's proxies are not looked at.
    public var proxy = ""
    /// User name and password for basic authentication.
    public var basicAuth: BasicAuth?
    /// Path of a unix socket to connect to instead of the URL's host.
    public var unixSocket = ""
    /// Follow redirects, at most 10; credentials do not go to another host, port or scheme.
    public var followsRedirects = false
    /// Ask for gzip and decompress.
    public var acceptsGzip = false
    /// Length of the response's body after decompression, beyond which the transfer is aborted.
    public var bodyLimitBytes = 64 * 1024 * 1024

    /// Makes a request with the defaults above.
    public init(
        _ method: HTTPMethod = .get,
        _ url: String,
        headers: HTTPHeaders = HTTPHeaders(),
        body: [UInt8] = []
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }

    /// The URL as it may be logged: without user, password, query and fragment.
    public var shownURL: String { ClientRequest.shown(url) }

    /// Leaves out of a URL what may be secret.
    public static func shown(_ url: String) -> String {
        let bytes = Array(url.utf8.prefix { $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") })
        let scheme = Array("://".utf8)
        var start = 0
        for index in bytes.indices where bytes[index...].starts(with: scheme) {
            start = index + scheme.count
            break
        }
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "/")) ?? bytes.count
        guard let at = bytes[start..<end].lastIndex(of: UInt8(ascii: "@")) else {
            return String(decoding: bytes, as: UTF8.self)
        }
        return String(decoding: bytes[..<start] + bytes[(at + 1)...], as: UTF8.self)
    }
}

/// A request's body that is fetched while it is sent: never more than a few pieces of it are in memory.
///
/// A request with one is sent once: where a connection that was kept breaks, it fails instead of being
/// sent anew over another.
public struct BodySource: Sendable {
    /// The length of the whole body.
    public let byteCount: Int
    /// Gives the bytes from `offset` on, at least one and at most `limit`.
    ///
    /// Nil says that they cannot be had, and ends the transfer. Called on the loop, one call after the
    /// other: it must wait for a disk elsewhere.
    public let piece: @Sendable (_ offset: Int, _ limit: Int) async -> [UInt8]?

    /// Makes a source of at least one byte.
    public init(
        byteCount: Int,
        piece: @escaping @Sendable (_ offset: Int, _ limit: Int) async -> [UInt8]?
    ) {
        precondition(byteCount > 0, "BUG: a body source without bytes")
        self.byteCount = byteCount
        self.piece = piece
    }
}

/// User name and password.
public struct BasicAuth: Sendable, Hashable {
    /// May be empty, must not hold a colon.
    public var username: String
    /// May be empty.
    public var password: String

    /// Makes the pair.
    public init(username: String, password: String) {
        self.username = username
        self.password = password
    }
}

/// How a TLS connection is made; empty paths mean the system's own.
public struct TLSOptions: Sendable, Hashable {
    /// PEM file with the authorities to trust.
    public var caFile = ""
    /// PEM file with the client's certificate.
    public var certFile = ""
    /// PEM file with its key.
    public var keyFile = ""
    /// The name to ask for and to check, where it is not the URL's host.
    public var serverName = ""
    /// Trusts whatever certificate comes.
    public var insecureSkipVerify = false

    /// The system's authorities, full checks.
    public init() {}
}
