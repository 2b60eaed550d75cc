// Batches of host collections: handles kept, markers for what is gone, nothing lost in a retry.

import Model
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Collect

@Suite("Host intake") struct HostIntakeTests {
    /// Numbers series as they come and refuses those of one name.
    final class Sink: SampleSink {
        private let state = Mutex((series: [Labels](), calls: 0, notes: 0))
        let refusedName: String

        init(refusing name: String = "") {
            refusedName = name
        }

        var calls: Int { state.withLock { $0.calls } }
        var notes: Int { state.withLock { $0.notes } }
        func labels(_ handle: SeriesHandle) -> String {
            state.withLock { $0.series[Int(handle.raw)].description }
        }

        func openStream(_ source: SourceName) -> StreamHandle { StreamHandle(raw: 7) }
        func closeStream(_ stream: StreamHandle) {}
        func append(_ batch: consuming SampleBatch) async -> AppendOutcome {
            .stored(batch.count, dropped: [])
        }
        func noteMetadata(job: String, family: String, _ note: MetadataNote) {
            state.withLock { $0.notes += 1 }
        }

        func admit(_ series: [Labels]) -> [SeriesAdmission] {
            state.withLock { state in
                state.calls += 1
                return series.map { labels in
                    if labels.metricName == refusedName { return .refused(.seriesLimit) }
                    if let place = state.series.firstIndex(of: labels) {
                        return .admitted(SeriesHandle(raw: UInt64(place)))
                    }
                    state.series.append(labels)
                    return .admitted(SeriesHandle(raw: UInt64(state.series.count - 1)))
                }
            }
        }
    }

    private static func batch(_ intake: inout HostIntake, _ snapshot: HostSnapshot) -> SampleBatch {
        intake.batch(of: snapshot.parts, at: snapshot.time)
    }

    @Test("asks for handles once while the host keeps its shape")
    func handles() throws {
        let collectors = try HostTree.collectors()
        let sink = Sink()
        var intake = HostIntake(sink)
        let first = Self.batch(&intake, collectors.collect())
        intake.confirm()
        let asked = sink.calls
        let notes = sink.notes
        let snapshot = collectors.collect()
        let second = Self.batch(&intake, snapshot)
        #expect(sink.calls == asked)
        #expect(sink.notes == notes)
        #expect(first.series == second.series)
        #expect(second.count == snapshot.count)
        #expect(second.stream == StreamHandle(raw: 7))
        let load = second.series.firstIndex { sink.labels($0) == "node_load5" }
        #expect(load.map { second.values[$0] } == 0.37)
    }

    @Test("marks what is gone, also when the first try was not stored")
    func markers() throws {
        let folder = try TemporaryDirectory("host")
        _ = try HostTree.copy(to: folder.path)
        let collectors = try HostTree.collectors(HostTree.options(folder.path))
        let sink = Sink()
        var intake = HostIntake(sink)
        _ = Self.batch(&intake, collectors.collect(only: ["loadavg", "stat"]))
        intake.confirm()
        try HostTree.write("", to: folder.path + "/proc/loadavg")
        let snapshot = collectors.collect(only: ["loadavg"])
        func marked(_ batch: SampleBatch) -> [String] {
            zip(batch.series, batch.values).filter { $0.1.isStaleMarker }.map { sink.labels($0.0) }
        }
        // The collector `stat` did not run and keeps its series.
        let gone = ["node_load1", "node_load15", "node_load5"]
        #expect(marked(Self.batch(&intake, snapshot)) == gone)
        intake.forgetHandles()
        #expect(marked(Self.batch(&intake, snapshot)) == gone)
        intake.confirm()
        #expect(marked(Self.batch(&intake, snapshot)).isEmpty)
        // Back before the marker was stored: no marker.
        try HostTree.write("", to: folder.path + "/proc/stat")
        _ = Self.batch(&intake, collectors.collect(only: ["stat"]))
        _ = try HostTree.copy(to: folder.path)
        #expect(marked(Self.batch(&intake, collectors.collect(only: ["stat"]))).isEmpty)
    }

    @Test("counts the samples of refused series")
    func refused() throws {
        var intake = HostIntake(Sink(refusing: "node_load1"))
        let snapshot = try HostTree.collectors().collect(only: ["loadavg"])
        let batch = Self.batch(&intake, snapshot)
        #expect(batch.droppedBefore == [DropCount(.seriesLimit, 1)])
        #expect(batch.count == snapshot.count - 1)
    }
}
