// Every bound of the HTTP server, with its unit; a hit is counted under the limit's name.

/// The server's limits.
///
/// Sizes are in bytes, times in milliseconds of the steady clock.
public struct ServerLimits: Sendable, Hashable {
    /// Connections open at once; more are answered 503 and closed.
    public var maxConnections = 512
    /// Length of the request line.
    public var requestLineBytes = 16 * 1024
    /// Length of all header lines of a request.
    public var headerBytes = 32 * 1024
    /// Header fields in a request.
    public var headerCount = 100
    /// Length of one request's body; longer is answered 413.
    public var bodyBytes = 32 * 1024 * 1024
    /// Length of the bodies being received on all connections; beyond it 503.
    public var allBodyBytes = 64 * 1024 * 1024
    /// Bytes of a streamed response that wait for the peer before its writer has to.
    public var outputBytes = 256 * 1024
    /// Bytes of further, pipelined requests that are read while one is being answered.
    public var pipelineBytes = 64 * 1024
    /// From the first byte of a request to the end of its headers.
    public var headerTimeoutMs: Int64 = 10_000
    /// From the end of the headers to the end of the body.
    public var bodyTimeoutMs: Int64 = 60_000
    /// Between requests of a connection.
    public var idleTimeoutMs: Int64 = 120_000
    /// Without the peer taking a single byte of the response.
    public var writeTimeoutMs: Int64 = 30_000
    /// For the peer to read a last answer before the connection is closed under its hands.
    public var lingerMs: Int64 = 2_000

    /// The defaults.
    public init() {}
}

/// The limits that count their hits.
public enum ServerLimit: String, Sendable, CaseIterable {
    case maxConnections = "max_connections"
    case requestLineBytes = "request_line_bytes"
    case headerBytes = "header_bytes"
    case headerCount = "header_count"
    case bodyBytes = "body_bytes"
    case allBodyBytes = "all_body_bytes"
    case headerTimeout = "header_timeout"
    case bodyTimeout = "body_timeout"
    case idleTimeout = "idle_timeout"
    case writeTimeout = "write_timeout"
}
