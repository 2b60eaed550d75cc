// Remote write and text import: what is stored, and what senders are told.
import Formats
import HTTP
import Model
import Testing

@testable import API

@Suite("Push endpoints")
struct PushEndpointTests {
    private let protobuf = [
        ("Content-Type", "application/x-protobuf"), ("Content-Encoding", "snappy"),
    ]

    // A WriteRequest; the fake decoder takes it uncompressed.
    private func request(_ series: [(Labels, [(Int64, Double)])]) -> [UInt8] {
        var body: [UInt8] = []
        for (labels, samples) in series {
            var inner: [UInt8] = []
            labels.forEachRange { name, value in
                var label: [UInt8] = []
                field(1, Array(labels.bytes[name]), to: &label)
                field(2, Array(labels.bytes[value]), to: &label)
                field(1, label, to: &inner)
            }
            for (time, value) in samples {
                var sample: [UInt8] = [0x09]
                for shift in stride(from: 0, to: 64, by: 8) {
                    sample.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(shift)))
                }
                sample.append(0x10)
                varint(UInt64(bitPattern: time), to: &sample)
                field(2, sample, to: &inner)
            }
            field(1, inner, to: &body)
        }
        return body
    }

    private func field(_ number: UInt8, _ bytes: [UInt8], to target: inout [UInt8]) {
        target.append(number << 3 | 2)
        varint(UInt64(bytes.count), to: &target)
        target += bytes
    }

    private func varint(_ value: UInt64, to target: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            target.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        target.append(UInt8(rest))
    }

    // `name{labels} time value-bits` of everything that was pushed.
    private func lines(_ agent: FakeAgent) -> [String] {
        agent.now.pushes.flatMap(\.series).flatMap { series in
            (0..<series.samples.count).map { index in
                let bits = String(series.samples.values[index].bitPattern, radix: 16)
                return "\(series.labels) \(series.samples.times[index]) \(bits)"
            }
        }
    }

    @Test("stores a remote-write request, stale markers bit for bit")
    func write() async throws {
        let a = Labels([Label("__name__", "a"), Label("x", "1")])
        try await withAPI { api in
            let body = request([(a, [(5, 1), (-7, StaleMarker.value)])])
            let answer = await api.ask(.post, "/api/v1/write", headers: protobuf, body: body)
            #expect(answer.status == 204)
            #expect(answer.text == "")
            #expect(
                lines(api.agent) == [
                    "a{x=\"1\"} 5 3ff0000000000000", "a{x=\"1\"} -7 7ff0000000000002",
                ]
            )
            #expect(await api.ask(.post, "/api/v1/write", headers: protobuf).status == 204)
        }
    }

    @Test("stores what is whole of a request and says what is not")
    func partial() async throws {
        let good = Labels([Label("__name__", "a")])
        let nameless = Labels([Label("x", "1")])
        try await withAPI { api in
            let body = request([(nameless, [(5, 1)]), (good, [(5, 1)])])
            let answer = await api.ask(.post, "/api/v1/write", headers: protobuf, body: body)
            #expect(answer.status == 400)
            #expect(
                answer.text == "1 series refused, the rest is stored; the first: "
                    + "cannot take the series at byte 2: it has no __name__\n"
            )
            #expect(lines(api.agent) == ["a 5 3ff0000000000000"])
        }
    }

    @Test(
        "refuses what is no remote write",
        arguments: [
            ([], 415, "Content-Type must be application/x-protobuf\n"),
            (
                [("Content-Type", "text/plain")], 415,
                "Content-Type must be application/x-protobuf\n"
            ),
            (
                [("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v3.Request")],
                415,
                "cannot read this message; send prometheus.WriteRequest (remote write 1.0) or "
                    + "io.prometheus.write.v2.Request (2.0)\n"
            ),
            (
                [("Content-Type", "application/x-protobuf"), ("Content-Encoding", "gzip")], 415,
                "Content-Encoding must be snappy\n"
            ),
            (
                [("Content-Type", "application/x-protobuf")], 400,
                "cannot decompress the request: no snappy block\n"
            ),
        ] as [([(String, String)], Int, String)]
    )
    func refusals(headers: [(String, String)], status: Int, text: String) async throws {
        try await withAPI { api in
            let answer = await api.ask(.post, "/api/v1/write", headers: headers, body: [0xff])
            #expect(answer.status == status)
            #expect(answer.text == text)
            #expect(lines(api.agent) == [])
        }
    }

    @Test("refuses a request that decompresses to too much, and a torn one")
    func limits() async throws {
        var limits = PushLimits()
        limits.decodedBytes = 3
        try await withAPI(pushLimits: limits) { api in
            let large = await api.ask(
                .post,
                "/api/v1/write",
                headers: protobuf,
                body: [0, 0, 0, 0]
            )
            #expect(large.status == 413)
            #expect(
                large.text == "the request has 4 bytes after decompression; the limit is 3\n"
            )
            let torn = await api.ask(
                .post,
                "/api/v1/write",
                headers: protobuf,
                body: [0x0a, 0x05]
            )
            #expect(torn.status == 400)
        }
    }

    @Test(
        "tells senders what to do",
        arguments: [
            (
                PushOutcome.busy(retryAfterSeconds: 3), 429, "3",
                "too many samples; try again later\n"
            ),
            (
                .unavailable(reason: "the disk is full", retryAfterSeconds: 30), 503, "30",
                "the disk is full\n"
            ),
        ] as [(PushOutcome, Int, String?, String)]
    )
    func outcomes(
        outcome: PushOutcome,
        status: Int,
        retryAfter: String?,
        text: String
    ) async throws {
        try await withAPI { api in
            api.agent.change { $0.outcome = outcome }
            let answer = await api.ask(
                .post,
                "/api/v1/import/prometheus",
                body: Array("a 1\n".utf8)
            )
            #expect(answer.status == status)
            #expect(answer.headers["retry-after"] == retryAfter)
            #expect(answer.text == text)
        }
    }

    @Test("what is turned away of a push: a sender is told 400, an import goes on and says so")
    func rejected() async throws {
        try await withAPI { api in
            api.agent.change {
                $0.outcome = .rejected(reason: "2 series over max_series", samples: 2)
            }
            let body = request([(Labels([Label("__name__", "a")]), [(5, 1)])])
            let written = await api.ask(.post, "/api/v1/write", headers: protobuf, body: body)
            #expect(written.status == 400)
            #expect(written.text == "2 series over max_series\n")
            let imported = await api.ask(
                .post,
                "/api/v1/import/prometheus",
                body: Array("a 1\n".utf8)
            )
            #expect(imported.status == 204)
            #expect(imported.headers["x-samples-not-stored"] == "2 series over max_series")
        }
    }

    @Test("imports text, with and without timestamps, with extra labels")
    func importText() async throws {
        let text = "# TYPE a counter\n# HELP a Help.\na{x=\"1\"} 1 5\na{x=\"1\"} 2 6\nb 3"
        try await withAPI { api in
            let answer = await api.ask(
                .post,
                "/api/v1/import/prometheus?extra_label=job=j&extra_label=x=2",
                body: Array(text.utf8)
            )
            #expect(answer.status == 204)
            #expect(
                lines(api.agent) == [
                    "a{job=\"j\", x=\"2\"} 5 3ff0000000000000",
                    "a{job=\"j\", x=\"2\"} 6 4000000000000000",
                    "b{job=\"j\", x=\"2\"} 60000 4008000000000000",
                ]
            )
            let described = api.agent.now.pushes.flatMap(\.metadata)
            #expect(described.map(\.name) == ["a"])
            #expect(described.first?.entries == [MetricMetadata(kind: .counter, help: "Help.")])
        }
    }

    @Test(
        "imports nothing when one line is wrong",
        arguments: [
            ("", "a 1\nb{ 2\n", "line 2, column 5: expected }, got \"\\n\"\n"),
            ("", "a 1\na{x=1} 2\n", "line 2, column 5: expected label value, got \"1\"\n"),
            ("", "a 1\nb x\n", "line 2, column 3: \"x\" is not a number\n"),
            (
                "?extra_label=job", "a 1\n",
                "extra_label=job: write it as extra_label=name=value\n"
            ),
        ]
    )
    func badText(query: String, text: String, expected: String) async throws {
        try await withAPI { api in
            let target = "/api/v1/import/prometheus\(query)"
            let answer = await api.ask(.post, target, body: Array(text.utf8))
            #expect(answer.status == 400)
            #expect(answer.text == expected)
            #expect(lines(api.agent) == [])
        }
    }

    @Test("refuses compressed text and too many samples")
    func importLimits() async throws {
        var limits = PushLimits()
        limits.samples = 1
        try await withAPI(pushLimits: limits) { api in
            let zipped = await api.ask(
                .post,
                "/api/v1/import/prometheus",
                headers: [("Content-Encoding", "gzip")]
            )
            #expect(zipped.status == 415)
            #expect(
                zipped.text == "Content-Encoding must be absent; send the text uncompressed\n"
            )
            let many = await api.ask(
                .post,
                "/api/v1/import/prometheus",
                body: Array("a 1\nb 2\n".utf8)
            )
            #expect(many.status == 413)
            #expect(many.text == "the text has 2 samples; the limit is 1\n")
        }
    }
}
