// Why a request got no whole response. Texts hold no secrets: URLs are shown without user and query.

/// A request that failed before, during or because of its transfer.
public enum HTTPClientError: Error, Equatable {
    /// Nothing was sent: the request itself is wrong.
    case badRequest(url: String, reason: String)
    /// No connection: name not found, refused, unreachable, no such unix socket.
    case connect(url: String, message: String)
    /// No trust: handshake, certificate, or a certificate file that cannot be read.
    case tls(url: String, message: String)
    /// Took too long, while connecting or later.
    case timeout(url: String, message: String)
    /// The response's body is longer than the request's `bodyLimitBytes`.
    case tooLarge(url: String, limitBytes: Int)
    /// The connection or the peer's HTTP broke.
    case transfer(url: String, message: String)
    /// The sink wanted no more.
    case aborted(url: String)
    /// The task was cancelled.
    case cancelled(url: String)
    /// The client was closed.
    case closed(url: String)
}

extension HTTPClientError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .badRequest(let url, let reason): "cannot ask \(url): \(reason)"
        case .connect(let url, let message): "cannot connect to \(url): \(message)"
        case .tls(let url, let message): "cannot trust \(url): \(message)"
        case .timeout(let url, let message): "\(url) took too long: \(message)"
        case .tooLarge(let url, let limit): "\(url) sent more than \(limit) bytes"
        case .transfer(let url, let message): "cannot read from \(url): \(message)"
        case .aborted(let url): "\(url): the rest of the response was not wanted"
        case .cancelled(let url): "\(url): the request was cancelled"
        case .closed(let url): "\(url): the HTTP client is closed"
        }
    }
}
