// A receiver of remote write inside the test: keeps what every request said, answers as it is told.
import Codec
import Formats
import HTTP
import Platform
import Synchronization

/// One request of remote write.
struct WriteRequest: Sendable {
    /// One sample with the labels of its series, in the order in which they came.
    struct Sample: Hashable, Sendable {
        var labels: [String]
        var timeMs: Int64
        var bits: UInt64

        /// The value of `__name__`.
        var name: String {
            let prefix = "__name__="
            return labels.first { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
                ?? ""
        }
    }

    /// Since the receiver was made.
    let atMs: Int64
    let headers: HTTPHeaders
    let body: [UInt8]
    /// In 2.0: the symbols, as they came.
    private(set) var symbols: [String] = []
    private(set) var samples: [Sample] = []
    private(set) var isVersion2 = false

    /// - Throws: what is wrong with the body.
    init(_ request: HTTPRequest, atMs: Int64) throws {
        self.atMs = atMs
        headers = request.headers
        body = request.body
        let message = try SnappyBlock.decompress(body.span, limit: 1 << 26)
        isVersion2 = headers["Content-Type"]?.contains("io.prometheus.write.v2.Request") ?? false
        try isVersion2 ? readVersion2(message) : readVersion1(message)
    }

    private mutating func readVersion1(_ message: [UInt8]) throws {
        var reader = ProtobufReader(0..<message.count)
        while let found = try reader.next(message.span) {
            let content = try reader.bytes(message.span)
            if found.field == 1 { try readSeries(content, message) }
        }
    }

    private mutating func readVersion2(_ message: [UInt8]) throws {
        var reader = ProtobufReader(0..<message.count)
        while let found = try reader.next(message.span) {
            let content = try reader.bytes(message.span)
            switch found.field {
            case 4: symbols.append(text(content, message))
            default: try readSeries(content, message)
            }
        }
    }

    private mutating func readSeries(_ range: Range<Int>, _ message: [UInt8]) throws {
        var labels: [String] = []
        var reader = ProtobufReader(range)
        while let found = try reader.next(message.span) {
            let content = try reader.bytes(message.span)
            switch found.field {
            case 1 where isVersion2:
                var packed = ProtobufReader(content)
                while packed.at < packed.end {
                    let name = try packed.varint(message.span)
                    let value = try packed.varint(message.span)
                    labels.append("\(symbols[Int(name)])=\(symbols[Int(value)])")
                }
            case 1:
                var label = ProtobufReader(content)
                var pair = ["", ""]
                while let part = try label.next(message.span) {
                    pair[part.field - 1] = text(try label.bytes(message.span), message)
                }
                labels.append(pair.joined(separator: "="))
            case 2:
                var sample = ProtobufReader(content)
                var (bits, time) = (UInt64(0), UInt64(0))
                while let part = try sample.next(message.span) {
                    if part.field == 1 {
                        bits = try sample.fixed64(message.span)
                    } else {
                        time = try sample.varint(message.span)
                    }
                }
                samples.append(
                    Sample(labels: labels, timeMs: Int64(bitPattern: time), bits: bits)
                )
            default: break
            }
        }
    }

    private func text(_ range: Range<Int>, _ message: [UInt8]) -> String {
        String(decoding: message[range], as: UTF8.self)
    }
}

/// A receiver that a test asks what came.
final class WriteReceiver: Sendable {
    /// What it answers to the request of a number, counted from 1.
    typealias Answer = @Sendable (_ number: Int, _ request: WriteRequest) async -> HTTPResponse

    private let desk: Desk
    private let server: TestServer

    /// Where requests go.
    var url: String { "http://\(server.address)/api/v1/write" }
    /// `127.0.0.1:PORT`.
    var address: String { server.address }
    /// The port alone.
    var port: UInt16 { server.port }

    /// What has come so far, of what could be read.
    var requests: [WriteRequest] { desk.state.withLock { $0.requests } }
    /// What could not be read.
    var complaints: [String] { desk.state.withLock { $0.complaints } }

    /// All samples of a metric that have come so far.
    func samples(_ name: String) -> [WriteRequest.Sample] {
        requests.flatMap(\.samples).filter { $0.name == name }
    }

    /// A receiver that takes both versions, unless `answer` says otherwise.
    init(_ answer: @escaping Answer = { _, request in .taken(request) }) async throws {
        let desk = Desk(answer)
        self.desk = desk
        server = try await TestServer { await desk.respond($0) }
    }

    /// Answers differently from now on.
    func answer(_ answer: @escaping Answer) { desk.state.withLock { $0.answer = answer } }

    private final class Desk: Sendable {
        struct State {
            var answer: Answer
            var count = 0
            var requests: [WriteRequest] = []
            var complaints: [String] = []
        }

        let state: Mutex<State>
        let clock = SystemClock()
        let startMs: Int64

        init(_ answer: @escaping Answer) {
            state = Mutex(State(answer: answer))
            startMs = clock.nowMs()
        }

        func respond(_ request: HTTPRequest) async -> HTTPResponse {
            let read = Result { try WriteRequest(request, atMs: clock.nowMs() - startMs) }
            let (answer, number) = state.withLock { state in
                state.count += 1
                return (state.answer, state.count)
            }
            switch read {
            case .success(let request):
                state.withLock { $0.requests.append(request) }
                return await answer(number, request)
            case .failure(let error):
                state.withLock { $0.complaints.append("\(error)") }
                return HTTPResponse(.badRequest, text: "\(error)\n")
            }
        }
    }
}

extension HTTPResponse {
    /// What a receiver answers that stored all of a request.
    static func taken(_ request: WriteRequest) -> HTTPResponse {
        let response = HTTPResponse(.noContent)
        guard request.isVersion2 else { return response }
        return response.with(
            "X-Prometheus-Remote-Write-Samples-Written",
            "\(request.samples.count)"
        )
    }
}
