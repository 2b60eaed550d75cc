// Recovery from buffer files: how long a start takes that replays samples.
import Model
import Store

enum ReplayBenchmark {
    static func run(_ report: BenchReport) throws {
        var took = Figures()
        let samples = report.number("samples", default: 2_000_000)
        for _ in 0..<3 {
            var store = try BenchStore(targets: 20, seriesCount: 1000)
            _ = store.append(rounds: samples / 20_000)
            took.add(try seconds { store = try store.reopened() })
        }
        report.figure("replay of \(samples) samples", took, "s")
        var rate = Figures()
        rate.add(Double(samples) / took.median)
        report.figure("  a second", rate, "M samples/s", scale: 1e-6)
    }
}
