// What the head costs in memory: bytes a point in active chunks, label bytes a series.
import Model
import Store

enum MemoryBenchmark {
    static func run(_ report: BenchReport) throws {
        let node = try NodeRecording.load(report, points: 120)
        let store = try BenchStore(recording: node)
        store.append(node, times: node.times())
        let statistics = store.database.statistics()
        report.figure(
            "active chunks, \(node.text)",
            Double(statistics.headChunkBytes) / Double(node.samples),
            "bytes/point",
            goal: .atMost(3)
        )
        report.figure(
            "labels",
            Double(statistics.headLabelBytes) / Double(statistics.headSeries),
            "bytes/series"
        )
    }
}
