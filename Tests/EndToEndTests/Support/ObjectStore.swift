// moto, which answers as S3 does, as a process of the test.
import Forward
import HTTP
import Platform
import Synchronization
import TestSupport

/// An object store with one bucket, in memory: what it has is gone when it ends.
final class ObjectStore: Sendable {
    static let bucket = "metrics"

    let port: UInt16
    private let directory: TemporaryDirectory
    private let web: Web
    private let running: Mutex<ChildProcess>

    var child: ChildProcess { running.withLock { $0 } }
    var url: String { "http://127.0.0.1:\(port)" }

    /// Starts it and makes the bucket.
    init(_ web: Web) async throws {
        self.web = web
        directory = try TemporaryDirectory("object-store")
        port = try FreePort.next()
        running = Mutex(try ObjectStore.start(port, directory))
        try await makeBucket()
    }

    private static func start(
        _ port: UInt16,
        _ directory: TemporaryDirectory
    ) throws -> ChildProcess {
        try ChildProcess(
            Programs.peer("moto_server"),
            ["-H", "127.0.0.1", "-p", "\(port)"],
            directory: directory.path,
            logPath: directory.file("moto.log")
        )
    }

    private func makeBucket() async throws {
        try await web.waitUntilReady("\(url)/moto-api/", of: child, within: 60)
        _ = try await web.send(ClientRequest(.put, "\(url)/\(ObjectStore.bucket)"))
    }

    /// Ends it at once.
    func kill() { child.signal(9) }

    /// Starts it again, empty.
    func restart() async throws {
        child.signal(9)
        _ = try await child.exitCode(within: 10)
        let next = try ObjectStore.start(port, directory)
        running.withLock { $0 = next }
        try await makeBucket()
    }

    /// Changes an object behind everybody's back.
    func send(_ method: HTTPMethod, _ key: String, _ body: [UInt8] = []) async throws {
        var request = ClientRequest(method, "\(url)/\(ObjectStore.bucket)/\(key)", body: body)
        // Whoever says who he is may do anything here.
        request.headers.set(
            "Authorization",
            "AWS4-HMAC-SHA256 Credential=id/20260101/us-east-1/s3/aws4_request, "
                + "SignedHeaders=host, Signature=0"
        )
        let answer = try await web.send(request)
        guard (200..<300).contains(answer.status) else {
            throw WebError.refused(expression: key, answer: answer.text)
        }
    }

    /// All keys in the bucket.
    func keys(_ prefix: String = "") async throws -> [String] {
        var keys: [String] = []
        try await client(Throughout(), pool: try BlockingPool(name: "t", threads: 1, queueLimit: 8))
            .list(prefix) { page in
                keys += page.map(\.key)
                return true
            }
        return keys
    }

    /// A client of the bucket, over a connection that `way` may break.
    func client(
        _ way: Throughout,
        pool: BlockingPool,
        multipartBytes: Int = 64 << 20
    ) throws -> S3Client {
        var settings = S3Client.Settings()
        settings.multipartBytes = multipartBytes
        settings.partBytes = 5 << 20
        var credentials = S3CredentialSource.Settings()
        credentials.accessKeyID = "id"
        credentials.secretAccessKey = "secret"
        return S3Client(
            try S3Endpoint(
                url: url,
                bucket: ObjectStore.bucket,
                region: "us-east-1",
                usesPathStyle: true
            ),
            as: S3CredentialSource(
                credentials,
                environment: { _ in nil },
                files: PosixFileSystem()
            ),
            settings: settings,
            over: way,
            pool: pool
        )
    }
}

/// A real HTTP client, with a test that looks at each request before it goes.
final class Throughout: HTTPClient {
    private let loop: EventLoop
    private let thread: NamedThread
    private let client: CurlMulti
    private let look: @Sendable (ClientRequest) async -> ClientResponse?

    /// `look` may answer in the server's place.
    init(_ look: @escaping @Sendable (ClientRequest) async -> ClientResponse? = { _ in nil }) throws
    {
        self.look = look
        loop = try EventLoop()
        thread = try loop.start(name: "test-s3")
        client = try CurlMulti(loop: loop)
    }

    deinit {
        loop.stop()
        thread.join()
    }

    func send(_ request: ClientRequest) async throws(HTTPClientError) -> ClientResponse {
        if let answer = await look(request) { return answer }
        return try await client.send(request)
    }

    func stream(
        _ request: ClientRequest,
        to sink: BodySink
    ) async throws(HTTPClientError) -> ClientResponse {
        try await client.stream(request, to: sink)
    }
}
