// Batches of 1,000 series, round robin over 20 and 100 targets, into head and file buffer.
import Model
import Platform
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
        for keepsBuffer in [true, false] {
            for threads in [1, 4, 16] { try many(report, threads, keepsBuffer) }
        }
        if report.option("node") != nil {
            for keepsBuffer in [true, false] { try recorded(report, keepsBuffer) }
        }
        let store = try BenchStore(targets: 20, seriesCount: 1000)
        _ = store.append(rounds: 1)
        let statistics = store.database.statistics()
        var labels = Figures()
        labels.add(Double(statistics.headLabelBytes) / Double(statistics.headSeries))
        report.figure("head, label bytes", labels, "bytes/series")
    }

    // The values of a recording, over and over, in 100,000 series: 120 scrapes 15 seconds apart.
    private static func recorded(_ report: BenchReport, _ keepsBuffer: Bool) throws {
        let node = try NodeRecording.load(report, points: 124)
        var rate = Figures()
        for _ in 0..<3 {
            let store = try BenchStore(targets: 100, seriesCount: 1000, keepsBuffer: keepsBuffer)
            var took = 0.0
            for round in 0..<124 {
                let batches = store.batches(of: node, point: round % node.points)
                let database = store.database
                let now = seconds { for batch in batches { _ = database.append(batch) } }
                // Series, layouts and first blocks are not in the figure.
                if round >= 4 { took += now }
            }
            rate.add(120 * 100_000 / took)
        }
        let place = keepsBuffer ? "file buffer" : "no buffer"
        report.figure(
            "append, 100 × 1,000 series, \(place), \(node.text)",
            rate,
            "M samples/s",
            scale: 1e-6
        )
    }

    // 100,000 series, more than any cache holds: each thread sends the rounds of its own targets.
    private static func many(
        _ report: BenchReport,
        _ threads: Int,
        _ keepsBuffer: Bool
    ) throws {
        var rate = Figures()
        for _ in 0..<3 {
            let store = try BenchStore(targets: 100, seriesCount: 1000, keepsBuffer: keepsBuffer)
            _ = store.append(rounds: 4)
            let rounds = (0..<26).map { _ in store.batches() }
            let shares = (0..<threads).map { number in
                rounds.flatMap { batches in
                    stride(from: number, to: batches.count, by: threads).map { batches[$0] }
                }
            }
            let database = store.database
            var running: [NamedThread] = []
            let took = try seconds {
                for number in 0..<threads {
                    let own = shares[number]
                    running.append(
                        try NamedThread(name: "writer-\(number)") {
                            for batch in own { _ = database.append(batch) }
                        }
                    )
                }
                for thread in running { thread.join() }
            }
            rate.add(Double(rounds.count * 100_000) / took)
        }
        let place = keepsBuffer ? "file buffer" : "no buffer"
        report.figure(
            "append, 100 × 1,000 series, \(place), \(threads) threads",
            rate,
            "M samples/s",
            scale: 1e-6
        )
    }
}
