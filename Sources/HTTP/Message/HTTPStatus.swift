// Status codes and their reason phrases: RFC 9110, section 15.

/// A response's status code.
public struct HTTPStatus: Hashable, Sendable {
    /// Three digits.
    public let code: Int

    /// Takes any code from 100 to 999.
    public init(_ code: Int) {
        self.code = code
    }

    public static let ok = HTTPStatus(200)
    public static let noContent = HTTPStatus(204)
    public static let badRequest = HTTPStatus(400)
    public static let unauthorized = HTTPStatus(401)
    public static let forbidden = HTTPStatus(403)
    public static let notFound = HTTPStatus(404)
    public static let methodNotAllowed = HTTPStatus(405)
    public static let notAcceptable = HTTPStatus(406)
    public static let requestTimeout = HTTPStatus(408)
    public static let contentTooLarge = HTTPStatus(413)
    public static let uriTooLong = HTTPStatus(414)
    public static let unsupportedMediaType = HTTPStatus(415)
    public static let expectationFailed = HTTPStatus(417)
    public static let unprocessable = HTTPStatus(422)
    public static let tooManyRequests = HTTPStatus(429)
    public static let headersTooLarge = HTTPStatus(431)
    /// Not registered; what Prometheus answers when the client went away.
    public static let clientClosed = HTTPStatus(499)
    public static let internalError = HTTPStatus(500)
    public static let notImplemented = HTTPStatus(501)
    public static let unavailable = HTTPStatus(503)
    public static let versionNotSupported = HTTPStatus(505)

    /// Whether the request was done: 200 to 299.
    public var isSuccess: Bool { (200..<300).contains(code) }

    /// Whether a response of this status has no body, whatever its headers say (RFC 9112, 6.3).
    public var hasNoBody: Bool { code < 200 || code == 204 || code == 304 }

    /// The usual phrase after the code; empty for a code that has none.
    public var reason: String {
        switch code {
        case 100: "Continue"
        case 200: "OK"
        case 202: "Accepted"
        case 204: "No Content"
        case 301: "Moved Permanently"
        case 302: "Found"
        case 304: "Not Modified"
        case 307: "Temporary Redirect"
        case 308: "Permanent Redirect"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 406: "Not Acceptable"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 412: "Precondition Failed"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 499: "Client Closed Request"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}

extension HTTPStatus: CustomStringConvertible {
    public var description: String { reason.isEmpty ? "\(code)" : "\(code) \(reason)" }
}
