// Real senders of remote write push into the agent, and requests of 2.0 made by hand.
import Formats
import Glibc
import HTTP
import Model
import TestSupport
import Testing

@Suite("Remote write senders", .serialized, .timeLimit(.minutes(3)))
struct RemoteWriteSenderTests {
    private static let text = """
        # HELP app_requests_total Requests so far.
        # TYPE app_requests_total counter
        app_requests_total{path="/é",code="200"} 7
        # TYPE app_seconds histogram
        # HELP app_seconds Time of a request.
        app_seconds_bucket{le="0.1"} 3
        app_seconds_bucket{le="+Inf"} 4
        app_seconds_sum 1.5
        app_seconds_count 4

        """

    @Test(
        "a real sender's samples, stale markers and metadata arrive",
        .enabled(if: Programs.peersWanted, "\(Programs.peersSkipped)"),
        arguments: ["vmagent", "prometheus"]
    )
    func real(name: String) async throws {
        let web = try Web()
        let target = try await TestServer(text: Self.text)
        let agent = try await TestAgent("[host]\nenabled = false\n", web: web)
        let directory = try TemporaryDirectory("sender")
        let isPrometheus = name == "prometheus"
        let remote =
            isPrometheus
            ? """
            remote_write:
              - url: \(agent.url)/api/v1/write
                metadata_config: { send: true, send_interval: 300ms }

            """ : ""
        try directory.write(
            "scrape.yml",
            """
            global: { scrape_interval: 1s, scrape_timeout: 1s }
            scrape_configs:
              - job_name: app
                static_configs: [ { targets: [ "\(target.address)" ] } ]
            \(remote)
            """
        )
        let port = try FreePort.next()
        let sender = try ChildProcess(
            Programs.peer(name),
            isPrometheus
                ? [
                    "--config.file=scrape.yml", "--storage.agent.path=wal",
                    "--enable-feature=agent", "--web.listen-address=127.0.0.1:\(port)",
                ]
                : [
                    "-promscrape.config=scrape.yml", "-remoteWrite.tmpDataPath=queue",
                    "-remoteWrite.url=\(agent.url)/api/v1/write",
                    "-remoteWrite.flushInterval=200ms", "-httpListenAddr=127.0.0.1:\(port)",
                ],
            directory: directory.path,
            logPath: directory.file("log")
        )
        try await web.wait(
            for: "app_requests_total{path=\"/é\",code=\"200\",job=\"app\"}",
            at: agent.url,
            within: 40
        ) { $0 == 7 }
        #expect(try await web.query("app_seconds_bucket{le=\"0.1\"}", at: agent.url) == [3])
        #expect(try await web.query("up{job=\"app\"}", at: agent.url) == [1], "\(sender.log)")
        if isPrometheus {
            #expect(
                try await metadata("app_seconds", agent, web, within: 20)
                    == "{\"type\":\"histogram\",\"help\":\"Time of a request.\",\"unit\":\"\"}"
            )
        }
        // What the target no longer has is marked, and the marker is one here too.
        target.serve("app_other 1\n")
        try await web.wait(for: "app_other", at: agent.url, within: 20)
        #expect(try await web.query("app_seconds_count", at: agent.url).isEmpty)
        #expect(try await web.query("max_over_time(app_seconds_count[5m])", at: agent.url) == [4])
        sender.signal(SIGTERM)
        _ = try await sender.exitCode(within: 20)
    }

    private func metadata(
        _ metric: String,
        _ agent: TestAgent,
        _ web: Web,
        within seconds: Int
    ) async throws -> String {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            let answer = try await web.get("\(agent.url)/api/v1/metadata?metric=\(metric)")
            let text = answer.text
            let start = text.firstRange(of: "\"\(metric)\":[")
            if let start, let end = text.firstRange(of: "]}") {
                return String(text[start.upperBound..<end.lowerBound])
            }
            if ContinuousClock.now > deadline { return text }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    // MARK: 2.0

    // A Snappy block of literals only.
    private static func block(_ bytes: [UInt8]) -> [UInt8] {
        var block: [UInt8] = []
        var length = bytes.count
        while length >= 0x80 {
            block.append(UInt8(length & 0x7f) | 0x80)
            length >>= 7
        }
        block.append(UInt8(length))
        for start in stride(from: 0, to: bytes.count, by: 60) {
            let piece = bytes[start..<min(bytes.count, start + 60)]
            block.append(UInt8(piece.count - 1) << 2)
            block += piece
        }
        return block
    }

    private static func message(
        _ series: [([(String, String)], Int64, Double)],
        _ kind: MetricKind = .unknown,
        help: String = ""
    ) -> [UInt8] {
        var writer = RemoteWriteV2Writer()
        let metadata = RemoteWriteV2Writer.Metadata(
            kind: kind,
            help: writer.pool.number(help.utf8.span)
        )
        for (labels, time, value) in series {
            let numbers = labels.flatMap {
                [writer.pool.number($0.0.utf8.span), writer.pool.number($0.1.utf8.span)]
            }
            writer.appendSeries(numbers[...], metadata, timeMs: time, value: value)
        }
        var message: [UInt8] = []
        writer.write(to: &message)
        return message
    }

    private func send(
        _ message: [UInt8],
        _ agent: TestAgent,
        _ web: Web
    ) async throws -> (status: Int, written: [String?], text: String) {
        var request = ClientRequest(.post, "\(agent.url)/api/v1/write", body: Self.block(message))
        request.headers.set(
            "Content-Type",
            "application/x-protobuf;proto=io.prometheus.write.v2.Request"
        )
        request.headers.set("Content-Encoding", "snappy")
        request.headers.set("X-Prometheus-Remote-Write-Version", "2.0.0")
        let answer = try await web.ask(request)
        let written = ["Samples", "Histograms", "Exemplars"].map {
            answer.headers["X-Prometheus-Remote-Write-\($0)-Written"]
        }
        return (answer.status.code, written, String(decoding: answer.body, as: UTF8.self))
    }

    @Test("requests of 2.0 are stored, counted and answered as the specification says")
    func version2() async throws {
        let web = try Web()
        let agent = try await TestAgent("[host]\nenabled = false\n", web: web)
        let now = Int64(time(nil)) * 1000
        let a = [("__name__", "pushed_seconds_sum"), ("x", "é")]
        let first = Self.message([(a, now, 1)], .summary, help: "Pushed.")
        var answer = try await send(first, agent, web)
        #expect(answer.status == 204 && answer.written == ["1", "0", "0"])
        try await web.wait(for: "pushed_seconds_sum{x=\"é\"}", at: agent.url, within: 10) {
            $0 == 1
        }
        #expect(
            try await metadata("pushed_seconds", agent, web, within: 5)
                == "{\"type\":\"summary\",\"help\":\"Pushed.\",\"unit\":\"\"}"
        )
        // The same once more is there already.
        answer = try await send(first, agent, web)
        #expect(answer.status == 204 && answer.written == ["1", "0", "0"])
        // Another value at the same time stays out; a series without a name too.
        let b = [("__name__", "pushed_b")]
        let mixed = Self.message([(a, now, 2), ([("x", "1")], now, 3), (b, now, 4)])
        answer = try await send(mixed, agent, web)
        #expect(answer.status == 400 && answer.written == ["1", "0", "0"])
        #expect(answer.text.hasPrefix("samples not stored: 1 conflict; 1 series refused"))
        try await web.wait(for: "pushed_b", at: agent.url, within: 10) { $0 == 4 }
        #expect(try await web.query("pushed_seconds_sum", at: agent.url) == [1])
        answer = try await send([0x2a, 9], agent, web)
        #expect(answer.status == 400 && answer.written == ["0", "0", "0"])
    }

    // MARK: Sending

    @Test("write_relabel_configs decide what goes to a destination, and under which labels")
    func relabelled() async throws {
        let web = try Web()
        let gateway = try await TestAgent("[host]\nenabled = false\n", web: web)
        let agent = try await TestAgent(
            """
            [host]
            enabled = false
            [global]
            external_labels = { site = "eu-1" }
            [[forward]]
            name = "gateway"
            kind = "remote_write"
            url = "\(gateway.url)/api/v1/write"
            [[forward.write_relabel_configs]]
            source_labels = ["__name__", "site"]
            regex = "secret_.*;eu-.*"
            action = "drop"
            [[forward.write_relabel_configs]]
            source_labels = ["site"]
            regex = '(\\w+)-(\\d)'
            target_label = "zone"
            replacement = "${2}.$1"
            """,
            web: web
        )
        try await agent.push("secret_a 1\npublic_b{x=\"y\"} 2\nsecret_c 3\n", web)
        try await web.wait(
            for: "public_b{x=\"y\",site=\"eu-1\",zone=\"1.eu\"}",
            at: gateway.url,
            within: 20
        ) { $0 == 2 }
        try await agent.push("public_d 4\n", web)
        try await web.wait(for: "public_d", at: gateway.url, within: 20) { $0 == 4 }
        #expect(try await web.query("{__name__=~\"secret_.*\"}", at: gateway.url).isEmpty)
        #expect(try await web.query("secret_a", at: agent.url) == [1])
        let metrics = try await web.get("\(agent.url)/metrics").text
        #expect(
            metrics.contains(
                "tsdb_agent_forward_filtered_samples_total{destination=\"gateway\"} 2\n"
            )
        )
    }
}
