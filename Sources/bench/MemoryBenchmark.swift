// What the head costs in memory: bytes a point in active chunks, bytes a series for all the rest.
import Model
import Platform
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
        try measureSeries(report)
    }

    // As the system counts it: anonymous memory before and after, but for the chunks' own blocks.
    private static func measureSeries(_ report: BenchReport) throws {
        let (targets, width, points) = (200, 1000, 60)
        let store = try BenchStore(targets: 0, seriesCount: 0)
        let before = ResourceUsage.now().anonymousBytes
        var batches = try (0..<targets).map { target in
            let stream = store.database.openStream(.scrape(job: "kubernetes-pods"))
            var batch = SampleBatch(stream: stream, time: Timestamp(ms: 0))
            batch.series = try store.database.handles(for: series(target, width))
                .map { try $0.get() }
            batch.values = [Double](repeating: 0, count: width)
            return batch
        }
        for point in 0..<points {
            for target in batches.indices {
                batches[target].time = Timestamp(ms: 1_700_000_000_000 + Int64(point) * 15_000)
                for index in 0..<width where index % 3 == 0 {
                    batches[target].values[index] += Double(index % 7)
                }
                _ = store.database.append(batches[target])
            }
        }
        let after = ResourceUsage.now().anonymousBytes
        let statistics = store.database.statistics()
        let count = Double(targets * width)
        let chunks = Double(statistics.headChunkBytes)
        report.figure(
            "all but chunks, 200,000 series with 5 labels",
            (Double(after - before) - chunks) / count,
            "bytes/series",
            goal: .atMost(450)
        )
        report.figure("  chunks, 60 points each", chunks / count, "bytes/series")
        report.figure("  series", Double(statistics.headSeriesBytes) / count, "bytes/series")
        report.figure("  index", Double(statistics.headIndexBytes) / count, "bytes/series")
        report.figure("  labels", Double(statistics.headLabelBytes) / count, "bytes/series")
    }

    private static func series(_ target: Int, _ width: Int) -> [Labels] {
        (0..<width).map { number in
            Labels([
                Label("__name__", "http_request_duration_seconds_\(number % 50)_total"),
                Label("instance", "10.0.\(target / 250).\(target % 250):9100"),
                Label("job", "kubernetes-pods"),
                Label("namespace", "production-\(target % 7)"),
                Label("path", "/api/v2/resource-\(target)/items-\(number)"),
            ])
        }
    }
}
