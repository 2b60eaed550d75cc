// What the client promises about credentials, encodings and the words of its errors.
import HTTP
import Platform
import Testing

@Suite("Client")
struct ClientTests {
    // `printf 'hello gzip\n' | gzip -n`
    private static let gzip: [UInt8] = [
        31, 139, 8, 0, 0, 0, 0, 0, 0, 3, 203, 72, 205, 201, 201, 87, 72, 175, 202, 44, 224, 2, 0,
        57, 124, 99, 86, 11, 0, 0, 0,
    ]

    @Test("decompresses, and counts the limit after decompression")
    func gzip() async throws {
        let seen = Box<String?>(nil)
        let handler: HTTPHandler = { request in
            let accepted = request.headers["accept-encoding"]
            seen.change { $0 = accepted }
            return HTTPResponse(.ok, type: "text/plain", Self.gzip)
                .with("Content-Encoding", "gzip")
        }
        try await withLoopback(handler: handler) { loopback in
            var request = ClientRequest(.get, loopback.url("/"))
            request.acceptsGzip = true
            let response = try await loopback.client.send(request)
            #expect(String(decoding: response.body, as: UTF8.self) == "hello gzip\n")
            #expect(response.wireBytes == Self.gzip.count)
            #expect(response.bodyBytes == 11)
            #expect(seen.value == "gzip")
            request.bodyLimitBytes = 10
            await #expect(
                throws: HTTPClientError.tooLarge(url: request.shownURL, limitBytes: 10)
            ) { _ = try await loopback.client.send(request) }
        }
    }

    @Test("follows redirects when asked to, without credentials to another host")
    func redirects() async throws {
        let seen = Box<[String]>([])
        let target: HTTPHandler = { request in
            let line = "\(request.path) \(request.headers["authorization"] ?? "none")"
            seen.change { $0.append(line) }
            return HTTPResponse(.ok, text: "there\n")
        }
        try await withLoopback(handler: target) { other in
            let there = other.url("/there")
            let handler: HTTPHandler = { request in
                let to = request.path == "/near" ? "/here" : there
                if request.path == "/here" { return await target(request) }
                return HTTPResponse(HTTPStatus(302)).with("Location", to)
            }
            try await withLoopback(handler: handler) { loopback in
                var request = ClientRequest(.get, loopback.url("/far"))
                request.headers.add("Authorization", "Bearer secret")
                let answer1 = try await loopback.client.send(request)
                #expect(answer1.status.code == 302)
                request.followsRedirects = true
                let answer2 = try await loopback.client.send(request)
                #expect(answer2.body == Array("there\n".utf8))
                request.url = loopback.url("/near")
                let answer3 = try await loopback.client.send(request)
                #expect(answer3.status == .ok)
            }
        }
        #expect(seen.value == ["/there none", "/here Bearer secret"])
    }

    @Test("sends user and password, its name, and no Expect")
    func headers() async throws {
        let seen = Box<[String]>([])
        let handler: HTTPHandler = { request in
            let lines = request.headers.fields.map { "\($0.name): \($0.value)" }.sorted()
            seen.change { $0 = lines }
            return HTTPResponse(.tooManyRequests).with("Retry-After", "7")
        }
        try await withLoopback(handler: handler) { loopback in
            let body = [UInt8](repeating: 0, count: 2_000_000)
            var request = ClientRequest(.post, loopback.url("/"), body: body)
            request.basicAuth = BasicAuth(username: "user", password: "pass")
            request.headers.add("X-Empty", "")
            let response = try await loopback.client.send(request)
            #expect(response.status == .tooManyRequests)
            #expect(response.retryAfterSeconds == 7)
            #expect(
                seen.value == [
                    "Accept: */*", "Authorization: Basic dXNlcjpwYXNz", "Content-Length: 2000000",
                    "Host: \(loopback.address)", "User-Agent: tsdb-agent", "X-Empty: ",
                ]
            )
        }
    }

    @Test("says what is wrong without telling secrets")
    func errors() async throws {
        try await withLoopback(handler: { _ in HTTPResponse(.ok) }) { loopback in
            let cases: [(String, String)] = [
                (
                    "ftp://u:secret@host/x?secret",
                    "cannot ask ftp://host/x: Protocol \"ftp\" not supported or disabled in libcurl"
                ),
                (
                    "http://u:secret@127.0.0.1:1/m?secret",
                    "cannot connect to http://127.0.0.1:1/m: Failed to connect to 127.0.0.1 port 1"
                ),
            ]
            for (url, expected) in cases {
                do throws(HTTPClientError) {
                    _ = try await loopback.client.send(ClientRequest(.get, url))
                    Issue.record("\(url) answered")
                } catch {
                    #expect("\(error)".hasPrefix(expected), "\(error)")
                    #expect(!"\(error)".contains("secret"))
                }
            }
            var split = ClientRequest(.get, loopback.url("/"))
            split.headers.add("X", "a\r\nY: b")
            await #expect(throws: HTTPClientError.self) {
                _ = try await loopback.client.send(split)
            }
            await loopback.client.close()
            await #expect(throws: HTTPClientError.closed(url: loopback.url("/"))) {
                _ = try await loopback.client.send(ClientRequest(.get, loopback.url("/")))
            }
        }
    }
}
