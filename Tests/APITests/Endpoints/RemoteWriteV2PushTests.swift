// Remote write 2.0 on /api/v1/write: what is stored, and the counts that every answer has.
import Formats
import HTTP
import Model
import Testing

@testable import API

@Suite("Remote write 2.0 receiver") struct RemoteWriteV2PushTests {
    private static let headers = [
        ("Content-Type", "application/x-protobuf;proto=io.prometheus.write.v2.Request"),
        ("Content-Encoding", "snappy"), ("X-Prometheus-Remote-Write-Version", "2.0.0"),
    ]

    // The fake decoder takes it uncompressed.
    private static func request(
        _ series: [([(String, String)], [(Int64, Double)])],
        _ metadata: MetricMetadata = MetricMetadata(),
        extra: [UInt8] = []
    ) -> [UInt8] {
        var writer = RemoteWriteV2Writer()
        let noted = RemoteWriteV2Writer.Metadata(
            kind: metadata.kind,
            help: writer.pool.number(metadata.help.utf8.span),
            unit: writer.pool.number(metadata.unit.utf8.span)
        )
        for (labels, samples) in series {
            var numbers: [UInt32] = []
            for (name, value) in labels {
                numbers.append(writer.pool.number(name.utf8.span))
                numbers.append(writer.pool.number(value.utf8.span))
            }
            var columns = SampleColumns()
            for (time, value) in samples { columns.append(time, value) }
            writer.appendSeries(numbers[...], noted, columns)
        }
        var body: [UInt8] = []
        writer.write(to: &body)
        return body + extra
    }

    private func lines(_ agent: FakeAgent) -> [String] {
        agent.now.pushes.flatMap(\.series).flatMap { series in
            (0..<series.samples.count).map { index in
                let bits = String(series.samples.values[index].bitPattern, radix: 16)
                return "\(series.labels) \(series.samples.times[index]) \(bits)"
            }
        }
    }

    private func counts(_ answer: Answer) -> [String?] {
        ["Samples", "Histograms", "Exemplars"].map {
            answer.headers["X-Prometheus-Remote-Write-\($0)-Written"]
        }
    }

    private func ask(_ api: APIFixture, _ body: [UInt8]) async -> Answer {
        await api.ask(.post, "/api/v1/write", headers: Self.headers, body: body)
    }

    private static let a = [("__name__", "a"), ("x", "1")]

    @Test("stores a request, stale markers bit for bit, and counts its samples")
    func stores() async throws {
        try await withAPI { api in
            let body = Self.request([
                (Self.a, [(5, 1), (-7, StaleMarker.value)]), ([("__name__", "b")], [(6, 2)]),
            ])
            let answer = await ask(api, body)
            #expect(answer.status == 204)
            #expect(counts(answer) == ["3", "0", "0"])
            #expect(
                lines(api.agent) == [
                    "a{x=\"1\"} 5 3ff0000000000000", "a{x=\"1\"} -7 7ff0000000000002",
                    "b 6 4000000000000000",
                ]
            )
            let empty = await ask(api, [])
            #expect(empty.status == 204)
            #expect(counts(empty) == ["0", "0", "0"])
        }
    }

    @Test("metadata is noted once a metric, under the family's name")
    func metadata() async throws {
        try await withAPI { api in
            let histogram = MetricMetadata(kind: .histogram, help: "Time.", unit: "seconds")
            let series = [("t_bucket", "1"), ("t_bucket", "2"), ("t_sum", ""), ("t_count", "")].map
            {
                ([("__name__", $0.0), ("le", $0.1)], [(Int64(5), 1.0)])
            }
            #expect(await ask(api, Self.request(series, histogram)).status == 204)
            let plain = MetricMetadata(kind: .counter, help: "All.")
            let counter = Self.request([([("__name__", "c_sum")], [(5, 1)])], plain)
            #expect(await ask(api, counter).status == 204)
            let noted = api.agent.now.pushes.flatMap(\.metadata)
            #expect(noted.map(\.name) == ["t", "c_sum"])
            #expect(noted.map(\.entries) == [[histogram], [plain]])
        }
    }

    @Test("metadata of remote write 1.0 is noted, too")
    func metadata1() async throws {
        try await withAPI { api in
            var body: [UInt8] = []
            let gauge = MetricMetadata(kind: .gauge, help: "Up?", unit: "")
            RemoteWriteV1.appendMetadata(family: "up", gauge, to: &body)
            let headers = [("Content-Type", "application/x-protobuf")]
            let answer = await api.ask(.post, "/api/v1/write", headers: headers, body: body)
            #expect(answer.status == 204)
            #expect(counts(answer) == [nil, nil, nil])
            #expect(api.agent.now.pushes.flatMap(\.metadata).map(\.entries) == [[gauge]])
        }
    }

    @Test("stores what is whole of a request, and says what is not")
    func partial() async throws {
        try await withAPI { api in
            let body = Self.request([
                (Self.a, [(5, 1)]), ([("x", "1")], [(5, 1), (6, 1)]),
                ([("x", "1"), ("__name__", "a")], [(5, 1)]), ([("__name__", "b")], [(5, 2)]),
            ])
            let answer = await ask(api, body)
            #expect(answer.status == 400)
            #expect(counts(answer) == ["2", "0", "0"])
            #expect(
                answer.text.hasPrefix(
                    "2 series refused, the rest is stored; the first: cannot take the series at byte "
                )
            )
            #expect(answer.text.hasSuffix(": it has no __name__\n"))
            #expect(
                lines(api.agent) == ["a{x=\"1\"} 5 3ff0000000000000", "b 5 4000000000000000"]
            )
        }
    }

    @Test("native histograms are refused, exemplars are left out, samples beside them are stored")
    func histograms() async throws {
        // References 1 and 2 are __name__ and a.
        let histogram: [UInt8] = [0x2a, 0x08, 0x0a, 2, 1, 2, 0x1a, 2, 0x30, 1]
        let exemplar: [UInt8] = [0x2a, 0x0a, 0x0a, 2, 1, 2, 0x12, 2, 0x10, 9, 0x22, 0]
        try await withAPI { api in
            let both = Self.request([(Self.a, [(5, 1)])], extra: histogram + exemplar)
            let answer = await ask(api, both)
            #expect(answer.status == 400)
            #expect(answer.text == "1 native histograms are not stored, the rest is stored\n")
            #expect(counts(answer) == ["2", "0", "0"])
            #expect(lines(api.agent) == ["a{x=\"1\"} 5 3ff0000000000000", "a 9 0"])
            let fine = await ask(api, Self.request([(Self.a, [(5, 1)])], extra: exemplar))
            #expect(fine.status == 204)
            #expect(counts(fine) == ["2", "0", "0"])
        }
    }

    @Test(
        "what the store does not take is not counted",
        arguments: [
            (PushOutcome.busy(retryAfterSeconds: 3), 429, "0"),
            (.unavailable(reason: "the disk is full", retryAfterSeconds: 30), 503, "0"),
            (.rejected(reason: "1 conflict", samples: 1), 400, "1"),
            (.stored, 204, "2"),
        ] as [(PushOutcome, Int, String)]
    )
    func outcomes(outcome: PushOutcome, status: Int, written: String) async throws {
        try await withAPI { api in
            api.agent.change { $0.outcome = outcome }
            let answer = await ask(api, Self.request([(Self.a, [(5, 1), (6, 2)])]))
            #expect(answer.status == status)
            #expect(counts(answer) == [written, "0", "0"])
        }
    }

    @Test("what was refused before and by the store is said in one answer")
    func bothRefusals() async throws {
        try await withAPI { api in
            api.agent.change {
                $0.outcome = .rejected(reason: "samples not stored: 1 x", samples: 1)
            }
            let answer = await ask(
                api,
                Self.request([(Self.a, [(5, 1), (6, 2)]), ([], [(5, 1)])])
            )
            #expect(answer.status == 400)
            #expect(answer.text.hasPrefix("samples not stored: 1 x; 1 series refused, the rest is"))
            #expect(counts(answer) == ["1", "0", "0"])
        }
    }

    @Test("answers that refuse the whole request count nothing")
    func wholeRefusals() async throws {
        var limits = PushLimits()
        limits.samples = 2
        try await withAPI(pushLimits: limits) { api in
            let many = await ask(api, Self.request([(Self.a, [(5, 1), (6, 2), (7, 3)])]))
            #expect(many.status == 413)
            #expect(many.text == "the request has 3 samples; the limit is 2\n")
            #expect(counts(many) == ["0", "0", "0"])
            let torn = await ask(api, [0x2a, 9])
            #expect(torn.status == 400)
            #expect(
                torn.text == "cannot decode protobuf: it ends inside the field at byte 0\n"
            )
            #expect(counts(torn) == ["0", "0", "0"])
            let headers = [
                Self.headers[0], ("Content-Encoding", "gzip"),
            ]
            let zipped = await api.ask(.post, "/api/v1/write", headers: headers)
            #expect(zipped.status == 415)
            #expect(counts(zipped) == ["0", "0", "0"])
            #expect(lines(api.agent) == [])
        }
    }

    @Test(
        "the content type says which message it is",
        arguments: [
            ("application/x-protobuf", nil),
            ("application/x-protobuf;proto=prometheus.WriteRequest", nil),
            ("Application/X-Protobuf; charset=x; PROTO=\"io.prometheus.write.v2.Request\"", "0"),
        ] as [(String, String?)]
    )
    func types(type: String, written: String?) async throws {
        try await withAPI { api in
            let answer = await api.ask(.post, "/api/v1/write", headers: [("Content-Type", type)])
            #expect(answer.status == 204)
            #expect(counts(answer)[0] == written)
        }
    }
}
