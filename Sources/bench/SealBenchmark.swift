// Sealing an epoch of 20,000 series with 120 points each into a segment.
import Store

enum SealBenchmark {
    static func run(_ report: BenchReport) throws {
        var chunks = Figures()
        var withSync = Figures()
        var size = Figures()
        for _ in 0..<report.number("runs", default: 5) {
            let disk = SyncTimer()
            let store = try BenchStore(targets: 20, seriesCount: 1000, fileSystem: disk)
            _ = store.append(rounds: 120)
            store.database.rotate()
            let synced = disk.seconds
            let took = seconds { store.database.sealPending() }
            withSync.add(20_000 / took)
            chunks.add(20_000 / (took - (disk.seconds - synced)))
            let bytes = store.database.statistics().segmentBytesWritten
            size.add(Double(bytes) / Double(20_000 * 120))
        }
        report.figure(
            "seal, chunks of 120 points, without fsync",
            chunks,
            "chunks/s",
            goal: .atLeast(300_000)
        )
        report.figure("  fsync included", withSync, "chunks/s")
        report.figure("  segment, everything", size, "bytes/sample")
    }
}
