import Codec
import Formats
import HTTP
import Model
import Platform
import Store
import Synchronization
import TestSupport
import Testing

@testable import Forward

/// Destinations whose receiver speaks 2.0, 1.0, or both.
@Suite("Shipper and versions") struct ShipperVersionTests {
    typealias Bench = ShipperTests.Bench

    static let type2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request"
    static let type1 = "application/x-protobuf"

    static func isVersion2(_ request: ClientRequest) -> Bool {
        request.headers["Content-Type"] == type2
    }

    static func written(_ status: HTTPStatus, _ samples: Int) -> ClientResponse {
        var response = ClientResponse(status)
        response.head.headers.add("X-Prometheus-Remote-Write-Samples-Written", "\(samples)")
        response.head.headers.add("X-Prometheus-Remote-Write-Histograms-Written", "0")
        response.head.headers.add("X-Prometheus-Remote-Write-Exemplars-Written", "0")
        return response
    }

    // The lines of a request, whichever its version is.
    static func lines(_ request: ClientRequest) throws -> [String] {
        guard isVersion2(request) else {
            return try WriteRequestEncoderTests.decode(request.body).map {
                "\($0.labels) \($0.time) \(Double(bitPattern: $0.bits))"
            }
        }
        let message = try SnappyBlock.decompress(request.body.span, limit: 1 << 24)
        var reader = try RemoteWriteV2Reader(message.span)
        var lines: [String] = []
        while try reader.next(message.span) {
            let labels = try reader.labels(message.span)
            for index in 0..<reader.samples.count {
                lines.append(
                    "\(labels) \(reader.samples.times[index]) \(reader.samples.values[index])"
                )
            }
        }
        return lines
    }

    /// Runs a shipper until it is in step with what the feed has.
    static func run(
        _ bench: Bench,
        _ client: FakeClient,
        _ change: (inout ForwardOptions) -> Void = { _ in },
        while body: (Shipper) async throws -> Void = { _ in }
    ) async throws -> ForwardStatus {
        let shipper = bench.shipper(client) {
            $0.message = .auto
            $0.start = .oldest
            change(&$0)
        }
        let running = Task { await shipper.run() }
        try await waitUntil { await shipper.status().activity == .inStep }
        try await body(shipper)
        await shipper.stop(within: .seconds(5))
        await running.value
        return await shipper.status()
    }

    @Test("a receiver of 2.0 gets 2.0: its headers, its message, what is known of the metrics")
    func version2() async throws {
        let bench = try Bench()
        defer { bench.end() }
        bench.descriptions.note("m", MetricMetadata(kind: .counter, help: "All of it."))
        let client = FakeClient { _, request in
            .success(Self.written(.noContent, (try? Self.lines(request).count) ?? 0))
        }
        bench.feed.add([1, 2], timeMs: 1000)
        let status = try await Self.run(bench, client)
        #expect(status.totals.acked == 2)
        #expect(status.version == .version2)
        let request = try #require(client.requests.first)
        #expect(client.requests.count == 1)
        #expect(request.headers["Content-Type"] == Self.type2)
        #expect(request.headers["X-Prometheus-Remote-Write-Version"] == "2.0.0")
        #expect(request.headers["Content-Encoding"] == "snappy")
        #expect(request.headers["Retry-Attempt"] == nil)
        #expect(
            try Self.lines(request) == [
                #"m{series="1"} 1000 1.0"#, #"m{series="2"} 1000 1.0009765625"#,
            ]
        )
        let message = try SnappyBlock.decompress(request.body.span, limit: 1 << 20)
        var reader = try RemoteWriteV2Reader(message.span)
        _ = try reader.next(message.span)
        let metadata = try reader.metadata(try #require(reader.metadataKey), message.span)
        #expect(metadata == MetricMetadata(kind: .counter, help: "All of it."))
        #expect(bench.meter("tsdb_agent_forward_remote_write_version") == 2)
    }

    @Test(
        "a receiver of 1.0 gets the same samples again as 1.0, and only 1.0 from then on",
        arguments: [HTTPStatus(204), HTTPStatus(200), HTTPStatus(415), HTTPStatus(400)]
    )
    func fallback(answer: HTTPStatus) async throws {
        let bench = try Bench()
        defer { bench.end() }
        let client = FakeClient { _, request in
            .success(ClientResponse(Self.isVersion2(request) ? answer : .noContent))
        }
        bench.feed.add([1, 2, 3], timeMs: 1000)
        let status = try await Self.run(bench, client) { _ in
        } while: { shipper in
            bench.feed.add([1], timeMs: 2000)
            try await waitUntil { await shipper.status().totals.acked == 4 }
        }
        #expect(client.requests.map(Self.isVersion2) == [true, false, false])
        #expect(
            client.requests.map { $0.headers["X-Prometheus-Remote-Write-Version"] }
                == ["2.0.0", "0.1.0", "0.1.0"]
        )
        #expect(try Self.lines(client.requests[0]) == Self.lines(client.requests[1]))
        #expect(client.requests.allSatisfy { $0.headers["Retry-Attempt"] == nil })
        #expect(status.totals.acked == 4)
        #expect(status.totals.failures == 0)
        #expect(status.totals.rejected == [:])
        #expect(status.version == .version1)
        // The next run remembers it.
        bench.feed.add([1], timeMs: 3000)
        let later = try await Self.run(bench, client)
        #expect(later.totals.acked == 1)
        #expect(client.requests.map(Self.isVersion2) == [true, false, false, false])
        // Another URL may lead to another receiver.
        bench.feed.add([1], timeMs: 4000)
        _ = try await Self.run(bench, client) { $0.url = "http://other/write" }
        #expect(client.requests.map(Self.isVersion2).suffix(2) == [true, false])
        // Who asks for one version is not told of the other.
        bench.feed.add([1], timeMs: 5000)
        _ = try await Self.run(bench, client) { $0.message = .version1 }
        #expect(client.requests.map(Self.isVersion2).suffix(1) == [false])
    }

    @Test("what several requests under way are not understood of falls back together")
    func fallbackTogether() async throws {
        let bench = try Bench()
        defer { bench.end() }
        let client = FakeClient { [loop = bench.loop] number, request in
            if number <= 2 { try? await loop.sleep(for: .milliseconds(5 * number)) }
            return .success(ClientResponse(Self.isVersion2(request) ? .badRequest : .noContent))
        }
        for series in 1...6 { bench.feed.add([UInt64(series)], timeMs: 1000) }
        let status = try await Self.run(bench, client) { $0.maxSamplesPerSend = 3 }
        #expect(status.totals.acked == 6)
        #expect(status.totals.rejected == [:])
        #expect(client.requests.filter(Self.isVersion2).count == 2)
        #expect(client.requests.count == 4)
    }

    @Test("a receiver of 2.0 that stores a part says how much; nothing goes again")
    func partly() async throws {
        let bench = try Bench()
        defer { bench.end() }
        let client = FakeClient { number, request in
            switch number {
            case 1: .success(Self.written(.badRequest, 2))
            case 2: .success(Self.written(.noContent, 1))
            default: .success(Self.written(.noContent, 9))
            }
        }
        bench.feed.add([1, 2, 3, 4, 5], timeMs: 1000)
        bench.feed.add([1, 2], timeMs: 2000)
        bench.feed.add([1], timeMs: 3000)
        let status = try await Self.run(bench, client)
        #expect(client.requests.count == 3)
        #expect(status.totals.acked == 4)
        #expect(status.totals.rejected == [400: 3, 204: 1])
        #expect(status.acked == bench.feed.end)
    }

    @Test("415 to both versions parks; so does a success without counts where 2.0 is asked for")
    func parked() async throws {
        for message in [WriteMessage.auto, .version2] {
            let bench = try Bench()
            defer { bench.end() }
            let client = FakeClient { _, _ in
                .success(ClientResponse(message == .auto ? .unsupportedMediaType : .noContent))
            }
            bench.feed.add([1], timeMs: 1000)
            let shipper = bench.shipper(client) {
                $0.start = .oldest
                $0.message = message
            }
            let running = Task { await shipper.run() }
            try await waitUntil { await shipper.status().activity == .parked }
            let status = await shipper.status()
            #expect(status.parkedCode == 415)
            #expect(status.totals.acked == 0)
            #expect(
                status.lastError
                    == (message == .auto
                        ? "HTTP 415"
                        : "HTTP 204 without X-Prometheus-Remote-Write-Samples-Written: it takes no "
                            + "remote write 2.0")
            )
            #expect(client.requests.count == (message == .auto ? 2 : 1))
            await shipper.stop(within: .milliseconds(50))
            await running.value
        }
    }

    @Test("repetitions say which they are, and begin anew with another body")
    func attempts() async throws {
        let bench = try Bench()
        defer { bench.end() }
        let client = FakeClient { number, request in
            switch number {
            case 1, 2: .success(ClientResponse(.unavailable))
            case 3: .success(ClientResponse(.contentTooLarge))
            case 4: .failure(.timeout(url: "u", message: "slow"))
            default: .success(Self.written(.noContent, 2))
            }
        }
        bench.feed.add([1, 2], timeMs: 1000)
        let status = try await Self.run(bench, client)
        #expect(
            client.requests.map { $0.headers["Retry-Attempt"] } == [nil, "1", "2", nil, "1", nil]
        )
        #expect(try client.requests.map { try Self.lines($0).count } == [2, 2, 2, 1, 1, 1])
        #expect(status.totals.acked == 2)
    }

    /// Knows its series for as long as the test wants.
    final class ForgetfulTable: FeedSeriesTable {
        let isKnown = Mutex(true)

        func labels(of series: UInt64) -> Labels {
            isKnown.withLock { $0 } ? FakeTable().labels(of: series) : Labels()
        }
    }

    @Test(
        "a request that is split, or not understood, keeps the labels of series the store let go of",
        arguments: [WriteMessage.auto, .version1, .version2]
    )
    func forgotten(message: WriteMessage) async throws {
        let table = ForgetfulTable()
        let bench = try Bench(feed: FakeFeed(table: table))
        defer { bench.end() }
        let client = FakeClient { number, request in
            table.isKnown.withLock { $0 = false }
            let isVersion2 = Self.isVersion2(request)
            if message == .auto, isVersion2 { return .success(ClientResponse(.noContent)) }
            guard let count = try? Self.lines(request).count else {
                return .success(ClientResponse(.badRequest))
            }
            if count > 1 { return .success(ClientResponse(.contentTooLarge)) }
            return .success(isVersion2 ? Self.written(.noContent, 1) : ClientResponse(.noContent))
        }
        bench.feed.add([1, 2, 3], timeMs: 1000)
        let status = try await Self.run(bench, client) {
            $0.message = message
            $0.externalLabels = Labels([Label("zone", "eu")])
        }
        #expect(status.totals.acked == 3)
        #expect(status.totals.filtered == 0)
        #expect(
            try client.requests.flatMap { try Self.lines($0).count == 1 ? Self.lines($0) : [] } == [
                #"m{series="1", zone="eu"} 1000 1.0"#,
                #"m{series="2", zone="eu"} 1000 1.0009765625"#,
                #"m{series="3", zone="eu"} 1000 1.001953125"#,
            ]
        )
    }

    @Test("series that the store lets go of before their request is made are read from the disk")
    func letGo() async throws {
        let table = ForgetfulTable()
        table.isKnown.withLock { $0 = false }
        let feed = FakeFeed(table: table, tableOnDisk: FakeTable())
        let bench = try Bench(feed: feed)
        defer { bench.end() }
        let client = FakeClient { _, _ in .success(ClientResponse(.noContent)) }
        bench.feed.add([1, 2], timeMs: 1000)
        let status = try await Self.run(bench, client) { $0.message = .version1 }
        #expect(status.totals.acked == 2)
        #expect(status.totals.filtered == 0)
        #expect(
            try client.requests.map(Self.lines)
                == [[#"m{series="1"} 1000 1.0"#, #"m{series="2"} 1000 1.0009765625"#]]
        )
        #expect(feed.state.withLock { $0.diskReads } > 0)
    }

    @Test("a receiver of 1.0 is told of metrics in requests of their own, which nothing counts")
    func descriptions() async throws {
        let bench = try Bench()
        defer { bench.end() }
        bench.descriptions.note("m", MetricMetadata(kind: .gauge, help: "Help.", unit: "bytes"))
        bench.descriptions.note("a", MetricMetadata(kind: .counter, help: "First."))
        let told = Mutex<[[String]]>([])
        let client = FakeClient { _, request in
            if let message = try? SnappyBlock.decompress(request.body.span, limit: 1 << 20) {
                var reader = RemoteWriteV1Reader(count: message.count)
                var found: [String] = []
                while case .metadata(let family, let known)? = try? reader.next(message.span) {
                    found.append("\(family) \(known.kind) \(known.help) \(known.unit)")
                }
                if !found.isEmpty { told.withLock { $0.append(found) } }
            }
            // Refusing it changes nothing.
            return .success(ClientResponse(told.withLock { $0.count } == 1 ? .ok : .badRequest))
        }
        let status = try await Self.run(bench, client) {
            $0.message = .version1
            $0.metadataInterval = .milliseconds(1)
        } while: { _ in
            try await waitUntil { told.withLock { $0.count } >= 3 }
        }
        #expect(told.withLock { $0[0] } == ["a counter First. ", "m gauge Help. bytes"])
        #expect(status.totals == ShipTotals())
        #expect(status.lastError == "")
    }

    @Test("rate_limit holds requests back, and a metric counts them")
    func rateLimit() async throws {
        let bench = try Bench()
        defer { bench.end() }
        let client = FakeClient { _, _ in .success(ClientResponse(.noContent)) }
        for count in 1...4 { bench.feed.add([1], timeMs: Int64(count) * 1000) }
        let begin = bench.loop.clock.nowNs()
        let status = try await Self.run(bench, client) {
            $0.message = .version1
            $0.rateLimit = 200
        }
        let seconds = Double(bench.loop.clock.nowNs() - begin) / 1e9
        #expect(status.totals.acked == 4)
        let waits = bench.meter("tsdb_agent_forward_rate_limit_reached_total") ?? 0
        // A second's worth goes at once.
        #expect(Double(status.sentBytes) <= 200 * (1 + seconds))
        #expect((waits > 0) == (status.sentBytes > 200))
    }
}
