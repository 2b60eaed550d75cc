// Tokens, Host, Origin, CORS, and listeners that are too open.
import HTTP
import Testing

@testable import API

@Suite("Gate")
struct GateTests {
    @Test(
        "knows the names of the loopback interface",
        arguments: [
            ("localhost", true), ("LOCALHOST:9477", true), ("127.0.0.1:1", true),
            ("127.1.2.3", true), ("[::1]:9477", true), ("[::1]", true),
            ("evil.example", false), ("127.0.0.1.evil.example", false), ("127.0.0.256", false),
            ("localhost.evil.example:1", false), ("", false), ("[::2]", false), ("127.1", false),
            ("localhost:x", false), ("[::1]x", false), ("128.0.0.1", false),
        ]
    )
    func loopbackNames(host: String, expected: Bool) {
        #expect(Gate.isLoopbackName(host) == expected)
    }

    @Test("lets a strange Host in only where it can do no harm")
    func host() async throws {
        try await withAPI { api in
            let path = "/api/v1/rules"
            let strange = await api.ask(.get, path, authority: "evil.example:9477")
            #expect(strange.status == 403)
            #expect(
                strange.text == "Host \"evil.example:9477\" is not a name of this machine's "
                    + "loopback interface; use localhost or 127.0.0.1\n"
            )
            let network = await api.ask(.get, path, authority: "box.lan", listener: .network)
            #expect(network.status == 200)
            let unix = await api.ask(.get, path, authority: "whatever", listener: .unix)
            #expect(unix.status == 200)
            #expect(await api.ask(.get, path, authority: nil).status == 200)
        }
    }

    @Test("lets no strange page change anything")
    func origin() async throws {
        var options = APIOptions()
        options.corsOrigins = ["https://grafana.example"]
        try await withAPI(options: options) { api in
            let cases: [(HTTPMethod, String, String, Int)] = [
                (.post, "/-/reload", "https://evil.example", 403),
                (.post, "/-/reload", "null", 403),
                (.post, "/api/v1/import/prometheus", "https://evil.example", 403),
                (.post, "/-/reload", "https://grafana.example", 200),
                (.post, "/-/reload", "http://localhost:9477", 200),
                (.get, "/api/v1/rules", "https://evil.example", 200),
            ]
            for (method, path, origin, status) in cases {
                let answer = await api.ask(method, path, headers: [("Origin", origin)])
                #expect(answer.status == status, "\(method) \(path) from \(origin)")
            }
            #expect(api.agent.now.reloads == 2)
        }
    }

    @Test("tells browsers which pages may read")
    func cors() async throws {
        var options = APIOptions()
        options.corsOrigins = ["https://grafana.example"]
        try await withAPI(options: options, tokens: FixedTokens(api: "t")) { api in
            let listed = [("Origin", "https://grafana.example")]
            let preflight = await api.ask(.options, "/api/v1/query", headers: listed)
            #expect(preflight.status == 204)
            #expect(preflight.headers["access-control-allow-origin"] == "https://grafana.example")
            #expect(preflight.headers["access-control-allow-methods"] == "GET, POST, OPTIONS")
            #expect(
                preflight.headers["access-control-allow-headers"]
                    == "Accept, Authorization, Content-Type, Origin"
            )
            #expect(preflight.headers["vary"] == "Origin")
            let other = [("Origin", "https://evil.example")]
            let refused = await api.ask(.options, "/api/v1/query", headers: other)
            #expect(refused.headers["access-control-allow-origin"] == nil)
        }
    }

    @Test(
        "asks for tokens",
        arguments: [
            ("/api/v1/rules", HTTPMethod.get, nil, 401, "a bearer token is needed\n"),
            ("/api/v1/rules", .get, "Bearer api", 200, nil),
            ("/api/v1/rules", .get, "bearer api", 200, nil),
            ("/api/v1/rules", .get, "Bearer apj", 401, "the bearer token is not valid\n"),
            ("/api/v1/rules", .get, "Bearer apiapi", 401, "the bearer token is not valid\n"),
            ("/api/v1/rules", .get, "Basic api", 401, "a bearer token is needed\n"),
            ("/api/v1/rules", .get, "Bearer push", 403, "this token may only push\n"),
            ("/-/reload", .post, "Bearer push", 403, "this token may only push\n"),
            ("/nothing", .get, nil, 401, "a bearer token is needed\n"),
            ("/api/v1/import/prometheus", .post, "Bearer push", 204, nil),
            ("/api/v1/import/prometheus", .post, "Bearer api", 204, nil),
            ("/api/v1/import/prometheus", .post, nil, 401, "a bearer token is needed\n"),
            ("/-/healthy", .get, nil, 200, nil),
            ("/-/ready", .get, nil, 200, nil),
            ("/metrics", .get, nil, 401, "a bearer token is needed\n"),
        ] as [(String, HTTPMethod, String?, Int, String?)]
    )
    func tokens(
        path: String,
        method: HTTPMethod,
        authorization: String?,
        status: Int,
        text: String?
    ) async throws {
        try await withAPI(tokens: FixedTokens(api: "api", write: "push")) { api in
            let headers = authorization.map { [("Authorization", $0)] } ?? []
            let answer = await api.ask(method, path, headers: headers)
            #expect(answer.status == status)
            if let text { #expect(answer.text == text) }
            if status == 401 {
                #expect(answer.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
            }
        }
    }

    @Test("a write token alone guards pushes alone")
    func writeTokenAlone() async throws {
        try await withAPI(tokens: FixedTokens(write: "push")) { api in
            #expect(await api.ask(.get, "/api/v1/rules").status == 200)
            #expect(await api.ask(.post, "/api/v1/import/prometheus").status == 401)
        }
    }

    @Test(
        "refuses options that are too open or make no sense",
        arguments: [
            (false, false, false, HTTPListenerKind.network, open),
            (false, true, false, .network, open),
            (true, false, false, .network, "fine"),
            (false, false, true, .network, "fine"),
            (false, false, false, .loopback, "fine"),
            (false, false, false, .unix, "fine"),
        ]
    )
    func validation(
        hasToken: Bool,
        hasWriteToken: Bool,
        allow: Bool,
        kind: HTTPListenerKind,
        expected: String
    ) {
        var options = APIOptions()
        options.hasBearerToken = hasToken
        options.hasWriteToken = hasWriteToken
        options.allowUnauthenticated = allow
        #expect(outcome(options, kind) == expected)
    }

    static let open =
        "api.listen: 0.0.0.0:9477 can be reached from other machines without a token; set "
        + "api.bearer_token_file, or api.allow_unauthenticated = true"

    @Test("refuses numbers and origins that cannot work")
    func numbers() {
        var options = APIOptions()
        options.queryTimeoutMs = 0
        #expect(outcome(options, .unix) == "api.query_timeout: 0 ms; must be at least 1 ms")
        options = APIOptions()
        options.queryMaxConcurrency = 0
        #expect(outcome(options, .unix) == "api.query_max_concurrency: 0; must be at least 1")
        for text in ["grafana.example", "https://grafana.example/path", "https://", "null"] {
            options = APIOptions()
            options.corsOrigins = ["*", "http://a:1", text]
            #expect(
                outcome(options, .unix)
                    == "api.cors_origins: \"\(text)\" is no origin; write it as https://host:port, or *"
            )
        }
    }

    private func outcome(_ options: APIOptions, _ kind: HTTPListenerKind) -> String {
        do throws(APIOptionsError) {
            try options.validate([("0.0.0.0:9477", kind)])
            return "fine"
        } catch {
            return "\(error)"
        }
    }
}
