// Recovery from the buffer: how long a start takes that replays samples, and what it takes of memory
// beside the store that had taken them in.
import Model
import Platform
import Store

enum ReplayBenchmark {
    static func run(_ report: BenchReport) throws {
        let samples = report.number("samples", default: 10_000_000)
        var (took, running, replaying) = (Figures(), Figures(), Figures())
        for _ in 0..<3 {
            let (options, runningBytes) = try write(samples)
            running.add(runningBytes)
            let (seconds, replayingBytes) = try replay(options)
            took.add(seconds)
            replaying.add(replayingBytes)
        }
        report.figure("replay of \(samples) samples", took, "s")
        var rate = Figures()
        rate.add(Double(samples) / took.median)
        report.figure("  a second", rate, "M samples/s", scale: 1e-6)
        report.figure("  peak memory of the store that took them in", running, "MB", scale: 1e-6)
        report.figure(
            "  peak memory of their replay",
            replaying,
            "MB",
            scale: 1e-6,
            goal: .atMost(running.median * 1e-6)
        )
    }

    // The anonymous memory that the store takes while samples come in.
    private static func write(_ samples: Int) throws -> (StoreOptions, Double) {
        Allocator.trim()
        let before = ResourceUsage.now().anonymousBytes
        let store = try BenchStore(targets: 20, seriesCount: 1000)
        var peak: Int64 = 0
        for _ in 0..<10 {
            _ = store.append(rounds: samples / 200_000)
            peak = max(peak, ResourceUsage.now().anonymousBytes)
        }
        return (try store.handOver(), Double(peak - before))
    }

    // How long a start takes with these samples, and the most of anonymous memory meanwhile.
    private static func replay(_ options: StoreOptions) throws -> (Double, Double) {
        Allocator.trim()
        let before = ResourceUsage.now().anonymousBytes
        var options = options
        options.replaysInBackground = true
        var store: BenchStore?
        var peak: Int64 = 0
        let bell = Bell()
        let took = try seconds {
            let opened = try BenchStore(handedOver: options)
            while opened.database.isReplaying {
                peak = max(peak, ResourceUsage.now().anonymousBytes)
                bell.wait(ms: 2)
            }
            store = opened
        }
        peak = max(peak, ResourceUsage.now().anonymousBytes)
        guard store?.database.recovery.replayedSamples ?? 0 > 0 else { throw StoreError.replaying }
        return (took, Double(peak - before))
    }
}
