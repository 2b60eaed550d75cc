// The agent as a sender of remote write: prometheus.io/docs/specs/prw, both versions, over real
// connections.
import Glibc
import HTTP
import Platform
import TestSupport
import Testing

@Suite("Sending remote write", .serialized, .timeLimit(.minutes(3)))
struct SendingTests {
    static let text = """
        # HELP app_requests_total Requests so far.
        # TYPE app_requests_total counter
        app_requests_total{path="/a",code="200"} 7
        app_requests_total{path="/b",code="200"} 9
        # TYPE app_zero gauge
        app_zero 0

        """

    static func configuration(
        _ target: TestServer,
        _ url: String,
        _ more: String = ""
    ) -> String {
        """
        [host]
        enabled = false
        [[scrape_configs]]
        job_name = "app"
        scrape_interval = "1s"
        static_configs = [ { targets = ["\(target.address)"] } ]
        [[forward]]
        name = "central"
        kind = "remote_write"
        url = "\(url)"
        \(more)
        """
    }

    // Duplicates of the same sample, by labels and time.
    static func tries(_ requests: [WriteRequest]) -> Int {
        var counts: [WriteRequest.Sample: Int] = [:]
        for sample in requests.flatMap(\.samples) { counts[sample, default: 0] += 1 }
        return counts.values.max() ?? 0
    }

    @Test(
        "the first request comes soon and is right to the letter; SIGINT ends it at once",
        arguments: ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"]
    )
    func form(message: String) async throws {
        let web = try Web()
        let target = try await TestServer(text: Self.text)
        let receiver = try await WriteReceiver()
        let start = ContinuousClock.now
        let agent = try await TestAgent(
            Self.configuration(target, receiver.url, "protobuf_message = \"\(message)\""),
            web: web
        )
        try await waitUntil(seconds: 20) { receiver.requests.count > 0 }
        #expect(ContinuousClock.now - start < .seconds(2.5))
        try await waitUntil(seconds: 20) { receiver.samples("app_requests_total").count >= 2 }
        let isVersion2 = message.hasPrefix("io")
        // The target loses a metric, then its life.
        target.serve("app_zero 0\n")
        try await waitUntil(seconds: 20) {
            receiver.samples("app_requests_total").contains { $0.bits == 0x7ff0_0000_0000_0002 }
        }
        target.answer { _ in HTTPResponse(.unavailable) }
        try await waitUntil(seconds: 20) {
            receiver.samples("app_zero").contains { $0.bits == 0x7ff0_0000_0000_0002 }
        }
        let stopping = ContinuousClock.now
        agent.child.signal(SIGINT)
        #expect(try await agent.child.exitCode(within: 5) == 0)
        #expect(ContinuousClock.now - stopping < .seconds(2))
        #expect(receiver.complaints == [])
        for request in receiver.requests {
            #expect(request.isVersion2 == isVersion2)
            #expect(request.headers["Content-Encoding"] == "snappy")
            #expect(
                request.headers["Content-Type"]
                    == (isVersion2
                        ? "application/x-protobuf;proto=\(message)" : "application/x-protobuf")
            )
            #expect(
                request.headers["X-Prometheus-Remote-Write-Version"]
                    == (isVersion2 ? "2.0.0" : "0.1.0")
            )
            #expect(request.headers["User-Agent"]?.hasPrefix("tsdb-agent/") == true)
            if isVersion2 {
                #expect(request.symbols.first == "")
                #expect(Set(request.symbols).count == request.symbols.count)
            }
            for sample in request.samples {
                let names = sample.labels.map { String($0.prefix { $0 != "=" }) }
                #expect(names == names.sorted() && Set(names).count == names.count)
                let isEmptyThere = sample.labels.contains { $0.hasSuffix("=") }
                #expect(names.contains("__name__") && !isEmptyThere)
                // Milliseconds of this century.
                #expect((1_000_000_000_000..<10_000_000_000_000).contains(sample.timeMs))
            }
            let series = request.samples.map(\.labels)
            #expect(Set(series).count == series.count)
        }
        // Every value as it was, in order of time.
        let values = receiver.samples("app_requests_total").filter {
            $0.labels.contains("path=/a")
        }
        #expect(Set(values.dropLast().map(\.bits)) == [(7.0).bitPattern])
        #expect(values.map(\.timeMs) == values.map(\.timeMs).sorted())
        #expect(Set(receiver.samples("up").map(\.bits)) == [(1.0).bitPattern, 0])
        #expect(Self.tries(receiver.requests) == 1)
    }

    @Test("503 goes again with growing pauses and the identical body; Retry-After is waited for")
    func retries() async throws {
        let web = try Web()
        let target = try await TestServer(text: Self.text)
        let receiver = try await WriteReceiver { number, request in
            // Five in a row would have it tried in halves, in case one sample in it is what fails.
            if number < 4 { return HTTPResponse(.unavailable) }
            if number == 4 { return HTTPResponse(.tooManyRequests).with("Retry-After", "1") }
            return .taken(request)
        }
        let agent = try await TestAgent(Self.configuration(target, receiver.url), web: web)
        try await waitUntil(seconds: 30) { receiver.requests.count > 6 }
        let tries = receiver.requests.prefix(5)
        #expect(Set(tries.map(\.body)).count == 1)
        let attempts = tries.map { $0.headers["Retry-Attempt"] }
        #expect(attempts == [nil, "1", "2", "3", "4"])
        let pauses = zip(tries.dropFirst(), tries).map { $0.atMs - $1.atMs }
        for (pause, before) in zip(pauses.dropFirst(), pauses).dropLast() {
            #expect(Double(pause) >= 0.8 * Double(before), "\(pauses)")
        }
        #expect(pauses[3] >= 1000, "\(pauses)")
        #expect(Self.tries(Array(receiver.requests.dropFirst(4))) == 1)
        agent.child.signal(SIGTERM)
        #expect(try await agent.child.exitCode(within: 6) == 0)
    }

    @Test(
        "what is refused for good goes at most twice, once in each version",
        arguments: [400, 401, 404, 413, 422]
    )
    func refusals(status: Int) async throws {
        let web = try Web()
        let target = try await TestServer(text: Self.text)
        let receiver = try await WriteReceiver { _, _ in HTTPResponse(HTTPStatus(status)) }
        let agent = try await TestAgent(Self.configuration(target, receiver.url), web: web)
        try await waitUntil(seconds: 20) { receiver.requests.count > 0 }
        try await Task.sleep(for: .seconds(2.5))
        let requests = receiver.requests
        // 413 goes again in halves, down to one sample.
        if status != 413 { #expect(Self.tries(requests) <= 2) }
        let isVersion1There = requests.contains { !$0.isVersion2 }
        #expect(isVersion1There == (status == 400))
        if status == 401 || status == 404 { #expect(requests.count == 1) }
        // It is all still here.
        #expect(try await web.query("app_requests_total", at: agent.url) == [7, 9])
    }

    @Test("a success with counts is never doubted, whatever they say")
    func noFallback() async throws {
        let web = try Web()
        let target = try await TestServer(text: Self.text)
        let receiver = try await WriteReceiver { number, _ in
            HTTPResponse(.ok).with("X-Prometheus-Remote-Write-Samples-Written", "\(number)")
        }
        let agent = try await TestAgent(Self.configuration(target, receiver.url), web: web)
        try await waitUntil(seconds: 20) { receiver.requests.count > 3 }
        let isAlwaysVersion2 = receiver.requests.allSatisfy(\.isVersion2)
        #expect(isAlwaysVersion2)
        #expect(Self.tries(receiver.requests) == 1)
        let sent = receiver.requests.prefix(3).map(\.samples.count)
        let acked = zip(sent, 1...).map { min($0, $1) }.reduce(0, +)
        let metrics = try await web.get("\(agent.url)/metrics").text
        let line = "tsdb_agent_forward_rejected_samples_total{code=\"200\",destination=\"central\"}"
        #expect(sent.reduce(0, +) > acked)
        #expect(metrics.contains(line), "\(metrics)")
    }

    @Test("a redirect is not followed: the credentials stay where they belong")
    func redirect() async throws {
        let web = try Web()
        let target = try await TestServer(text: Self.text)
        let other = try await WriteReceiver()
        let receiver = try await WriteReceiver { [url = other.url] _, _ in
            HTTPResponse(HTTPStatus(307)).with("Location", url)
        }
        let agent = try await TestAgent(
            Self.configuration(
                target,
                receiver.url,
                "authorization = { credentials = \"secret\" }"
            ),
            web: web
        )
        try await waitUntil(seconds: 20) { agent.child.log.contains("refuses everything with 307") }
        #expect(receiver.requests.first?.headers["Authorization"] == "Bearer secret")
        #expect(receiver.requests.count == 1)
        #expect(other.requests.isEmpty)
        #expect(!agent.child.log.contains("secret"))
    }

    @Test("a proxy gets the request, and a password file and headers of one's own go along")
    func proxy() async throws {
        let web = try Web()
        let target = try await TestServer(text: Self.text)
        let receiver = try await WriteReceiver()
        let directory = try TemporaryDirectory("agent")
        try directory.write("password", "first\n")
        let agent = try await TestAgent(
            Self.configuration(
                target,
                "http://nowhere.invalid/write",
                """
                proxy_url = "http://\(receiver.address)"
                basic_auth = { username = "me", password_file = "password" }
                headers = { X-Scope-OrgID = "tenant" }
                """
            ),
            in: directory,
            web: web
        )
        try await waitUntil(seconds: 20) { receiver.requests.count > 1 }
        // "me:first"
        #expect(receiver.requests[0].headers["Authorization"] == "Basic bWU6Zmlyc3Q=")
        #expect(receiver.requests[0].headers["X-Scope-OrgID"] == "tenant")
        #expect(receiver.requests[0].headers["Host"] == "nowhere.invalid")
        try directory.write("password", "second\n")
        try await waitUntil(seconds: 20) {
            receiver.requests.last?.headers["Authorization"] == "Basic bWU6c2Vjb25k"
        }
        for secret in ["first", "second"] { #expect(!agent.child.log.contains(secret)) }
    }

    @Test("a reload keeps the place of a destination that moves, and lets the others alone")
    func reload() async throws {
        let web = try Web()
        let target = try await TestServer(text: Self.text)
        let (first, second) = (
            try await WriteReceiver { _, _ in HTTPResponse(.unavailable) },
            try await WriteReceiver()
        )
        let other = try await WriteReceiver()
        func configuration(_ url: String, _ more: String = "") -> String {
            Self.configuration(target, url, more) + """

                [[forward]]
                name = "other"
                kind = "remote_write"
                url = "\(other.url)"
                """
        }
        let agent = try await TestAgent(configuration(first.url), web: web)
        try await waitUntil(seconds: 20) {
            first.requests.count > 3 && other.samples("app_zero").count > 3
        }
        // A bad file changes nothing, whatever else is in it.
        try agent.configure(configuration(second.url, "max_in_flight = 99"))
        let refused = try await web.send(ClientRequest(.post, "\(agent.url)/-/reload"))
        #expect(refused.status == 500 && refused.text.contains("max_in_flight"), "\(refused)")
        try await Task.sleep(for: .milliseconds(300))
        #expect(second.requests.isEmpty)
        try agent.configure(configuration(second.url))
        let begun = agent.child.log
        agent.child.signal(SIGHUP)
        try await waitUntil(seconds: 20) { second.samples("app_zero").count > 5 }
        // What the first refused is at the second, from its first sample on, once, in order.
        let times = second.samples("app_zero").map(\.timeMs)
        #expect(times.first == first.samples("app_zero").first?.timeMs)
        #expect(times == times.sorted() && Set(times).count == times.count)
        #expect(Self.tries(second.requests) == 1)
        // The other one never began anew, nor sent anything twice.
        let log = agent.child.log.dropFirst(begun.count)
        #expect(log.contains("destination=central"))
        #expect(!log.contains("destination=other"))
        #expect(Self.tries(other.requests) == 1)
        let otherTimes = other.samples("app_zero").map(\.timeMs)
        #expect(otherTimes == otherTimes.sorted())
    }
}
