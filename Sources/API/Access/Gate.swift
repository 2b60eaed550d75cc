// Who may ask for what. Everything passes here before any endpoint sees it.
import HTTP

/// What a path lets a caller do; decides which token it takes and whether its Origin matters.
enum Permission: Sendable {
    /// Free for all: probes.
    case probe
    /// Needs the API's token.
    case read
    /// Changes the agent: the API's token, and no strange Origin.
    case control
    /// Brings samples: the API's token or the write token, and no strange Origin.
    case push
}

/// Checks Host, Origin and token of a request.
struct Gate: Sendable {
    let tokens: any TokenSource
    let corsOrigins: [String]

    /// Nil when the request may pass, else the answer.
    func refusal(of request: HTTPRequest, _ permission: Permission) -> HTTPResponse? {
        // A page that resolves its own name to 127.0.0.1 (DNS rebinding) still sends that name.
        if request.listener == .loopback, let host = request.authority,
            !Gate.isLoopbackName(host)
        {
            return HTTPResponse(
                .forbidden,
                text: "Host \"\(Gate.shown(host))\" is not a name of this machine's loopback "
                    + "interface; use localhost or 127.0.0.1\n"
            )
        }
        if permission == .control || permission == .push, let origin = request.headers["origin"],
            !allows(origin, of: request)
        {
            return HTTPResponse(
                .forbidden,
                text: "Origin \"\(Gate.shown(origin))\" may not change anything here; "
                    + "add it to api.cors_origins\n"
            )
        }
        return tokenRefusal(of: request, permission)
    }

    /// The headers that let a web page of an allowed origin read the answer.
    func corsHeaders(for request: HTTPRequest) -> [(String, String)] {
        guard let origin = request.headers["origin"], isListed(origin) else { return [] }
        return [
            ("Access-Control-Allow-Headers", "Accept, Authorization, Content-Type, Origin"),
            ("Access-Control-Allow-Methods", "GET, POST, OPTIONS"),
            ("Access-Control-Allow-Origin", origin),
            ("Access-Control-Expose-Headers", "Date"),
            ("Vary", "Origin"),
        ]
    }

    private func tokenRefusal(
        of request: HTTPRequest,
        _ permission: Permission
    ) -> HTTPResponse? {
        let (api, write) = (tokens.apiToken(), tokens.writeToken())
        switch permission {
        case .probe: return nil
        case .read, .control: if api == nil { return nil }
        case .push: if api == nil, write == nil { return nil }
        }
        guard let given = Gate.bearer(request) else {
            return HTTPResponse(.unauthorized, text: "a bearer token is needed\n")
                .with("WWW-Authenticate", "Bearer")
        }
        if let api, TokenCompare.same(given, api) { return nil }
        if let write, TokenCompare.same(given, write) {
            if permission == .push { return nil }
            return HTTPResponse(.forbidden, text: "this token may only push\n")
        }
        return HTTPResponse(.unauthorized, text: "the bearer token is not valid\n")
            .with("WWW-Authenticate", "Bearer error=\"invalid_token\"")
    }

    private func allows(_ origin: String, of request: HTTPRequest) -> Bool {
        if isListed(origin) { return true }
        guard let authority = request.authority else { return false }
        return HTTPHeaders.same(origin, "http://\(authority)")
    }

    private func isListed(_ origin: String) -> Bool {
        corsOrigins.contains { $0 == "*" || HTTPHeaders.same($0, origin) }
    }

    private static func bearer(_ request: HTTPRequest) -> [UInt8]? {
        guard let value = request.headers["authorization"] else { return nil }
        let parts = value.utf8.split(separator: 0x20)
        guard parts.count == 2,
            HTTPHeaders.same(String(decoding: parts[0], as: UTF8.self), "bearer")
        else { return nil }
        return Array(parts[1])
    }

    /// Whether `host[:port]` is `localhost`, an IPv4 address of 127/8, or `[::1]`.
    static func isLoopbackName(_ authority: String) -> Bool {
        let bytes = Array(authority.utf8)
        let name: [UInt8]
        if bytes.first == UInt8(ascii: "[") {
            guard let end = bytes.firstIndex(of: UInt8(ascii: "]")) else { return false }
            guard isPort(bytes[(end + 1)...]) else { return false }
            name = Array(bytes[1..<end])
            return name == Array("::1".utf8)
        }
        let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
        guard isPort(bytes[colon...]) else { return false }
        name = Array(bytes[..<colon])
        if HTTPHeaders.same(String(decoding: name, as: UTF8.self), "localhost") { return true }
        let parts = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0].elementsEqual("127".utf8) else { return false }
        return parts.allSatisfy { part in
            (1...3).contains(part.count) && part.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
                && (UInt16(String(decoding: part, as: UTF8.self)) ?? 256) < 256
        }
    }

    private static func isPort(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first else { return true }
        return first == UInt8(ascii: ":")
            && bytes.dropFirst().allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }

    // What a stranger sent goes into an answer only short and in ASCII.
    private static func shown(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix(100).map { $0 > 0x20 && $0 < 0x7f ? $0 : UInt8(ascii: "?") },
            as: UTF8.self
        )
    }
}
