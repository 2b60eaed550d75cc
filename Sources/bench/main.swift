// The benchmarks: `bench` runs all, `bench NAME…` those named, `bench NAME key=value…` with options.
// Each prints medians and spread, and holds its figures against the goals of the project.
import Glibc

/// One benchmark of the list.
struct Benchmark: Sendable {
    let name: String
    /// What it measures, and the options it takes.
    let summary: String
    let run: @Sendable (BenchReport) throws -> Void
}

/// Every benchmark; a new one is added here.
enum Registry {
    static let benchmarks: [Benchmark] = [
        Benchmark(
            name: "codec",
            summary: "payload bytes and speed of the codecs",
            run: CodecBenchmark.run
        ),

        Benchmark(
            name: "append",
            summary: "samples a second through the batch API",
            run: AppendBenchmark.run
        ),

        Benchmark(
            name: "memory",
            summary: "bytes a point in active chunks, bytes a series in the head",
            run: MemoryBenchmark.run
        ),

        Benchmark(
            name: "replay",
            summary: "recovery from buffer files",
            run: ReplayBenchmark.run
        ),

        Benchmark(
            name: "seal",
            summary: "chunks a second into a segment",
            run: SealBenchmark.run
        ),

        Benchmark(
            name: "read",
            summary: "select, read and open",
            run: ReadBenchmark.run
        ),

        Benchmark(
            name: "cold",
            summary: "queries of a segment that is not in memory",
            run: ColdBenchmark.run
        ),

        Benchmark(
            name: "bytes",
            summary: "bytes written and kept a sample",
            run: RewriteBenchmark.run
        ),

        Benchmark(
            name: "relabel",
            summary: "rules a second of each kind",
            run: RelabelBenchmark.run
        ),

        Benchmark(
            name: "remote",
            summary: "remote write 1.0 and 2.0: samples a second, bytes a sample",
            run: RemoteWriteBenchmark.run
        ),

        Benchmark(
            name: "claims",
            summary: "each claim of the original Rust project beside ours",
            run: ClaimsBenchmark.run
        ),
    ]

    static let usage = """
        bench [NAME…] [key=value…]
        \(benchmarks.map { "  \(Figures.pad($0.name, 8)) \($0.summary)" }.joined(separator: "\n"))
        node=FILE   a recording of node_exporter instead of generated series: u32 series, u32 points,
                    then each series' values as f64; FILE's ending .bin becomes .names for their names
        strict=yes  exit 1 when a goal is missed

        """
}

/// Runs what the arguments ask for; gives back the exit code.
func runBenchmarks(_ arguments: [String]) -> Int32 {
    var names: [String] = []
    var options: [String: String] = [:]
    for argument in arguments {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 {
            options[String(parts[0])] = String(parts[1])
        } else {
            names.append(argument)
        }
    }
    if names.contains("--help") || names.contains("help") {
        print(Registry.usage, terminator: "")
        return 0
    }
    let unknown = names.filter { name in !Registry.benchmarks.contains { $0.name == name } }
    guard unknown.isEmpty else {
        print("no benchmark \(unknown.joined(separator: ", "))\n\(Registry.usage)", terminator: "")
        return 2
    }
    let report = BenchReport(options: options)
    for benchmark in Registry.benchmarks where names.isEmpty || names.contains(benchmark.name) {
        report.heading("\(benchmark.name): \(benchmark.summary)")
        do {
            try benchmark.run(report)
        } catch {
            print("  \(benchmark.name) cannot go on: \(error)")
            return 1
        }
    }
    report.finish()
    return options["strict"] == "yes" && report.missed > 0 ? 1 : 0
}

exit(runBenchmarks(Array(CommandLine.arguments.dropFirst())))
