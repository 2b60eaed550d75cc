// Paths, parameters, and what is answered when there is no handler.
import Testing

@testable import HTTP

@Suite("Router")
struct RouterTests {
    private func router() -> Router {
        var router = Router()
        router.on(.get, .post, path: "/api/v1/query") { request in
            HTTPResponse(.ok, text: "query by \(request.method)")
        }
        router.on(.get, path: "/api/v1/label/{}/values") { request in
            HTTPResponse(.ok, text: "values of \(request.parameter ?? "none")")
        }
        router.on(.get, path: "/") { _ in HTTPResponse(.ok, text: "root") }
        return router
    }

    private func answer(_ method: HTTPMethod, _ path: String) async -> String {
        let response = await router().respond(to: HTTPRequest(method: method, path: path))
        guard case .bytes(let bytes) = response.body else { return "a stream" }
        let allow = response.headers["allow"].map { " Allow: \($0)" } ?? ""
        return "\(response.status.code)\(allow) \(String(decoding: bytes, as: UTF8.self))"
    }

    @Test(
        "finds the handler, or says what is allowed",
        arguments: [
            (HTTPMethod.get, "/api/v1/query", "200 query by GET"),
            (.post, "/api/v1/query", "200 query by POST"),
            (.head, "/api/v1/query", "200 query by HEAD"),
            (.get, "/api/v1/label/job/values", "200 values of job"),
            (.get, "/api/v1/label/a%2Fb%C3%A9/values", "200 values of a/b\u{e9}"),
            (.get, "/", "200 root"),
            (.get, "/api/v1/label//values", "404 404 page not found\n"),
            (.get, "/api/v1/label/%zz/values", "404 404 page not found\n"),
            (.get, "/api/v1/label/%ff/values", "404 404 page not found\n"),
            (.get, "/api/v1/query/", "404 404 page not found\n"),
            (.get, "/nothing", "404 404 page not found\n"),
            (
                .delete, "/api/v1/query",
                "405 Allow: GET, HEAD, POST DELETE is not allowed here; use GET, HEAD, POST\n"
            ),
        ]
    )
    func routes(method: HTTPMethod, path: String, expected: String) async {
        #expect(await answer(method, path) == expected)
    }
}
