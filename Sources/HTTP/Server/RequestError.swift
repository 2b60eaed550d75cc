// What can be wrong with a request before any handler sees it.

/// A request that the server refuses; after it the connection is closed, for its framing is lost.
public enum RequestError: Error, Equatable {
    case requestLine(String)
    case requestLineTooLong(limitBytes: Int)
    case version(String)
    case header(line: Int, String)
    case headersTooLong(limitBytes: Int)
    case tooManyHeaders(limit: Int)
    case host(String)
    case framing(String)
    case transferCoding(String)
    case expectation(String)
    case chunk(String)
    case bodyTooLong(limitBytes: Int)
    case noRoom(limitBytes: Int)
    case headerTimeout(ms: Int64)
    case bodyTimeout(ms: Int64)

    /// The status to answer with.
    public var status: HTTPStatus {
        switch self {
        case .requestLine, .header, .host, .framing, .chunk: .badRequest
        case .requestLineTooLong: .uriTooLong
        case .version: .versionNotSupported
        case .headersTooLong, .tooManyHeaders: .headersTooLarge
        case .transferCoding: .notImplemented
        case .expectation: .expectationFailed
        case .bodyTooLong: .contentTooLarge
        case .noRoom: .unavailable
        case .headerTimeout, .bodyTimeout: .requestTimeout
        }
    }

    /// The limit that was hit, nil when it was none.
    public var limit: ServerLimit? {
        switch self {
        case .requestLineTooLong: .requestLineBytes
        case .headersTooLong: .headerBytes
        case .tooManyHeaders: .headerCount
        case .bodyTooLong: .bodyBytes
        case .noRoom: .allBodyBytes
        case .headerTimeout: .headerTimeout
        case .bodyTimeout: .bodyTimeout
        default: nil
        }
    }
}

extension RequestError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .requestLine(let what): "request line: \(what)"
        case .requestLineTooLong(let limit): "request line is longer than \(limit) bytes"
        case .version(let text): "\(text) is not spoken here; use HTTP/1.1"
        case .header(let line, let what): "header line \(line): \(what)"
        case .headersTooLong(let limit): "headers are longer than \(limit) bytes"
        case .tooManyHeaders(let limit): "more than \(limit) header fields"
        case .host(let what): "Host: \(what)"
        case .framing(let what): "cannot tell where the body ends: \(what)"
        case .transferCoding(let name): "Transfer-Encoding \(name) is not supported; use chunked"
        case .expectation(let text): "Expect \(text) is not supported; only 100-continue is"
        case .chunk(let what): "chunked body: \(what)"
        case .bodyTooLong(let limit): "body is longer than \(limit) bytes; send smaller requests"
        case .noRoom(let limit):
            "more than \(limit) bytes of request bodies are under way; try again later"
        case .headerTimeout(let ms): "headers did not arrive within \(ms) ms"
        case .bodyTimeout(let ms): "body did not arrive within \(ms) ms"
        }
    }
}
