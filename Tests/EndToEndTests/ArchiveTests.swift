// The agent, an object store that is not ours, and what comes back from it.
import Forward
import Glibc
import HTTP
import Platform
import Synchronization
import TestSupport
import Testing

@Suite(
    "Archive",
    .serialized,
    .timeLimit(.minutes(5)),
    .enabled(if: Programs.objectStoreWanted, "\(Programs.objectStoreSkipped)")
)
struct ArchiveTests {
    private func configuration(_ store: ObjectStore, prefix: String = "tsdb") -> String {
        """
        [storage]
        chunk_time_limit = 1
        [host]
        enabled = false
        [global]
        external_labels = { site = "b" }
        [[forward]]
        name = "archive"
        kind = "s3"
        url = "\(store.url)"
        bucket = "\(ObjectStore.bucket)"
        prefix = "\(prefix)"
        access_key_id = "id"
        secret_access_key_file = "secret"
        max_backoff = "200ms"
        start = "oldest"

        """
    }

    // Pushes `count` samples of each of 20 series, from `first` on, a second apart.
    private func push(_ agent: TestAgent, _ first: Int, _ count: Int, _ web: Web) async throws {
        for step in first..<first + count {
            let ms = 1_790_000_000_000 + step * 1000
            let lines = (0..<20).map { "m{i=\"\($0)\"} \(step * 20 + $0) \(ms)" }
            try await agent.push(lines.joined(separator: "\n") + "\n", web)
        }
    }

    private func agent(
        _ store: ObjectStore,
        in directory: TemporaryDirectory,
        _ web: Web
    ) async throws -> TestAgent {
        try directory.write("secret", "secret\n")
        return try await TestAgent(configuration(store), in: directory, web: web)
    }

    private func archived(_ store: ObjectStore) async throws -> Int {
        try await store.keys("tsdb/").count { $0.contains("/segments/") }
    }

    private func run(
        _ arguments: [String],
        _ store: ObjectStore,
        in directory: TemporaryDirectory
    ) async throws -> (code: Int32, text: String) {
        let log = directory.file("log-\(UInt64.random(in: 0 ... .max))")
        let child = try ChildProcess(
            Programs.agent,
            arguments,
            environment: [
                "AWS_ACCESS_KEY_ID": "id", "AWS_SECRET_ACCESS_KEY": "secret",
                "AWS_ENDPOINT_URL": store.url,
            ],
            directory: directory.path,
            logPath: log
        )
        return (try await child.exitCode(within: 60), child.log)
    }

    @Test("what was stored is in the bucket, is proved to be, and comes back, kills between")
    func thereAndBack() async throws {
        let web = try Web()
        let store = try await ObjectStore(web)
        let directory = try TemporaryDirectory("archive")
        var pushed = 0
        for round in 0..<3 {
            let agent = try await agent(store, in: directory, web)
            try await push(agent, pushed, 10, web)
            pushed += 10
            if round == 1 {
                // Straight away: nothing of the round is sealed.
                agent.child.signal(SIGKILL)
            } else {
                let before = try await archived(store)
                try await waitUntil(seconds: 30) {
                    ((try? await archived(store)) ?? 0) > before
                }
                agent.child.signal(round == 0 ? SIGKILL : SIGTERM)
            }
            _ = try await agent.child.exitCode(within: 10)
        }
        // What the stop sealed goes at the next start.
        let last = try await agent(store, in: directory, web)
        try await waitUntil(seconds: 30) {
            guard
                let check = try? await run(
                    ["verify", "s3://\(ObjectStore.bucket)/tsdb"],
                    store,
                    in: directory
                )
            else { return false }
            return check.code == 0 && check.text.contains(" 600 samples: nothing is missing")
        }
        last.child.signal(SIGTERM)
        _ = try await last.child.exitCode(within: 10)

        let restored = try TemporaryDirectory("restored")
        let base = restored.file("data")
        let place = ["--set", "storage.base_path=\(base)", "--set", "storage.retention_time=0s"]
        var result = try await run(
            ["import", "s3://\(ObjectStore.bucket)/tsdb"] + place,
            store,
            in: restored
        )
        #expect(result.code == 0, "\(result.text)")
        #expect(result.text.contains("600 samples stored, 0 were there already"))
        result = try await run(
            ["import", "s3://\(ObjectStore.bucket)/tsdb"] + place,
            store,
            in: restored
        )
        #expect(result.text.contains("0 samples stored, 600 were there already"))
        let export = try await run(["export", "--format", "csv"] + place, store, in: restored)
        #expect(export.code == 0, "\(export.text)")
        let rows = export.text.split(separator: "\n").map { $0.split(separator: ",") }
        let names = try #require(rows.first?.map(String.init))
        let (site, value) = try #require(
            (names.firstIndex(of: "site"), names.firstIndex(of: "value")) as? (Int, Int)
        )
        #expect(rows.count == 601)
        #expect(rows.dropFirst().allSatisfy { $0[site] == "b" })
        #expect(
            Set(rows.dropFirst().map { String($0[value]) }) == Set((0..<600).map { "\($0)" })
        )
    }

    @Test("an object store that is away keeps nothing from being stored, and gets it later")
    func away() async throws {
        let web = try Web()
        let store = try await ObjectStore(web)
        let directory = try TemporaryDirectory("archive")
        let agent = try await agent(store, in: directory, web)
        store.kill()
        try await push(agent, 0, 10, web)
        #expect(try await web.query("count(m @ 1790000009)", at: agent.url) == [20])
        try await store.restart()
        try await waitUntil(seconds: 60) { ((try? await archived(store)) ?? 0) > 0 }
        agent.child.signal(SIGTERM)
        _ = try await agent.child.exitCode(within: 10)
    }

    @Test("an object that is gone or changed is found by verify, and import says what it left out")
    func damaged() async throws {
        let web = try Web()
        let store = try await ObjectStore(web)
        let directory = try TemporaryDirectory("archive")
        let agent = try await agent(store, in: directory, web)
        for first in [0, 10, 20] {
            let before = try await archived(store)
            try await push(agent, first, 10, web)
            try await waitUntil(seconds: 30) { ((try? await archived(store)) ?? 0) > before }
        }
        agent.child.signal(SIGTERM)
        _ = try await agent.child.exitCode(within: 10)
        let keys = try await store.keys("tsdb/").filter { $0.contains("/segments/") }
        try #require(keys.count >= 3)
        let operand = "s3://\(ObjectStore.bucket)/tsdb"
        var check = try await run(["verify", operand], store, in: directory)
        #expect(check.code == 0, "\(check.text)")
        try await store.send(.put, keys[1], [1, 2, 3])
        check = try await run(["verify", operand], store, in: directory)
        #expect(check.code == 1)
        #expect(check.text.contains(keys[1]))
        let base = directory.file("restored")
        let imported = try await run(
            ["import", operand, "--set", "storage.base_path=\(base)"],
            store,
            in: directory
        )
        #expect(imported.code == 1)
        #expect(imported.text.contains("left out:"))
        try await store.send(.delete, keys[1])
        check = try await run(["verify", operand], store, in: directory)
        #expect(check.code == 1)
        #expect(check.text.contains("no segment has the batches after"))
        let nothing = try await run(["verify", operand + "/none"], store, in: directory)
        #expect(nothing.code == 1)
        #expect(nothing.text.contains("there is no archive"))
    }
}

@Suite(
    "S3 client against a real server",
    .serialized,
    .timeLimit(.minutes(5)),
    .enabled(if: Programs.objectStoreWanted, "\(Programs.objectStoreSkipped)")
)
struct ObjectStoreTests {
    private let web: Web
    private let pool: BlockingPool

    init() throws {
        web = try Web()
        pool = try BlockingPool(name: "test", threads: 1, queueLimit: 16)
    }

    private func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
    }

    private func put(_ client: S3Client, _ key: String, _ content: [UInt8]) async throws -> S3Put {
        let content = S3Content(content)
        return try await client.putOnce(
            key,
            content,
            hash: try content.hash(of: 0..<content.byteCount),
            metadata: ["samples": "7", "from": "0f"]
        )
    }

    @Test("put once, asked for, read in parts, listed in pages")
    func objects() async throws {
        let store = try await ObjectStore(web)
        let client = try store.client(Throughout(), pool: pool)
        for index in 0..<5 {
            #expect(try await put(client, "p/\(index)", bytes(300_000)) == .stored)
        }
        // 412 of a server that knows the condition.
        #expect(try await put(client, "p/0", bytes(300_000)) == .wasThere)
        let facts = try await client.facts(of: "p/3")
        #expect(facts?.byteCount == 300_000)
        #expect(facts?.metadata == ["samples": "7", "from": "0f"])
        #expect(try await client.facts(of: "p/9") == nil)
        #expect(
            try await client.get("p/1", 100_000..<200_000, limit: 1 << 20)
                == Array(bytes(300_000)[100_000..<200_000])
        )
        #expect(try await store.keys("p/") == (0..<5).map { "p/\($0)" })
    }

    @Test("an object in parts, and one whose server dies in the middle")
    func parts() async throws {
        let store = try await ObjectStore(web)
        let seen = Mutex(0)
        let death = Mutex(true)
        let way = try Throughout { [child = store.child] request in
            guard request.url.contains("partNumber=2"), death.withLock({ $0 }) else { return nil }
            seen.withLock { $0 += 1 }
            child.signal(9)
            return nil
        }
        let client = try store.client(way, pool: pool, multipartBytes: 6 << 20)
        let content = bytes(12 << 20)
        let error = await #expect(throws: S3Error.self) { try await put(client, "big", content) }
        #expect(seen.withLock { $0 } == 1)
        guard case .retry = error?.verdict else {
            Issue.record("\(error.map { "\($0)" } ?? "no error")")
            return
        }
        death.withLock { $0 = false }
        try await store.restart()
        #expect(try await put(client, "big", content) == .stored)
        #expect(try await client.facts(of: "big")?.byteCount == 12 << 20)
        #expect(try await client.get("big", limit: 64 << 20) == content)
        #expect(try await put(client, "big", content) == .wasThere)
    }

    @Test("an upload that was broken off is taken back by the next try")
    func leftOver() async throws {
        let store = try await ObjectStore(web)
        let isBroken = Mutex(true)
        let way = try Throughout { request in
            guard isBroken.withLock({ $0 }) else { return nil }
            // The second part, and the attempt to take the upload back.
            if request.url.contains("partNumber=2") || request.method == .delete {
                return ClientResponse(HTTPStatus(500))
            }
            return nil
        }
        let client = try store.client(way, pool: pool, multipartBytes: 6 << 20)
        let content = bytes(11 << 20)
        await #expect(throws: S3Error.self) { try await put(client, "big", content) }
        isBroken.withLock { $0 = false }
        #expect(try await put(client, "big", content) == .stored)
        let uploads = try await web.get("\(store.url)/\(ObjectStore.bucket)?uploads=")
        #expect(!uploads.text.contains("<UploadId>"))
        #expect(try await client.get("big", limit: 64 << 20) == content)
    }
}
