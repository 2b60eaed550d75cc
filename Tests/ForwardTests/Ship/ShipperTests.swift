import HTTP
import Model
import Platform
import Store
import Synchronization
import TestSupport
import Testing

@testable import Forward

@Suite("Shipper") struct ShipperTests {
    /// One shipper on a loop of its own, over fakes.
    final class Bench: Sendable {
        let feed: FakeFeed
        let descriptions = WriteRequestV2EncoderTests.Book()
        let files: MemoryFileSystem
        let meters = MeterRegistry()
        let loop: EventLoop
        let pool: BlockingPool
        let thread: NamedThread

        init(
            files: MemoryFileSystem = MemoryFileSystem(),
            feed: FakeFeed = FakeFeed()
        ) throws {
            self.files = files
            self.feed = feed
            try files.makeDirectory("/data")
            loop = try EventLoop()
            pool = try BlockingPool(name: "test", threads: 2, queueLimit: 16)
            thread = try loop.start(name: "test-loop")
        }

        func shipper(
            _ client: FakeClient,
            _ change: (inout ForwardOptions) -> Void = { _ in }
        ) -> Shipper {
            var options = ForwardOptions(name: "central", url: "http://user:secret@host/write?k=v")
            options.minBackoff = .milliseconds(1)
            options.maxBackoff = .milliseconds(4)
            options.message = .version1
            change(&options)
            let place = CursorPlace(
                files: files,
                directory: "/data/forward",
                quarantine: "/data/quarantine",
                store: CursorTag([UInt8](repeating: 1, count: 16)),
                boot: CursorTag([UInt8](repeating: 2, count: 16))
            )
            return Shipper(
                options,
                feed: feed,
                place: place,
                client: client,
                loop: loop,
                pool: pool,
                meters: meters,
                log: .silent,
                descriptions: descriptions,
                userAgent: "tsdb-agent/test",
                random: SeededRandom(seed: 3)
            )
        }

        func end() {
            loop.stop()
            thread.join()
            pool.stop()
        }

        func meter(_ name: String) -> Double? {
            for family in meters.snapshot() where family.name == name {
                if case .number(let value) = family.series.first?.value { return value }
            }
            return nil
        }
    }

    static func values(_ requests: [ClientRequest]) throws -> [[Double]] {
        try requests.map { request in
            try WriteRequestEncoderTests.decode(request.body).map { Double(bitPattern: $0.bits) }
        }
    }

    @Test("what is stored arrives, in order, with the headers of remote write 1.0")
    func inStep() async throws {
        let bench = try Bench()
        defer { bench.end() }
        let client = FakeClient { _, _ in .success(ClientResponse(.noContent)) }
        let shipper = bench.shipper(client) { $0.headers = [.init("X-Scope-OrgID", "me")] }
        bench.feed.add([9], timeMs: 1)  // before the start: not sent
        let running = Task { await shipper.run() }
        try await waitUntil { await shipper.status().activity == .inStep }
        for count in 1...20 {
            bench.feed.add([1, 2], timeMs: Int64(count) * 1000)
            if count % 3 == 0 {
                try await waitUntil { await shipper.status().activity == .inStep }
            }
        }
        try await waitUntil { await shipper.status().totals.acked == 40 }
        await shipper.stop(within: .seconds(5))
        await running.value
        let sent = try ShipperTests.values(client.requests).flatMap { $0 }
        let expected = (2...21).flatMap { [Double($0), Double($0) + 1.0 / 1024] }
        #expect(sent == expected)
        let request = try #require(client.requests.first)
        #expect(request.method == .post)
        #expect(request.url == "http://user:secret@host/write?k=v")
        #expect(request.headers["Content-Encoding"] == "snappy")
        #expect(request.headers["Content-Type"] == "application/x-protobuf")
        #expect(request.headers["X-Prometheus-Remote-Write-Version"] == "0.1.0")
        #expect(request.headers["User-Agent"] == "tsdb-agent/test")
        #expect(request.headers["X-Scope-OrgID"] == "me")
        let status = await shipper.status()
        #expect(status.activity == .stopped)
        #expect(status.url == "http://host/write")
        #expect(status.acked == bench.feed.end)
        #expect(status.pendingBatches == 0)
        #expect(bench.meter("tsdb_agent_forward_acked_samples_total") == 40)
        #expect(bench.feed.state.withLock { $0.pins["central"] } == bench.feed.end)
    }

    @Test("batches that wait together merge into one request")
    func merging() async throws {
        let bench = try Bench()
        defer { bench.end() }
        let client = FakeClient { number, _ in
            number == 1 ? .success(ClientResponse(.unavailable)) : .success(ClientResponse(.ok))
        }
        for series in 1...50 { bench.feed.add([UInt64(series)], timeMs: 1000) }
        let shipper = bench.shipper(client) { $0.start = .oldest }
        let running = Task { await shipper.run() }
        try await waitUntil { await shipper.status().totals.acked == 50 }
        await shipper.stop(within: .seconds(5))
        await running.value
        #expect(client.requests.count == 2)
        #expect(client.requests[0].body == client.requests[1].body)
        #expect(await shipper.status().totals.retried == 50)
    }

    @Test("connection errors, timeouts and 5xx are retried with the identical body, from disk too")
    func retries() async throws {
        let bench = try Bench()
        defer { bench.end() }
        bench.feed.state.withLock { $0.inMemory = false }
        let client = FakeClient { number, _ in
            switch number {
            case 1: .failure(.connect(url: "u", message: "refused"))
            case 2: .failure(.timeout(url: "u", message: "slow"))
            case 3: .success(ClientResponse(.internalError))
            case 4: .success(ClientResponse(.tooManyRequests))
            default: .success(ClientResponse(.ok))
            }
        }
        for count in 1...3 { bench.feed.add([1], timeMs: Int64(count) * 1000) }
        let shipper = bench.shipper(client) { $0.start = .oldest }
        let running = Task { await shipper.run() }
        try await waitUntil { await shipper.status().totals.acked == 3 }
        await shipper.stop(within: .seconds(5))
        await running.value
        #expect(try ShipperTests.values(client.requests) == [[1], [1], [1], [1], [1], [2], [3]])
        #expect(Set(client.requests.prefix(5).map(\.body)).count == 1)
        #expect(await shipper.status().lastError == "HTTP 429")
        #expect(bench.meter("tsdb_agent_forward_failed_requests_total") == 4)
    }

    @Test("a 413 is split; a refusal is counted with its code and moved past")
    func refusals() async throws {
        let bench = try Bench()
        defer { bench.end() }
        let client = FakeClient { number, _ in
            switch number {
            case 1: .success(ClientResponse(.contentTooLarge))
            case 2: .success(ClientResponse(.badRequest, body: Array("out of bounds".utf8)))
            default: .success(ClientResponse(.ok))
            }
        }
        bench.feed.add([1, 2, 3, 4], timeMs: 1000)
        let shipper = bench.shipper(client) { $0.start = .oldest }
        let running = Task { await shipper.run() }
        try await waitUntil { await shipper.status().activity == .inStep }
        await shipper.stop(within: .seconds(5))
        await running.value
        #expect(try ShipperTests.values(client.requests).map(\.count) == [4, 2, 2])
        let status = await shipper.status()
        #expect(status.totals.rejected == [400: 2])
        #expect(status.totals.acked == 2)
        #expect(status.lastError == "HTTP 400: out of bounds")
        #expect(bench.meter("tsdb_agent_forward_rejected_samples_total") == 2)
    }

    @Test("a kill in the middle: the next run repeats the request and goes on after it")
    func kill() async throws {
        let files = MemoryFileSystem()
        let bench = try Bench(files: files)
        defer { bench.end() }
        let hanging = FakeClient { [loop = bench.loop] _, _ in
            // Answers nothing until the task is cancelled.
            do throws(CancellationError) {
                try await loop.sleep(for: .seconds(3600))
            } catch {}
            return .failure(.cancelled(url: "u"))
        }
        for count in 1...3 { bench.feed.add([1], timeMs: Int64(count) * 1000) }
        let first = bench.shipper(hanging) { $0.start = .oldest }
        let firstRun = Task { await first.run() }
        try await waitUntil { hanging.requests.count == 1 }
        // Not even a bounded stop: the end of the time is the end.
        await first.stop(within: .zero)
        await firstRun.value
        let client = FakeClient { _, _ in .success(ClientResponse(.ok)) }
        let second = bench.shipper(client)
        let secondRun = Task { await second.run() }
        try await waitUntil { await second.status().totals.acked == 3 }
        await second.stop(within: .seconds(5))
        await secondRun.value
        #expect(client.requests.first?.body == hanging.requests.first?.body)
        #expect(try ShipperTests.values(client.requests) == [[1], [2], [3]])
        #expect(await second.status().totals.retried == 1)
    }

    @Test("a password file is read anew when it changes")
    func secrets() async throws {
        let bench = try Bench()
        defer { bench.end() }
        func write(_ text: String) throws {
            let file = try bench.files.open("/data/token", .replace)
            try file.write(Array(text.utf8).span, at: 0)
        }
        try write("first\n")
        let client = FakeClient { _, _ in .success(ClientResponse(.ok)) }
        let shipper = bench.shipper(client) {
            $0.authorization = .init(credentialsFile: "/data/token")
        }
        let running = Task { await shipper.run() }
        try await waitUntil { await shipper.status().activity == .inStep }
        bench.feed.add([1], timeMs: 1000)
        try await waitUntil { await shipper.status().totals.acked == 1 }
        try write("second one\n")
        bench.feed.add([1], timeMs: 2000)
        try await waitUntil { await shipper.status().totals.acked == 2 }
        await shipper.stop(within: .seconds(5))
        await running.value
        #expect(
            client.requests.map { $0.headers["Authorization"] }
                == ["Bearer first", "Bearer second one"]
        )
    }
}
