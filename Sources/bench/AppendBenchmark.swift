// Batches of 1,000 series, round robin over 20 targets, into head and file buffer.
import Store

enum AppendBenchmark {
    static func run(_ report: BenchReport) throws {
        for (name, sync) in [("never", BufferSync.never), ("interval", .interval(ms: 1000))] {
            var rate = Figures()
            var head = Figures()
            var buffer = Figures()
            for _ in 0..<5 {
                let store = try BenchStore(targets: 20, seriesCount: 1000, sync: sync)
                // Series, layouts and first blocks are not in the figure.
                _ = store.append(rounds: 4)
                let before = store.database.statistics()
                let rounds = 116
                let samples = Double(rounds * 20_000)
                rate.add(samples / store.append(rounds: rounds))
                let after = store.database.statistics()
                let total = Double(after.ledger.stored)
                head.add(Double(after.headChunkBytes) / total)
                buffer.add(Double(after.bufferBytesWritten - before.bufferBytesWritten) / samples)
            }
            report.figure(
                "append, 20 × 1,000 series, sync \(name)",
                rate,
                "M samples/s",
                scale: 1e-6
            )
            report.figure("  head, chunk blocks at 120 points", head, "bytes/sample")
            report.figure("  buffer", buffer, "bytes/sample")
        }
        let store = try BenchStore(targets: 20, seriesCount: 1000)
        _ = store.append(rounds: 1)
        let statistics = store.database.statistics()
        var labels = Figures()
        labels.add(Double(statistics.headLabelBytes) / Double(statistics.headSeries))
        report.figure("head, label bytes", labels, "bytes/series")
    }
}
