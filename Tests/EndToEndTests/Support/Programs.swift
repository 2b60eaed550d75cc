// The programs that end-to-end tests start: the agent as it was built, and real servers.
import Glibc
import HTTP
import Platform
import TestSupport

/// Where programs are.
enum Programs {
    /// The agent: `AGENT_BINARY`, else the one that was built along with the tests.
    static let agent: String =
        Environment.value("AGENT_BINARY")
        ?? FilePath.join(FilePath.parent(ownPath), "tsdb-agent")

    /// The fuzzers and crash tests, as they were built along with the tests.
    static let fuzz = FilePath.join(FilePath.parent(ownPath), "fuzz")

    /// A real server that packaging/fetch-peers.sh unpacked.
    static func peer(_ name: String) -> String {
        FilePath.join(repository, ".build/peers/bin/\(name)")
    }

    /// Whether tests against real servers run: where those are, and under `CI=true` always, so that
    /// a server that is not there fails the test rather than skipping it.
    static let peersWanted =
        Environment.value("CI") == "true"
        || ((try? PosixFileSystem().exists(FilePath.join(repository, ".build/peers/complete")))
            ?? false)

    /// For `.enabled(if:)`.
    static let peersSkipped: String = {
        let path = FilePath.join(repository, ".build/peers/unavailable")
        let why = (try? PosixFileSystem().readAll(path, limit: 4096)).map {
            String(decoding: $0, as: UTF8.self)
        }
        return "SKIPPED: no real servers here: \(why ?? "run packaging/fetch-peers.sh")"
    }()

    /// As `peersWanted`, for the object store, which has another origin.
    static let objectStoreWanted =
        Environment.value("CI") == "true"
        || ((try? PosixFileSystem().exists(
            FilePath.join(repository, ".build/peers/bin/moto_server")
        ))
            ?? false)

    /// For `.enabled(if:)`.
    static let objectStoreSkipped: String = {
        let path = FilePath.join(repository, ".build/peers/no-moto")
        let why = (try? PosixFileSystem().readAll(path, limit: 4096)).map {
            String(decoding: $0, as: UTF8.self)
        }
        return "SKIPPED: no object store here: \(why ?? "run packaging/fetch-peers.sh")"
    }()

    private static let repository =
        FilePath.parent(FilePath.parent(FilePath.parent(FilePath.parent(#filePath))))

    private static var ownPath: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
        return String(
            decoding: buffer.prefix(max(0, length)).map { UInt8(bitPattern: $0) },
            as: UTF8.self
        )
    }
}

/// An agent of a test with a directory of its own.
final class TestAgent: Sendable {
    let directory: TemporaryDirectory
    let port: UInt16
    let child: ChildProcess

    /// `http://127.0.0.1:PORT`.
    var url: String { "http://127.0.0.1:\(port)" }

    /// Starts an agent and waits until it is ready.
    ///
    /// `@PORT@` in the configuration becomes the port; `[api] listen` is in it by itself. A directory
    /// of an agent before this one makes it start again on that one's data. Without `awaitsReady` it may
    /// still be starting.
    /// - Throws: what keeps it from getting ready.
    init(
        _ configuration: String,
        in directory: TemporaryDirectory? = nil,
        port: UInt16? = nil,
        awaitsReady: Bool = true,
        web: Web
    ) async throws {
        self.directory = try directory ?? TemporaryDirectory("agent")
        self.port = try port ?? FreePort.next()
        let path = self.directory.file("agent.toml")
        try TestAgent.write(configuration, self.directory, self.port)
        child = try ChildProcess(
            Programs.agent,
            ["run", "--config", path],
            directory: self.directory.path,
            logPath: self.directory.file("agent.log")
        )
        guard awaitsReady else { return }
        try await web.waitUntilReady("\(url)/-/ready", of: child, within: 20)
    }

    /// Writes another configuration, for a reload.
    func configure(_ configuration: String) throws {
        try TestAgent.write(configuration, directory, port)
    }

    /// Pushes text by `/api/v1/import/prometheus`.
    /// - Throws: `WebError.refused` unless it is stored.
    func push(_ text: String, _ web: Web) async throws {
        var request = ClientRequest(
            .post,
            "\(url)/api/v1/import/prometheus",
            body: Array(text.utf8)
        )
        request.headers.set("Content-Type", "text/plain")
        let answer = try await web.send(request)
        guard answer.status == 204 else {
            throw WebError.refused(expression: "a push", answer: answer.text)
        }
    }

    private static func write(
        _ configuration: String,
        _ directory: TemporaryDirectory,
        _ port: UInt16
    ) throws(Errno) {
        let text = configuration.split(separator: "@PORT@", omittingEmptySubsequences: false)
            .joined(separator: "\(port)")
        try directory.write("agent.toml", "[api]\nlisten = [\"127.0.0.1:\(port)\"]\n" + text)
    }
}
