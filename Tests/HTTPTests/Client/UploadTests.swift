// Bodies that are fetched while they are sent: whole, in bounded memory, and ended with the transfer.
import HTTP
import Platform
import Synchronization
import Testing

@Suite("Uploads of a body source") struct UploadTests {
    private let echo: HTTPHandler = { request in
        request.path == "/refuse"
            ? HTTPResponse(.forbidden, text: "no")
            : HTTPResponse(.ok, type: "application/octet-stream", request.body)
    }

    // What was asked for: how much in all, the longest piece, calls at the same time.
    private final class Tally: Sendable {
        struct State {
            var bytes = 0
            var longest = 0
            var underWay = 0
            var mostUnderWay = 0
        }

        let state = Mutex(State())
    }

    private func source(_ count: Int, _ tally: Tally, failingAt place: Int = .max) -> BodySource {
        BodySource(byteCount: count) { offset, limit in
            tally.state.withLock { state in
                state.underWay += 1
                state.mostUnderWay = max(state.mostUnderWay, state.underWay)
            }
            await Task.yield()
            defer { tally.state.withLock { $0.underWay -= 1 } }
            if offset >= place { return nil }
            let end = min(count, offset + min(limit, 100_000))
            tally.state.withLock { state in
                state.bytes += end - offset
                state.longest = max(state.longest, end - offset)
            }
            return (offset..<end).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        }
    }

    @Test("arrive whole", arguments: [1, 99_999, 100_000, 262_144, 5_000_000])
    func whole(count: Int) async throws {
        let tally = Tally()
        try await withLoopback(handler: echo) { loopback in
            for method in [HTTPMethod.put, .post] {
                var request = ClientRequest(method, loopback.url("/echo"))
                request.source = source(count, tally)
                let response = try await loopback.client.send(request)
                #expect(response.status == .ok)
                #expect(
                    response.body == (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
                )
            }
        }
        let state = tally.state.withLock { $0 }
        #expect(state.bytes == 2 * count)
        #expect(state.mostUnderWay == 1)
    }

    @Test("a source that ends too early ends the transfer", arguments: [0, 300_000])
    func broken(place: Int) async throws {
        try await withLoopback(handler: echo) { loopback in
            var request = ClientRequest(.put, loopback.url("/echo"))
            request.source = source(1_000_000, Tally(), failingAt: place)
            let error = await #expect(throws: HTTPClientError.self) {
                try await loopback.client.send(request)
            }
            #expect(
                error == .transfer(url: request.shownURL, message: "the body cannot be read")
            )
            // The client goes on as if nothing had been.
            let next = try await loopback.client.send(
                ClientRequest(.put, loopback.url("/echo"), body: [1, 2])
            )
            #expect(next.body == [1, 2])
        }
    }

    @Test("an answer that comes before the body was sent is an answer")
    func refused() async throws {
        try await withLoopback(handler: echo) { loopback in
            var request = ClientRequest(.put, loopback.url("/refuse"))
            request.source = source(3_000_000, Tally())
            let response = try await loopback.client.send(request)
            #expect(response.status == .forbidden)
        }
    }

    @Test("cancelling ends both the transfer and the fetching")
    func cancelled() async throws {
        try await withLoopback(handler: echo) { loopback in
            let gate = Mutex<CheckedContinuation<Void, Never>?>(nil)
            let url = loopback.url("/echo")
            let client = loopback.client
            let task = Task { () -> HTTPClientError? in
                var request = ClientRequest(.put, url)
                request.source = BodySource(byteCount: 1_000_000) { offset, limit in
                    // It may be asked once more, before the client has heard of the end.
                    if offset == 1000 {
                        await withCheckedContinuation { waiting in gate.withLock { $0 = waiting } }
                    }
                    return [UInt8](repeating: 1, count: min(limit, 1000))
                }
                do throws(HTTPClientError) { _ = try await client.send(request) } catch {
                    return error
                }
                return nil
            }
            #expect(await loopback.until { gate.withLock { $0 != nil } })
            task.cancel()
            #expect(await loopback.until { await client.runningCount == 0 })
            gate.withLock { $0?.resume() }
            let error = await task.value
            #expect(error == .cancelled(url: url))
        }
    }

    @Test("a server that does not read is not read ahead for")
    func bounded() async throws {
        // Connections are made, and nobody takes them.
        let socket = try Socket.listen(on: SocketAddress("127.0.0.1:0"))
        let port = try Socket.localAddress(socket).port
        let tally = Tally()
        try await withLoopback(handler: echo) { loopback in
            var request = ClientRequest(.put, "http://127.0.0.1:\(port)/")
            request.source = BodySource(byteCount: 400_000_000) { _, limit in
                tally.state.withLock { $0.bytes += limit }
                return [UInt8](repeating: 1, count: limit)
            }
            request.timeoutMs = 700
            let error = await #expect(throws: HTTPClientError.self) {
                try await loopback.client.send(request)
            }
            guard case .timeout = error else {
                Issue.record("\(error.map { "\($0)" } ?? "no error")")
                return
            }
        }
        // What the kernel takes of it, and two pieces.
        #expect(tally.state.withLock { $0.bytes } < 20_000_000)
    }

    @Test("GET has no body")
    func get() async throws {
        try await withLoopback(handler: echo) { loopback in
            var request = ClientRequest(.get, loopback.url("/echo"))
            request.source = source(10, Tally())
            await #expect(throws: HTTPClientError.self) { try await loopback.client.send(request) }
        }
    }
}
