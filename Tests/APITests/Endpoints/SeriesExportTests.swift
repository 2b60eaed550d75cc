// Series out by pages and in again, without loss.
import Formats
import HTTP
import Model
import PromQL
import TestSupport
import Testing

@testable import API

@Suite("Export and import endpoints") struct SeriesExportTests {
    private func series(_ body: [UInt8]) throws -> [(Labels, SampleColumns)] {
        var reader = RemoteWriteV1Reader(count: body.count)
        var found: [(Labels, SampleColumns)] = []
        while try reader.next(body.span) != nil {
            found.append((try reader.labels(body.span), reader.samples))
        }
        return found
    }

    private func get(_ target: String) async throws -> Answer {
        var answer: Answer?
        try await withAPI(store) { api in answer = await api.ask(.get, target) }
        return try #require(answer)
    }

    private var store: FakeStore {
        var store = FakeStore()
        store.add(["__name__": "b", "job": "x"], [1, StaleMarker.value, 3])
        store.add(["__name__": "a", "job": "y"], [Double(bitPattern: 0x7ff8_0000_0000_0123)])
        store.add(["__name__": "b", "A": "first by labels"], [4])
        return store
    }

    @Test("everything, metric by metric, bit for bit")
    func all() async throws {
        let answer = try await get("/api/v1/export")
        #expect(answer.status == 200)
        let found = try series(answer.bytes)
        #expect(found.map(\.0.metricName) == ["a", "b", "b"])
        #expect(found[0].1.values[0].bitPattern == 0x7ff8_0000_0000_0123)
        let marked = try #require(found.first { $0.0["job"] == "x" }).1
        #expect(marked.times == [0, 15_000, 30_000])
        #expect(marked.values[1].isStaleMarker)
    }

    @Test("selectors, times and the place to go on from")
    func chosen() async throws {
        let one = try await get(
            "/api/v1/export?match[]=%7Bjob=%22y%22%7D&match[]=b%7Bjob=%22x%22%7D&end=15"
        )
        #expect(try series(one.bytes).map(\.1.count) == [1, 2])
        let rest = try await get("/api/v1/export?after=a%7Bjob=%22y%22%7D")
        #expect(try series(rest.bytes).map(\.0.metricName) == ["b", "b"])
        let last = try series(rest.bytes)[0].0
        var text: [UInt8] = []
        SeriesText.write(last, to: &text)
        let cursor = FormCoding([.init("after", String(decoding: text, as: UTF8.self))]).encoded
        #expect(try series(try await get("/api/v1/export?\(cursor)").bytes).count == 1)
        let end = try await get("/api/v1/export?after=z")
        #expect(end.status == 200 && end.bytes.isEmpty)
    }

    @Test("a place that is no series is refused")
    func badPlace() async throws {
        #expect(try await get("/api/v1/export?after=%7B").status == 400)
    }

    @Test("a series that two selectors choose comes once")
    func once() async throws {
        let answer = try await get("/api/v1/export?match[]=b&match[]=%7Bjob=%22x%22%7D")
        #expect(try series(answer.bytes).count == 2)
    }

    @Test("an import is counted by what became of it")
    func imports() async throws {
        var report = ImportReport()
        report.stored = 5
        report.duplicates = 2
        report.dropped = ["too_old": 1, "future": 3]
        var body: [UInt8] = []
        var samples = SampleColumns()
        samples.append(1, StaleMarker.value)
        RemoteWriteV1.appendSeries(
            encodedLabels: RemoteWriteV1.encodedLabels(Labels([Label("__name__", "m")])),
            samples,
            to: &body
        )
        let message = body
        let outcome = ImportOutcome.done(report)
        try await withAPI { api in
            api.agent.change { $0.importOutcome = outcome }
            let answer = await api.ask(
                .post,
                "/api/v1/import",
                headers: [("Content-Type", "application/x-protobuf")],
                body: message
            )
            #expect(answer.status == 200)
            #expect(
                answer.text
                    == "{\"status\":\"success\",\"data\":{\"stored\":5,\"duplicate\":2,"
                    + "\"conflict\":0,\"future\":3,\"too_old\":1}}"
            )
            let pushed = api.agent.now.pushes.first?.series.first?.samples.values.first
            #expect(pushed?.isStaleMarker == true)
        }
    }

    @Test("an import that cannot be stored now is to come again; only its type is taken")
    func later() async throws {
        try await withAPI { api in
            api.agent.change { $0.importOutcome = .later(.busy(retryAfterSeconds: 1)) }
            let answer = await api.ask(
                .post,
                "/api/v1/import",
                headers: [("Content-Type", "application/x-protobuf")]
            )
            #expect(answer.status == 429)
            #expect(await api.ask(.post, "/api/v1/import").status == 415)
        }
    }
}
