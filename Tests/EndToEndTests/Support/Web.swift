// Asking servers over HTTP, and the ports that they listen on.
import Formats
import Glibc
import HTTP
import Platform

/// An HTTP client of a test.
final class Web: Sendable {
    private let loop: EventLoop
    private let thread: NamedThread
    private let client: CurlMulti

    init() throws {
        loop = try EventLoop()
        thread = try loop.start(name: "test-web")
        client = try CurlMulti(loop: loop)
    }

    deinit {
        loop.stop()
        thread.join()
    }

    /// One request; any status is an answer.
    func send(_ request: ClientRequest) async throws -> (status: Int, text: String) {
        let response = try await client.send(request)
        return (response.status.code, String(decoding: response.body, as: UTF8.self))
    }

    /// One request, answered with its headers.
    func ask(_ request: ClientRequest) async throws -> ClientResponse {
        try await client.send(request)
    }

    /// GET.
    func get(_ url: String) async throws -> (status: Int, text: String) {
        try await send(ClientRequest(.get, url))
    }

    /// Asks until the answer has status 200.
    /// - Throws: `WebError` after `seconds`, or as soon as `child` has ended.
    func waitUntilReady(_ url: String, of child: ChildProcess, within seconds: Int) async throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if let answer = try? await get(url), answer.status == 200 { return }
            if !child.isRunning { throw WebError.ended(path: child.path, log: child.log) }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw WebError.notReady(url: url, seconds: seconds, log: child.log)
    }

    /// The values of an instant query by `http://host:port`, in the order of the answer.
    func query(
        _ expression: String,
        at server: String,
        time: String? = nil
    ) async throws -> [Double] {
        var form = FormCoding([.init("query", expression)])
        if let time { form.add("time", time) }
        let answer = try await get("\(server)/api/v1/query?\(form.encoded)")
        guard answer.status == 200, let json = try? JSONValue.parse(Array(answer.text.utf8)),
            case .array(let result) = json["data"]?["result"] ?? .null
        else { throw WebError.refused(expression: expression, answer: answer.text) }
        return result.compactMap { item in
            guard case .array(let pair) = item["value"] ?? .null, pair.count == 2,
                case .string(let value) = pair[1]
            else { return nil }
            return Double(value)
        }
    }

    /// The values of the one series that a range selector finds, oldest first.
    func values(_ selector: String, at server: String) async throws -> [Double] {
        let form = FormCoding([.init("query", selector)])
        let answer = try await get("\(server)/api/v1/query?\(form.encoded)")
        guard answer.status == 200, let json = try? JSONValue.parse(Array(answer.text.utf8)),
            case .array(let result) = json["data"]?["result"] ?? .null, result.count < 2
        else { throw WebError.refused(expression: selector, answer: answer.text) }
        guard case .array(let pairs) = result.first?["values"] ?? .null else { return [] }
        return pairs.compactMap { pair in
            guard case .array(let parts) = pair, parts.count == 2,
                case .string(let value) = parts[1]
            else { return nil }
            return Double(value)
        }
    }

    /// Asks until `expression` has a first value that `accepts`.
    /// - Throws: `WebError.notYet` after `seconds`.
    @discardableResult
    func wait(
        for expression: String,
        at server: String,
        within seconds: Int,
        _ accepts: (Double) -> Bool = { _ in true }
    ) async throws -> Double {
        let deadline = ContinuousClock.now + .seconds(seconds)
        var last: [Double] = []
        while ContinuousClock.now < deadline {
            last = (try? await query(expression, at: server)) ?? last
            if let value = last.first, accepts(value) { return value }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw WebError.notYet(expression: expression, seconds: seconds, last: last)
    }
}

/// Why a server did not do as it should.
enum WebError: Error, CustomStringConvertible {
    case ended(path: String, log: String)
    case notReady(url: String, seconds: Int, log: String)
    case refused(expression: String, answer: String)
    case notYet(expression: String, seconds: Int, last: [Double])

    var description: String {
        switch self {
        case .ended(let path, let log): "\(path) has ended; its log:\n\(log)"
        case .notReady(let url, let seconds, let log):
            "\(url) is not ready after \(seconds) s; the log:\n\(log)"
        case .refused(let expression, let answer): "\(expression) was answered: \(answer)"
        case .notYet(let expression, let seconds, let last):
            "\(expression) is \(last) after \(seconds) s"
        }
    }
}

/// Ports that nobody listens on right now.
enum FreePort {
    /// A port of 127.0.0.1.
    ///
    /// Another process may take it before it is used; tests then fail loudly.
    static func next() throws(Errno) -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw .current }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                let bound = unsafe bind(descriptor, generic, length)
                return unsafe bound == 0 ? getsockname(descriptor, generic, &length) : bound
            }
        }
        guard status == 0 else { throw .current }
        return UInt16(bigEndian: address.sin_port)
    }
}
