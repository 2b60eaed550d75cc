// What the [api] section of the configuration says, and the listeners that are too open to start.
public import HTTP

/// The API's options; each names its unit.
public struct APIOptions: Sendable {
    /// Where to listen, as configured, such as `127.0.0.1:9477` or `unix:/run/api.sock`.
    public var listen = ["127.0.0.1:9477"]
    /// Whether a token is demanded of readers.
    public var hasBearerToken = false
    /// Whether a token for pushes alone is set.
    public var hasWriteToken = false
    /// Lets a network listener go without a token.
    public var allowUnauthenticated = false
    /// Origins of web pages that may read answers and push; `*` for any.
    public var corsOrigins: [String] = []
    /// For one query, from its arrival to its result; milliseconds.
    public var queryTimeoutMs: Int64 = 30_000
    /// Queries that are evaluated at once.
    public var queryMaxConcurrency = 4

    /// The defaults.
    public init() {}
}

/// Options with which the API must not start.
public enum APIOptionsError: Error, Equatable {
    case openListener(address: String)
    case queryTimeout(ms: Int64)
    case queryConcurrency(Int)
    case origin(String)
}

extension APIOptionsError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .openListener(let address):
            "api.listen: \(address) can be reached from other machines without a token; set "
                + "api.bearer_token_file, or api.allow_unauthenticated = true"
        case .queryTimeout(let ms): "api.query_timeout: \(ms) ms; must be at least 1 ms"
        case .queryConcurrency(let count):
            "api.query_max_concurrency: \(count); must be at least 1"
        case .origin(let text):
            "api.cors_origins: \"\(text)\" is no origin; write it as https://host:port, or *"
        }
    }
}

extension APIOptions {
    /// Checks the options before anything listens.
    ///
    /// - Parameter listeners: each address of `listen` with how far it reaches.
    /// - Throws: the first thing that is wrong; its text names the key and what to do.
    public func validate(
        _ listeners: [(address: String, kind: HTTPListenerKind)]
    ) throws(APIOptionsError) {
        // A write token alone leaves reading open.
        if !hasBearerToken, !allowUnauthenticated {
            for listener in listeners where listener.kind == .network {
                throw .openListener(address: listener.address)
            }
        }
        guard queryTimeoutMs >= 1 else { throw .queryTimeout(ms: queryTimeoutMs) }
        guard queryMaxConcurrency >= 1 else { throw .queryConcurrency(queryMaxConcurrency) }
        for origin in corsOrigins where origin != "*" {
            let rest = origin.utf8.drop { $0 != UInt8(ascii: "/") }
            guard origin.hasPrefix("http://") || origin.hasPrefix("https://"),
                rest.count > 2, !rest.dropFirst(2).contains(UInt8(ascii: "/"))
            else { throw .origin(origin) }
        }
    }
}
