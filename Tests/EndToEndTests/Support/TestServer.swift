// A web server inside the test: a scrape target, or a receiver that refuses.
import HTTP
import Platform
import Synchronization

/// Answers as it is told, and counts.
final class TestServer: Sendable {
    typealias Answer = @Sendable (HTTPRequest) async -> HTTPResponse

    let port: UInt16
    private let loop: EventLoop
    private let thread: NamedThread
    private let server: HTTPServer
    private let desk: Desk

    /// `127.0.0.1:PORT`.
    var address: String { "127.0.0.1:\(port)" }

    /// Starts to listen on a port that the system chooses.
    /// - Throws: what keeps it from that.
    init(_ answer: @escaping Answer) async throws {
        let desk = Desk(answer)
        self.desk = desk
        loop = try EventLoop()
        thread = try loop.start(name: "test-server")
        server = HTTPServer(loop: loop) { await desk.respond($0) }
        let bound = try await server.listen(on: SocketAddress("127.0.0.1:0"))
        port = bound.port
    }

    /// A target that serves this text.
    convenience init(text: String) async throws {
        try await self.init { _ in TestServer.exposition(text) }
    }

    deinit {
        loop.stop()
        thread.join()
    }

    /// Requests that have come so far.
    var requests: Int { desk.state.withLock { $0.requests } }

    /// Answers differently from now on.
    func answer(_ answer: @escaping Answer) { desk.state.withLock { $0.answer = answer } }

    /// Serves another text from now on.
    func serve(_ text: String) { answer { _ in TestServer.exposition(text) } }

    static func exposition(_ text: String) -> HTTPResponse {
        HTTPResponse(.ok, type: "text/plain; version=0.0.4", Array(text.utf8))
    }

    private final class Desk: Sendable {
        struct State {
            var answer: Answer
            var requests = 0
        }

        let state: Mutex<State>

        init(_ answer: @escaping Answer) { state = Mutex(State(answer: answer)) }

        func respond(_ request: HTTPRequest) async -> HTTPResponse {
            let answer = state.withLock { state in
                state.requests += 1
                return state.answer
            }
            return await answer(request)
        }
    }
}

/// A target whose series `tick` counts how often its path was asked.
final class TickingTarget: Sendable {
    let server: TestServer
    private let ticks: Ticks

    /// Starts with `padding` further series beside `tick`, with changing values.
    /// - Throws: what keeps it from listening.
    init(padding: Int = 0) async throws {
        let ticks = Ticks()
        self.ticks = ticks
        server = try await TestServer { request in
            guard let count = ticks.next(request.path) else {
                return HTTPResponse(.unavailable)
            }
            var text = "tick \(count)\n"
            for index in 0..<padding { text += "padding{i=\"\(index)\"} \(count * index)\n" }
            return TestServer.exposition(text)
        }
    }

    /// How often a path has been answered.
    func count(_ path: String) -> Int { ticks.state.withLock { $0.counts[path] ?? 0 } }

    /// Answers 503 from now on, or no longer.
    func rest(_ isResting: Bool) { ticks.state.withLock { $0.isResting = isResting } }

    private final class Ticks: Sendable {
        struct State {
            var counts: [String: Int] = [:]
            var isResting = false
        }

        let state = Mutex(State())

        func next(_ path: String) -> Int? {
            state.withLock { state in
                if state.isResting { return nil }
                state.counts[path, default: 0] += 1
                return state.counts[path]
            }
        }
    }
}
