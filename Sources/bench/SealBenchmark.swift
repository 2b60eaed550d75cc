// Sealing an epoch of 20,000 series with 120 points each into a segment.
import Store

enum SealBenchmark {
    static func run(_ report: BenchReport) throws {
        var chunks = Figures()
        var size = Figures()
        for _ in 0..<3 {
            let store = try BenchStore(targets: 20, seriesCount: 1000)
            _ = store.append(rounds: 120)
            store.database.rotate()
            let took = seconds { store.database.sealPending() }
            chunks.add(20_000 / took)
            let bytes = store.database.statistics().segmentBytesWritten
            size.add(Double(bytes) / Double(20_000 * 120))
        }
        report.figure("seal, chunks of 120 points, fsync included", chunks, "chunks/s")
        report.figure("  segment, everything", size, "bytes/sample")
    }
}
