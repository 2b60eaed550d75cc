// One bucket, with every way in which a store can say no.
import Formats
import HTTP
import Model
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Forward

@Suite("S3 client") struct S3ClientTests {
    private let clock = ManualClock()
    private let pool: BlockingPool

    init() throws {
        pool = try BlockingPool(name: "test", threads: 1, queueLimit: 16)
    }

    private func client(
        _ bucket: FakeBucket,
        region: String = "us-east-1",
        multipartBytes: Int = 64 << 20
    ) throws -> S3Client {
        var settings = S3CredentialSource.Settings()
        settings.accessKeyID = "AKID"
        settings.secretAccessKey = "secret"
        var limits = S3Client.Settings()
        limits.multipartBytes = multipartBytes
        limits.partBytes = 70_000
        return S3Client(
            try S3Endpoint(
                url: "http://s3.test:9000",
                bucket: "bucket",
                region: region,
                usesPathStyle: true
            ),
            as: S3CredentialSource(
                settings,
                environment: { _ in nil },
                files: MemoryFileSystem()
            ),
            settings: limits,
            over: bucket,
            pool: pool,
            wall: clock
        )
    }

    private func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    }

    private func put(_ client: S3Client, _ key: String, _ bytes: [UInt8]) async throws -> S3Put {
        try await client.putOnce(
            key,
            S3Content(bytes),
            hash: SigV4.hash(bytes),
            metadata: ["samples": "7"]
        )
    }

    @Test("an object is put once, with its hash and its metadata", arguments: [0, 10, 200_000])
    func putOnce(count: Int) async throws {
        let bucket = FakeBucket(clock: clock)
        let client = try client(bucket)
        #expect(try await put(client, "a/b.gor", bytes(count)) == .stored)
        #expect(try await put(client, "a/b.gor", bytes(count)) == .wasThere)
        #expect(bucket.puts == 1)
        #expect(
            bucket.objects == ["a/b.gor": .init(bytes: bytes(count), metadata: ["samples": "7"])]
        )
        let facts = try await client.facts(of: "a/b.gor")
        #expect(facts == S3ObjectFacts(byteCount: count, metadata: ["samples": "7"]))
        #expect(try await client.facts(of: "a/c.gor") == nil)
    }

    @Test("what is there under the name and is no such object is written over")
    func overwritten() async throws {
        let bucket = FakeBucket(clock: clock)
        let client = try client(bucket)
        bucket.state.withLock { $0.objects["k"] = .init(bytes: [1]) }
        #expect(try await put(client, "k", [1, 2]) == .stored)
        #expect(bucket.objects["k"]?.bytes == [1, 2])
    }

    @Test("a store that does not know the condition is asked what it has")
    func unconditional() async throws {
        let bucket = FakeBucket(clock: clock)
        bucket.state.withLock { $0.knowsCondition = false }
        let client = try client(bucket)
        #expect(try await put(client, "k", [1, 2]) == .stored)
        #expect(try await put(client, "k", [1, 2]) == .wasThere)
        #expect(bucket.puts == 1)
    }

    @Test("parts are read and listed, page by page")
    func reading() async throws {
        let bucket = FakeBucket(clock: clock)
        let client = try client(bucket)
        for name in ["a/1", "a/2", "a/3", "a/4", "a/5", "b/1"] {
            _ = try await put(client, name, bytes(10))
        }
        #expect(try await client.get("a/1", limit: 100) == bytes(10))
        #expect(try await client.get("a/1", 2..<5, limit: 100) == Array(bytes(10)[2..<5]))
        #expect(try await client.get("a/1", 8..<20, limit: 100) == Array(bytes(10)[8..<10]))
        var keys: [String] = []
        try await client.list("a/") { page in
            keys += page.map(\.key)
            return true
        }
        #expect(keys == ["a/1", "a/2", "a/3", "a/4", "a/5"])
        keys = []
        try await client.list("a/", after: "a/3") { page in
            keys += page.map(\.key)
            return true
        }
        #expect(keys == ["a/4", "a/5"])
    }

    @Test("a bucket of another region is asked there, and only by its own host")
    func moved() async throws {
        let bucket = FakeBucket(clock: clock)
        bucket.state.withLock { $0.region = "eu-west-1" }
        let client = try client(bucket)
        #expect(try await put(client, "k", [1]) == .stored)
        #expect(client.endpoint.region == "eu-west-1")
        #expect(bucket.requests.allSatisfy { $0.url.hasPrefix("http://s3.test:9000/") })
        #expect(bucket.requests.count == 2)
        #expect(!bucket.requests.contains { $0.followsRedirects })
        _ = try await put(client, "l", [1])
        #expect(bucket.requests.count == 3)
    }

    @Test(
        "regions change the host of Amazon's own addresses, and of no other",
        arguments: [
            ("https://s3.us-east-1.amazonaws.com", "eu-west-1", "s3.eu-west-1.amazonaws.com"),
            ("https://s3.amazonaws.com", "eu-west-1", "s3.eu-west-1.amazonaws.com"),
            ("https://minio.example:9000", "eu-west-1", "minio.example:9000"),
            ("https://s3.us-east-1.amazonaws.com", "evil.example/", nil),
            ("https://s3.us-east-1.amazonaws.com", "us-east-1", nil),
            ("https://s3.us-east-1.amazonaws.com", "", nil),
        ]
    )
    func regions(url: String, region: String, host: String?) throws {
        let endpoint = try S3Endpoint(
            url: url,
            bucket: "bucket",
            region: "us-east-1",
            usesPathStyle: true
        )
        #expect(endpoint.moved(to: region)?.host == host)
    }

    @Test("either style of address")
    func styles() throws {
        let path = try S3Endpoint(
            url: "https://h:443/base/",
            bucket: "bkt",
            region: "r",
            usesPathStyle: true
        )
        #expect(path.host == "h")
        #expect(path.url("a b/c", []) == "https://h/base/bkt/a%20b/c")
        #expect(path.url("", [.init("uploads", "")]) == "https://h/base/bkt?uploads=")
        let virtual = try S3Endpoint(
            url: "http://h:80",
            bucket: "bkt",
            region: "r",
            usesPathStyle: false
        )
        #expect(virtual.host == "bkt.h")
        #expect(virtual.url("a", [.init("b", "/")]) == "http://bkt.h/a?b=%2F")
        #expect(virtual.url("", []) == "http://bkt.h/")
        let six = try S3Endpoint(
            url: "http://[::1]:9000",
            bucket: "bkt",
            region: "r",
            usesPathStyle: true
        )
        #expect(six.host == "[::1]:9000")
    }

    @Test("a clock that is wrong is corrected by the store's, in either direction")
    func skewed() async throws {
        for stepMs in [Int64(3_600_000), -86_400_000] {
            let bucket = FakeBucket(clock: ManualClock())
            bucket.clock.stepWall(byMs: stepMs)
            let client = try client(bucket)
            #expect(try await client.facts(of: "k") == nil)
            #expect(client.clockOffsetMs == stepMs)
            #expect(try await put(client, "k", [1]) == .stored)
            #expect(bucket.requests.count == 3)
        }
    }

    @Test("what cannot be repaired is told once, with the store's words")
    func refused() async throws {
        let bucket = FakeBucket(clock: clock) { _, _ in
            .answer(FakeBucket.error(403, "AccessDenied"))
        }
        let client = try client(bucket)
        let error = await #expect(throws: S3Error.self) { try await put(client, "k", [1]) }
        #expect(
            error?.description
                == "cannot put http://s3.test:9000/bucket/k: HTTP 403 AccessDenied: no"
        )
        #expect(error?.verdict == .parked(code: 403))
        #expect(bucket.requests.count == 1)
    }

    @Test(
        "statuses and codes mean what the store means by them",
        arguments: [
            (500, "InternalError", Verdict.retry(afterMs: nil, mayHaveArrived: true)),
            (503, "SlowDown", .retry(afterMs: 2000, mayHaveArrived: true)),
            (409, "ConditionalRequestConflict", .retry(afterMs: nil, mayHaveArrived: true)),
            (400, "RequestTimeout", .retry(afterMs: nil, mayHaveArrived: true)),
            (400, "InvalidBucketName", .parked(code: 400)),
            (403, "AccessDenied", .parked(code: 403)),
            (404, "NoSuchBucket", .parked(code: 404)),
            (404, "NoSuchUpload", .retry(afterMs: nil, mayHaveArrived: true)),
            (301, "PermanentRedirect", .parked(code: 301)),
            (501, "NotImplemented", .parked(code: 501)),
        ]
    )
    func verdicts(status: Int, code: String, verdict: Verdict) {
        var response = FakeBucket.error(status, code)
        if status == 503 { response.retryAfterSeconds = 2 }
        #expect(S3Refusal(response).verdict == verdict)
        #expect(S3Refusal(response).code == code)
    }

    @Test("an object in parts: a few pieces in memory, all of it there")
    func parts() async throws {
        let bucket = FakeBucket(clock: clock)
        let client = try client(bucket, multipartBytes: 100_000)
        #expect(try await put(client, "k", bytes(300_000)) == .stored)
        #expect(bucket.objects["k"]?.bytes == bytes(300_000))
        #expect(bucket.objects["k"]?.metadata == ["samples": "7"])
        #expect(bucket.state.withLock { $0.uploads.isEmpty })
        #expect(bucket.requests.count { $0.url.contains("partNumber=") } == 5)
        #expect(try await put(client, "k", bytes(300_000)) == .wasThere)
        #expect(bucket.puts == 1)
    }

    @Test(
        "whatever request of an upload in parts fails, nothing stays behind, and the next one works"
    )
    func brokenParts() async throws {
        // HEAD, the list of uploads, the begin, five parts, the end.
        for broken in 1...9 {
            for isLost in [false, true] {
                let bucket = FakeBucket(clock: clock) { number, _ in
                    number == broken ? (isLost ? .lost : .unreachable) : nil
                }
                let client = try client(bucket, multipartBytes: 100_000)
                let isDone = (try? await put(client, "k", bytes(300_000))) != nil
                // A lost answer to the end is found out at once.
                #expect(isDone == (broken == 9 && isLost), "request \(broken), lost \(isLost)")
                _ = try await put(client, "k", bytes(300_000))
                #expect(bucket.objects["k"]?.bytes == bytes(300_000))
                #expect(bucket.state.withLock { $0.uploads.isEmpty }, "request \(broken)")
                #expect(bucket.puts == 1, "request \(broken), lost \(isLost)")
            }
        }
    }

    @Test("what could not be taken back is taken back by the next try")
    func leftBehind() async throws {
        let isBroken = Mutex(true)
        let bucket = FakeBucket(clock: clock) { number, request in
            guard isBroken.withLock({ $0 }) else { return nil }
            return number > 5 || request.method == .delete ? .unreachable : nil
        }
        let client = try client(bucket, multipartBytes: 100_000)
        await #expect(throws: S3Error.self) { try await put(client, "k", bytes(300_000)) }
        #expect(bucket.state.withLock { $0.uploads.count } == 1)
        isBroken.withLock { $0 = false }
        #expect(try await put(client, "k", bytes(300_000)) == .stored)
        #expect(bucket.state.withLock { $0.uploads.isEmpty })
    }

    @Test("an end that fails with status 200 has failed")
    func brokenEnd() async throws {
        let bucket = FakeBucket(clock: clock) { number, _ in
            guard number == 9 else { return nil }
            var response = FakeBucket.error(200, "InternalError")
            response.head.status = .ok
            return .answer(response)
        }
        let client = try client(bucket, multipartBytes: 100_000)
        let error = await #expect(throws: S3Error.self) {
            try await put(client, "k", bytes(300_000))
        }
        #expect(error?.verdict == .retry(afterMs: nil, mayHaveArrived: true))
        #expect(bucket.objects.isEmpty)
        #expect(try await put(client, "k", bytes(300_000)) == .stored)
    }

    @Test("answers that are none of an object store are no answers")
    func strange() async throws {
        let pages = ["", "hello", "<html/>", "<ListBucketResult><Contents/></ListBucketResult>"]
        for page in pages {
            let bucket = FakeBucket(clock: clock) { _, _ in
                .answer(ClientResponse(.ok, body: Array(page.utf8)))
            }
            let client = try client(bucket)
            let error = await #expect(throws: S3Error.self) {
                try await client.list("") { _ in true }
            }
            #expect(error?.verdict == .retry(afterMs: nil, mayHaveArrived: true), "\(page)")
        }
    }

    @Test("a list that never ends is not read for ever")
    func endless() async throws {
        let bucket = FakeBucket(clock: clock) { _, _ in
            let text =
                "<ListBucketResult><IsTruncated>true</IsTruncated>"
                + "<NextContinuationToken>t</NextContinuationToken></ListBucketResult>"
            return .answer(ClientResponse(.ok, body: Array(text.utf8)))
        }
        let client = try client(bucket)
        await #expect(throws: S3Error.self) { try await client.list("") { _ in true } }
        #expect(bucket.requests.count == 2)
    }

    @Test("dates of headers")
    func dates() {
        #expect(S3Client.parse(date: "Fri, 24 May 2013 00:00:01 GMT")?.ms == 1_369_353_601_000)
        #expect(S3Client.parse(date: "Tue, 03 Dec 2019 23:59:59 GMT")?.ms == 1_575_417_599_000)
        for text in ["", "Fri, 24 May 2013", "Fri, 24 Mai 2013 00:00:00 GMT", "x y z a b c"] {
            #expect(S3Client.parse(date: text) == nil)
        }
    }
}

@Suite("S3 credentials") struct S3CredentialTests {
    private func source(
        _ change: (inout S3CredentialSource.Settings) -> Void = { _ in },
        _ environment: [String: String] = [:],
        _ files: MemoryFileSystem = MemoryFileSystem()
    ) -> S3CredentialSource {
        var settings = S3CredentialSource.Settings()
        change(&settings)
        return S3CredentialSource(settings, environment: { environment[$0] }, files: files)
    }

    @Test("come from the environment when the configuration has none")
    func environment() throws {
        let names = [
            "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "key", "AWS_SESSION_TOKEN": "t",
        ]
        let expected = S3Credentials(accessKeyID: "id", secretAccessKey: "key", sessionToken: "t")
        #expect(try source({ _ in }, names).current() == expected)
        #expect(throws: S3Error.noCredentials) { try source().current() }
        #expect(throws: S3Error.noCredentials) {
            try source({ _ in }, ["AWS_ACCESS_KEY_ID": "id"]).current()
        }
        let own = source(
            {
                $0.accessKeyID = "own"
                $0.secretAccessKey = "secret"
            },
            names
        )
        #expect(try own.current() == S3Credentials(accessKeyID: "own", secretAccessKey: "secret"))
    }

    @Test("a secret in a file counts anew when the file changes")
    func rotated() throws {
        let files = MemoryFileSystem()
        try files.makeDirectory("/s")
        func write(_ text: String) throws {
            let file = try files.open("/s/secret", .replace)
            try file.append(Array(text.utf8).span)
        }
        try write("one\n")
        let source = source(
            {
                $0.accessKeyID = "id"
                $0.secretAccessKeyFile = "/s/secret"
            },
            [:],
            files
        )
        #expect(try source.current().secretAccessKey == "one")
        try write("another\n")
        #expect(try source.current().secretAccessKey == "another")
        try files.remove("/s/secret")
        #expect(throws: S3Error.self) { try source.current() }
    }
}
