// The benchmarks: `bench` runs all, `bench NAME…` those named. Each prints medians and spread.

let benchmarks: [(name: String, run: () throws -> Void)] = [
    ("append", AppendBenchmark.run),
    ("seal", SealBenchmark.run),
    ("read", ReadBenchmark.run),
    ("codec", CodecBenchmark.run),
]

let wanted = Array(CommandLine.arguments.dropFirst())
let unknown = wanted.filter { name in !benchmarks.contains { $0.name == name } }
if unknown.isEmpty {
    for benchmark in benchmarks where wanted.isEmpty || wanted.contains(benchmark.name) {
        try benchmark.run()
    }
} else {
    let names = benchmarks.map(\.name).joined(separator: ", ")
    print("no benchmark \(unknown.joined(separator: ", ")); there are: \(names)")
}
