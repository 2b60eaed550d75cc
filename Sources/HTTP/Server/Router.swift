// Which handler answers which path and method.

/// A handler: takes a whole request, gives the response.
///
/// Runs on the server's loop.
public typealias HTTPHandler = @Sendable (HTTPRequest) async -> HTTPResponse

/// A table of paths.
///
/// A pattern is literal but for at most one segment, written `{}`, whose percent-decoded text the
/// handler finds in `HTTPRequest.parameter`.
public struct Router: Sendable {
    private struct Route: Sendable {
        let segments: [String]
        var handlers: [(method: HTTPMethod, handler: HTTPHandler)]
    }

    private var routes: [Route] = []

    /// Starts without routes.
    public init() {}

    /// Adds a handler for a pattern such as `/api/v1/label/{}/values`.
    ///
    /// `GET` answers `HEAD` too, for the server leaves the body of such a response away.
    public mutating func on(
        _ methods: HTTPMethod...,
        path: String,
        do handler: @escaping HTTPHandler
    ) {
        let segments = Router.segments(path)
        precondition(segments.count { $0 == "{}" } <= 1, "BUG: \(path) has two parameters")
        let index = routes.firstIndex { $0.segments == segments } ?? routes.count
        if index == routes.count { routes.append(Route(segments: segments, handlers: [])) }
        for method in methods {
            precondition(
                !routes[index].handlers.contains { $0.method == method },
                "BUG: \(method) \(path) has two handlers"
            )
            routes[index].handlers.append((method, handler))
        }
    }

    /// What a look-up found.
    public enum Match: Sendable {
        /// Call `handler` with `request`, whose parameter is set.
        case found(HTTPHandler, HTTPRequest)
        /// The path is known, the method is not; `allow` is the header's value.
        case wrongMethod(allow: String)
        /// No such path.
        case unknownPath
    }

    /// Finds the handler of a request.
    public func match(_ request: HTTPRequest) -> Match {
        let wanted = Router.segments(request.path)
        for route in routes {
            guard let parameter = Router.parameter(of: route.segments, in: wanted) else { continue }
            let method = request.method == .head ? HTTPMethod.get : request.method
            let found =
                route.handlers.first { $0.method == request.method }
                ?? route.handlers.first { $0.method == method }
            guard let found else { return .wrongMethod(allow: Router.allow(route)) }
            var request = request
            request.parameter = parameter.text
            return .found(found.handler, request)
        }
        return .unknownPath
    }

    /// Answers a request: by its handler, else with 405 or 404.
    public func respond(to request: HTTPRequest) async -> HTTPResponse {
        switch match(request) {
        case .found(let handler, let request): return await handler(request)
        case .wrongMethod(let allow):
            return HTTPResponse(
                .methodNotAllowed,
                text: "\(request.method) is not allowed here; use \(allow)\n"
            ).with("Allow", allow)
        case .unknownPath:
            return HTTPResponse(.notFound, text: "404 page not found\n")
        }
    }

    private static func allow(_ route: Route) -> String {
        var methods = route.handlers.map(\.method.rawValue)
        if methods.contains("GET"), !methods.contains("HEAD") { methods.append("HEAD") }
        return methods.sorted().joined(separator: ", ")
    }

    private static func segments(_ path: String) -> [String] {
        path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    // Nil: no match. `text` is nil for a pattern without parameter.
    private static func parameter(
        of pattern: [String],
        in wanted: [String]
    ) -> (text: String?, Void)? {
        guard pattern.count == wanted.count else { return nil }
        var text: String?
        for (part, given) in zip(pattern, wanted) {
            if part == "{}" {
                guard !given.isEmpty, let decoded = percentDecoded(given) else { return nil }
                text = decoded
            } else if part != given {
                return nil
            }
        }
        return (text, ())
    }

    /// Decodes `%41` to `A`; nil when it is malformed or no UTF-8.
    static func percentDecoded(_ text: String) -> String? {
        let bytes = Array(text.utf8)
        var decoded: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%") {
                guard index + 2 < bytes.count, let high = HTTPBytes.hex(bytes[index + 1]),
                    let low = HTTPBytes.hex(bytes[index + 2])
                else { return nil }
                decoded.append(UInt8(high * 16 + low))
                index += 3
            } else {
                decoded.append(bytes[index])
                index += 1
            }
        }
        return String(validating: decoded, as: UTF8.self)
    }
}
