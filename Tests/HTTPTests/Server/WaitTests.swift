// Ends that come in the same instant as a wait begins: whoever waits must be told.
import HTTP
import Platform
import Testing

@Suite("Ends of waits")
struct WaitTests {
    private static let request = Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)

    @Test("a stop ends when the last connection goes as it begins")
    func stop() async throws {
        let loop = try EventLoop()
        let thread = try loop.start(name: "http-test")
        let pool = try BlockingPool(name: "http-work", threads: 1, queueLimit: 1)
        for round in 0..<500 {
            let isAnswering = Box(false)
            let server = HTTPServer(loop: loop) { _ in
                await pool.run { isAnswering.change { $0 = true } }
                return HTTPResponse(.ok, text: "x\n")
            }
            let address = try await server.listen(on: SocketAddress("127.0.0.1:0"))
            let socket = try Socket.connect(to: address)
            while case .wouldBlock = Socket.write(socket, Self.request.span) {
                await Task.yield()
            }
            while !isAnswering.value { await Task.yield() }
            for _ in 0..<round % 50 { await Task.yield() }
            await server.stop(drainMs: 20)
        }
        pool.stop()
        loop.stop()
        thread.join()
    }

    @Test("writers of a body end when the client goes as they begin to wait")
    func writers() async throws {
        let loop = try EventLoop()
        let thread = try loop.start(name: "http-test")
        var limits = ServerLimits()
        limits.outputBytes = 1
        for round in 0..<300 {
            let writers = Box(0)
            let hasEnded = Box(false)
            let server = HTTPServer(loop: loop, limits: limits) { _ in
                HTTPResponse(
                    .ok,
                    body: .stream { writer async throws(HTTPBodyClosed) in
                        writers.change { $0 += 1 }
                        // Two at once: neither may take the other's place in the line.
                        await withDiscardingTaskGroup { group in
                            for _ in 0..<2 {
                                group.addTask {
                                    let piece = [UInt8](repeating: 1, count: 1 << 20)
                                    while (try? await writer.write(piece)) != nil {}
                                }
                            }
                        }
                        hasEnded.change { $0 = true }
                        throw HTTPBodyClosed()
                    }
                )
            }
            let address = try await server.listen(on: SocketAddress("127.0.0.1:0"))
            do {
                let socket = try Socket.connect(to: address)
                while case .wouldBlock = Socket.write(socket, Self.request.span) {
                    await Task.yield()
                }
                while writers.value == 0 { await Task.yield() }
                for _ in 0..<round % 50 { await Task.yield() }
            }
            while !hasEnded.value { await Task.yield() }
            await server.stop(drainMs: 20)
        }
        loop.stop()
        thread.join()
    }

    @Test("a request ends when it is cancelled as it begins")
    func cancellation() async throws {
        let handler: HTTPHandler = { _ in
            try? await Task.sleep(for: .seconds(60))
            return HTTPResponse(.ok, text: "slept\n")
        }
        try await withLoopback(handler: handler) { loopback in
            for round in 0..<1_000 {
                let url = loopback.url("/")
                let task = Task { try await loopback.client.send(ClientRequest(.get, url)) }
                for _ in 0..<round % 50 { await Task.yield() }
                task.cancel()
                await #expect(throws: HTTPClientError.cancelled(url: url)) {
                    _ = try await task.value
                }
            }
        }
    }
}
