// The errors of the HTTP API: words and status codes are Prometheus's (web/api/v1/api.go).
public import HTTP
internal import PromQL

/// An error as the envelope shows it.
public struct APIError: Error, Equatable {
    /// The words of `errorType`.
    public enum Kind: String, Sendable {
        case badData = "bad_data"
        case execution
        case canceled
        case timeout
        case internalError = "internal"
        case notFound = "not_found"
        case notAcceptable = "not_acceptable"
        case unavailable
    }

    /// Which kind; decides the status.
    public let kind: Kind
    /// The text for the user.
    public let text: String

    /// Makes an error.
    public init(_ kind: Kind, _ text: String) {
        self.kind = kind
        self.text = text
    }

    /// A parameter that cannot be used.
    static func parameter(_ name: String, _ text: String) -> APIError {
        APIError(.badData, "invalid parameter \"\(name)\": \(text)")
    }

    /// The status that goes with the kind.
    public var status: HTTPStatus {
        switch kind {
        case .badData: .badRequest
        case .execution: .unprocessable
        case .canceled: .clientClosed
        case .timeout: .unavailable
        case .internalError, .unavailable: .internalError
        case .notFound: .notFound
        case .notAcceptable: .notAcceptable
        }
    }
}

extension APIError: CustomStringConvertible {
    public var description: String { text }
}

extension APIError {
    /// What the engine threw, as the API says it.
    init(_ error: QueryError) {
        switch error {
        case .parse(let error): self = .parameter("query", "\(error)")
        default: self.init(Kind(rawValue: error.apiType) ?? .internalError, "\(error)")
        }
    }

    init(_ error: QueryStorageError) {
        switch error {
        case .failed(let text): self.init(.internalError, text)
        case .interrupted(let why): self.init(QueryError.interrupted(why))
        }
    }
}
