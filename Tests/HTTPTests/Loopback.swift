// A real loop with a real server and a real client, in this process, on ports that the system chose.
import HTTP
import Platform
import Synchronization

/// Runs `body` with a loop and takes everything down afterwards.
func withLoopback(
    limits: ServerLimits = ServerLimits(),
    clientLimits: ClientLimits = ClientLimits(),
    on address: String = "127.0.0.1:0",
    handler: @escaping HTTPHandler,
    _ body: (Loopback) async throws -> Void
) async throws {
    let loop = try EventLoop()
    let thread = try loop.start(name: "http-test")
    let hits = LimitHits()
    var events = ServerEvents()
    events.limitHit = { hits.add($0) }
    let server = HTTPServer(loop: loop, limits: limits, events: events, handler: handler)
    let client = try CurlMulti(loop: loop, limits: clientLimits)
    let bound = try await server.listen(on: SocketAddress(address))
    let loopback = Loopback(
        loop: loop,
        server: server,
        client: client,
        address: bound,
        hits: hits
    )
    var failure: (any Error)?
    do { try await body(loopback) } catch { failure = error }
    await client.close()
    await server.stop(drainMs: 200)
    loop.stop()
    thread.join()
    if let failure { throw failure }
}

struct Loopback: Sendable {
    let loop: EventLoop
    let server: HTTPServer
    let client: CurlMulti
    let address: SocketAddress
    let hits: LimitHits

    func url(_ path: String) -> String { "http://\(address)\(path)" }

    /// Asks again until `condition` holds; false when it does not within five seconds.
    func until(_ condition: () async -> Bool) async -> Bool {
        let deadline = loop.clock.now.advanced(by: .seconds(5))
        while loop.clock.now < deadline {
            if await condition() { return true }
            try? await loop.sleep(for: .milliseconds(2))
        }
        return false
    }

    /// Sends raw bytes and gives what comes back until the peer closes.
    func exchange(_ text: String) async throws -> String {
        let socket = try Socket.connect(to: address)
        var unsent = Array(text.utf8)[...]
        var received: [UInt8] = []
        var isOver = false
        _ = await until {
            if !unsent.isEmpty, case .moved(let count) = Socket.write(socket, unsent.span) {
                unsent = unsent.dropFirst(count)
            }
            received.append(addingCapacity: 64 * 1024) { target in
                switch Socket.read(socket, into: &target) {
                case .moved, .wouldBlock: break
                case .ended, .failed: isOver = true
                }
            }
            return isOver
        }
        return String(decoding: received, as: UTF8.self) + (isOver ? "" : "[still open]")
    }
}

/// Which limits the server counted.
final class LimitHits: Sendable {
    private let hits = Mutex<[ServerLimit]>([])

    func add(_ limit: ServerLimit) { hits.withLock { $0.append(limit) } }

    var all: [ServerLimit] { hits.withLock { $0 } }
}

/// A value that handlers and sinks share with their test.
final class Box<Value: Sendable>: Sendable {
    private let content: Mutex<Value>

    init(_ value: Value) { content = Mutex(value) }

    var value: Value { content.withLock { $0 } }

    func change(_ body: @Sendable (inout Value) -> Void) { content.withLock { body(&$0) } }
}
