// Server and client against each other: keep-alive, chunks, limits, cancellation, load.
import HTTP
import Platform
import Testing

@Suite("Server and client over loopback")
struct LoopbackTests {
    private let echo: HTTPHandler = { request in
        switch request.path {
        case "/echo":
            return HTTPResponse(.ok, type: "application/octet-stream", request.body)
        case "/stream":
            return HTTPResponse(
                .ok,
                body: .stream { writer async throws(HTTPBodyClosed) in
                    for index in 0..<50 {
                        try await writer.write([UInt8](repeating: UInt8(index), count: 20_000))
                    }
                }
            )
        case "/hang":
            try? await Task.sleep(for: .seconds(60))
            return HTTPResponse(.ok, text: Task.isCancelled ? "cancelled" : "slept")
        default:
            return HTTPResponse(.ok, text: "\(request.method) \(request.path)?\(request.query)\n")
        }
    }

    private func text(_ response: ClientResponse) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    @Test("uses one connection for requests one after the other")
    func keepAlive() async throws {
        try await withLoopback(handler: echo) { loopback in
            let first = try await loopback.client.send(ClientRequest(.get, loopback.url("/a?b=c")))
            let second = try await loopback.client.send(ClientRequest(.get, loopback.url("/d")))
            #expect(first.status == .ok)
            #expect(text(first) == "GET /a?b=c\n")
            #expect(first.headers["content-type"] == "text/plain; charset=utf-8")
            #expect(!first.reusedConnection)
            #expect(text(second) == "GET /d?\n")
            #expect(second.reusedConnection)
            #expect(second.timings.connectMs == 0)
            #expect(await loopback.server.connectionCount == 1)
        }
    }

    @Test("works over a unix socket, and over IPv6 when the machine has it")
    func otherSockets() async throws {
        let path = "/tmp/http-tests-\(UInt32.random(in: .min ... .max)).sock"
        try await withLoopback(on: "unix:\(path)", handler: echo) { loopback in
            var request = ClientRequest(.get, "http://localhost/unix")
            request.unixSocket = path
            let answer = try await loopback.client.send(request)
            #expect(text(answer) == "GET /unix?\n")
        }
        #expect(throws: Errno.noSuchFile) { _ = try PosixFileSystem().stat(path) }
    }

    @Test("sends bodies both ways, large ones too", arguments: [0, 1, 100_000, 3_000_000])
    func bodies(size: Int) async throws {
        let body = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try await withLoopback(handler: echo) { loopback in
            for method in [HTTPMethod.post, .put] {
                let request = ClientRequest(method, loopback.url("/echo"), body: body)
                let response = try await loopback.client.send(request)
                #expect(response.body == body)
                #expect(response.bodyBytes == size)
            }
        }
    }

    @Test("streams a response in chunks, to a sink piece by piece")
    func streaming() async throws {
        try await withLoopback(handler: echo) { loopback in
            let whole = try await loopback.client.send(ClientRequest(.get, loopback.url("/stream")))
            #expect(whole.body.count == 1_000_000)
            #expect(whole.headers["transfer-encoding"] == "chunked")

            let count = Box(0)
            let heads = Box<[Int]>([])
            let sink = BodySink(
                head: { head in
                    heads.change { $0.append(head.status.code) }
                    return .more
                },
                piece: { piece in
                    let size = piece.count
                    count.change { $0 += size }
                    return .more
                }
            )
            let request = ClientRequest(.get, loopback.url("/stream"))
            let streamed = try await loopback.client.stream(request, to: sink)
            #expect(count.value == 1_000_000)
            #expect(streamed.body.isEmpty)
            #expect(streamed.bodyBytes == 1_000_000)
            #expect(heads.value == [200])
        }
    }

    @Test("a sink can end the transfer, before or within the body")
    func abort() async throws {
        try await withLoopback(handler: echo) { loopback in
            let url = loopback.url("/stream")
            let within = BodySink { _ in .abort }
            await #expect(throws: HTTPClientError.aborted(url: url)) {
                _ = try await loopback.client.stream(ClientRequest(.get, url), to: within)
            }
            let before = BodySink(head: { _ in .abort }, piece: { _ in .more })
            await #expect(throws: HTTPClientError.aborted(url: url)) {
                _ = try await loopback.client.stream(ClientRequest(.get, url), to: before)
            }
            let after = try await loopback.client.send(ClientRequest(.get, loopback.url("/x")))
            #expect(after.status == .ok)
        }
    }

    @Test("a body over the client's limit ends the transfer")
    func clientLimit() async throws {
        try await withLoopback(handler: echo) { loopback in
            var request = ClientRequest(.get, loopback.url("/stream"))
            request.bodyLimitBytes = 999_999
            let failure = HTTPClientError.tooLarge(url: request.shownURL, limitBytes: 999_999)
            await #expect(throws: failure) { _ = try await loopback.client.send(request) }
            #expect("\(failure)" == "\(request.url) sent more than 999999 bytes")
            request.bodyLimitBytes = 1_000_000
            let answer1 = try await loopback.client.send(request)
            #expect(answer1.bodyBytes == 1_000_000)
        }
    }

    @Test("a body over the server's limit gets 413")
    func serverLimit() async throws {
        var limits = ServerLimits()
        limits.bodyBytes = 1000
        try await withLoopback(limits: limits, handler: echo) { loopback in
            let body = [UInt8](repeating: 1, count: 1001)
            let request = ClientRequest(.post, loopback.url("/echo"), body: body)
            let response = try await loopback.client.send(request)
            #expect(response.status == .contentTooLarge)
            #expect(text(response) == "body is longer than 1000 bytes; send smaller requests\n")
            #expect(loopback.hits.all == [.bodyBytes])
        }
    }

    @Test("gives up after the request's timeout")
    func timeout() async throws {
        try await withLoopback(handler: echo) { loopback in
            var request = ClientRequest(.get, loopback.url("/hang?secret=1"))
            request.timeoutMs = 50
            do throws(HTTPClientError) {
                _ = try await loopback.client.send(request)
                Issue.record("it answered")
            } catch {
                guard case .timeout(let url, _) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(url == loopback.url("/hang"))
            }
        }
    }

    @Test("cancelling a task ends its transfer, and the handler that works for it")
    func cancellation() async throws {
        let wasCancelled = Box(false)
        let isRunning = Box(false)
        let handler: HTTPHandler = { _ in
            isRunning.change { $0 = true }
            try? await Task.sleep(for: .seconds(60))
            let cancelled = Task.isCancelled
            wasCancelled.change { $0 = cancelled }
            return HTTPResponse(.ok)
        }
        try await withLoopback(handler: handler) { loopback in
            let url = loopback.url("/hang")
            let task = Task { () -> String in
                do throws(HTTPClientError) {
                    _ = try await loopback.client.send(ClientRequest(.get, url))
                    return "answered"
                } catch {
                    return "\(error)"
                }
            }
            #expect(await loopback.until { isRunning.value })
            task.cancel()
            #expect(await task.value == "\(url): the request was cancelled")
            #expect(await loopback.until { wasCancelled.value })
        }
    }

    @Test("serves a hundred requests at once")
    func parallel() async throws {
        var clientLimits = ClientLimits()
        clientLimits.connectionsPerHost = 100
        try await withLoopback(clientLimits: clientLimits, handler: echo) { loopback in
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for index in 0..<100 {
                    group.addTask {
                        let request = ClientRequest(.get, loopback.url("/n?\(index)"))
                        let response = try await loopback.client.send(request)
                        return String(decoding: response.body, as: UTF8.self)
                    }
                }
                return try await group.reduce(into: Set<String>()) { $0.insert($1) }
            }
            #expect(answers == Set((0..<100).map { "GET /n?\($0)\n" }))
            #expect(await loopback.client.runningCount == 0)
        }
    }

    @Test("closes who does not finish a request, and answers who is one too many")
    func slowAndTooMany() async throws {
        var limits = ServerLimits()
        limits.headerTimeoutMs = 50
        limits.lingerMs = 50
        limits.maxConnections = 1
        try await withLoopback(limits: limits, handler: echo) { loopback in
            let answer = try await loopback.exchange("GET / HTTP/1.1\r\nHost: a\r\nX")
            #expect(answer.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
            #expect(answer.hasSuffix("headers did not arrive within 50 ms\n"))
            let held = try await loopback.client.send(ClientRequest(.get, loopback.url("/")))
            #expect(held.status == .ok)
            let turnedAway = try await loopback.exchange("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(turnedAway.hasPrefix("HTTP/1.1 503 Service Unavailable\r\n"))
            #expect(turnedAway.contains("\r\nRetry-After: 1\r\n"))
            #expect(loopback.hits.all.contains(.headerTimeout))
            #expect(loopback.hits.all.contains(.maxConnections))
        }
    }

    @Test("answers pipelined requests in order and then closes")
    func pipeline() async throws {
        try await withLoopback(handler: echo) { loopback in
            let answer = try await loopback.exchange(
                "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.0\r\n\r\n"
            )
            let bodies = answer.utf8.split(separator: UInt8(ascii: "\n")).map { String($0) ?? "" }
            #expect(bodies.filter { $0.hasPrefix("GET") } == ["GET /1?", "GET /2?"])
        }
    }

    @Test("lets an answer under way finish when the server stops")
    func drain() async throws {
        let isRunning = Box(false)
        let release = Box(false)
        let handler: HTTPHandler = { _ in
            isRunning.change { $0 = true }
            while !release.value { try? await Task.sleep(for: .milliseconds(1)) }
            return HTTPResponse(.ok, text: "done\n")
        }
        try await withLoopback(handler: handler) { loopback in
            let url = loopback.url("/")
            let task = Task { try await loopback.client.send(ClientRequest(.get, url)) }
            #expect(await loopback.until { isRunning.value })
            let stopping = Task { await loopback.server.stop(drainMs: 5_000) }
            release.change { $0 = true }
            let response = try await task.value
            await stopping.value
            #expect(text(response) == "done\n")
            #expect(response.headers["connection"] == "close")
            #expect(await loopback.server.connectionCount == 0)
        }
    }
}
