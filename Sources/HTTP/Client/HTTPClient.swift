// The seam between those who ask other servers and the library that does it.

/// Sends requests.
///
/// The real one is `CurlMulti`; tests bring their own.
public protocol HTTPClient: Sendable {
    /// Sends a request and collects the response's body. Any status is a success here.
    ///
    /// Cancelling the task aborts the transfer and throws `.cancelled`.
    /// - Throws: `HTTPClientError`; whether to try again is the caller's to decide.
    func send(_ request: ClientRequest) async throws(HTTPClientError) -> ClientResponse

    /// Sends a request and hands the response's body to `sink` as it comes; none is collected.
    ///
    /// - Throws: as `send`, and `.aborted` when the sink wanted no more.
    func stream(
        _ request: ClientRequest,
        to sink: BodySink
    ) async throws(HTTPClientError) -> ClientResponse
}

/// Takes a response piece by piece, synchronously, on the loop's thread: be quick.
public struct BodySink: Sendable {
    /// Whether a sink wants more.
    public enum Verdict: Sendable, Hashable {
        case more
        case abort
    }

    /// Called once, before any piece.
    public let head: @Sendable (ClientResponseHead) -> Verdict
    /// Called with each piece of the decompressed body; the bytes are gone when it returns.
    public let piece: @Sendable (Span<UInt8>) -> Verdict

    /// Makes a sink; without `head` every response is welcome.
    public init(
        head: @escaping @Sendable (ClientResponseHead) -> Verdict = { _ in .more },
        piece: @escaping @Sendable (Span<UInt8>) -> Verdict
    ) {
        self.head = head
        self.piece = piece
    }
}
