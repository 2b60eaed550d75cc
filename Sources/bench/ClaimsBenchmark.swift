// The claims of the original Rust project, each measured here in the way that it names.
import Codec
import Model
import Platform
import Store

enum ClaimsBenchmark {
    static func run(_ report: BenchReport) throws {
        try singlePoint(report)
        try batched(report)
        try concurrent(report)
        try read(report)
        try codec(report)
        try ratios(report)
    }

    // MARK: Writes

    // One sample a call, over 1,000 series, in a batch that is used again. With a disk each call is a
    // write(2); the original keeps its points in memory, so that is measured too: a store without a buffer.
    private static func singlePoint(_ report: BenchReport) throws {
        for isKept in [true, false] {
            var rate = Figures()
            let calls = 200_000
            var latencies = Latencies(capacity: calls * 3)
            for _ in 0..<3 {
                let store = try BenchStore(
                    targets: 1,
                    seriesCount: 1000,
                    sync: .interval(ms: 1000),
                    keepsBuffer: isKept
                )
                _ = store.append(rounds: 2)
                var batch = store.single()
                let clock = SystemClock()
                let begin = clock.nowNs()
                var last = begin
                for number in 0..<calls {
                    store.setSingle(number, &batch)
                    _ = store.database.append(batch)
                    let now = clock.nowNs()
                    latencies.add(now - last)
                    last = now
                }
                rate.add(Double(calls) / (Double(last - begin) / 1e9))
            }
            let place = isKept ? "with the file buffer" : "in memory"
            report.figure("single-point write, \(place)", rate, "M/s", scale: 1e-6)
            report.latency("  a call", &latencies)
            if isKept { continue }
            report.claim("single-point write", claimed: 3.1, ours: rate.median * 1e-6, "M/s")
            report.claim(
                "  p99",
                claimed: 10,
                ours: latencies.microseconds(0.99),
                "µs",
                isLowerBetter: true
            )
        }
    }

    private static func batched(_ report: BenchReport) throws {
        let size = 100
        var rate = Figures()
        var latencies = Latencies(capacity: 60_000)
        for _ in 0..<3 {
            let store = try BenchStore(targets: 20, seriesCount: size, sync: .interval(ms: 1000))
            _ = store.append(rounds: 2)
            let batches = (0..<500).flatMap { _ in store.batches() }
            let took = measure(batches, store.database, &latencies)
            rate.add(Double(batches.count * size) / took)
        }
        report.figure("batches of \(size), file buffer", rate, "M samples/s", scale: 1e-6)
        report.latency("  a batch", &latencies)
        report.claim("batched write", claimed: 1.67, ours: rate.median * 1e-6, "M/s")
        report.claim(
            "  p99",
            claimed: 100,
            ours: latencies.microseconds(0.99),
            "µs",
            isLowerBetter: true
        )
    }

    // Seconds that the appends alone took.
    private static func measure(
        _ batches: [SampleBatch],
        _ database: Database,
        _ latencies: inout Latencies
    ) -> Double {
        let clock = SystemClock()
        let begin = clock.nowNs()
        var last = begin
        for batch in batches {
            _ = database.append(batch)
            let now = clock.nowNs()
            latencies.add(now - last)
            last = now
        }
        return Double(last - begin) / 1e9
    }

    private static func concurrent(_ report: BenchReport) throws {
        let threads = 16
        var rate = Figures()
        for _ in 0..<3 {
            let store = try BenchStore(
                targets: threads,
                seriesCount: 100,
                sync: .interval(ms: 1000)
            )
            _ = store.append(rounds: 2)
            let rounds = (0..<200).map { _ in store.batches() }
            let database = store.database
            var running: [NamedThread] = []
            let begin = SystemClock().nowNs()
            for number in 0..<threads {
                let own = rounds.map { $0[number] }
                running.append(
                    try NamedThread(name: "writer-\(number)") {
                        for batch in own { _ = database.append(batch) }
                    }
                )
            }
            for thread in running { thread.join() }
            let took = Double(SystemClock().nowNs() - begin) / 1e9
            rate.add(Double(threads * rounds.count * 100) / took)
        }
        report.figure("16 threads, batches of 100, file buffer", rate, "M samples/s", scale: 1e-6)
        report.claim(
            "concurrent writes, 16 threads",
            claimed: 3.09,
            ours: rate.median * 1e-6,
            "M/s"
        )
    }

    // MARK: Seal and read

    private static func read(_ report: BenchReport) throws {
        let store = try BenchStore(targets: 20, seriesCount: 1000)
        _ = store.append(rounds: 120)
        let used = Double(store.database.statistics().headChunkBytes) / Double(20_000 * 120)
        report.figure("active chunks at 120 points", used, "bytes/point")
        report.claim("active chunks", claimed: 22, ours: used, "bytes/point", isLowerBetter: true)
        store.database.rotate()
        let seals = 20_000 / seconds { store.database.sealPending() }
        report.figure("chunks sealed, fsync included", seals, "chunks/s")
        report.claim("seals", claimed: 3712, ours: seals, "/s")
        var rate = Figures()
        var latencies = Latencies(capacity: 2000)
        let clock = SystemClock()
        for _ in 0..<5 {
            let selection = try store.database.select([], in: .all)
            var points = 0
            let took = seconds {
                var columns = SampleColumns()
                for index in 0..<selection.count {
                    columns.removeAll()
                    selection.read(at: index, in: .all, into: &columns)
                    points += columns.count
                }
            }
            rate.add(Double(points) / took)
            for number in 0..<400 {
                let part = LabelMatcher("part", equals: "part-\(number)")
                let target = LabelMatcher("instance", equals: "10.0.0.7:9100")
                var columns = SampleColumns()
                let begin = clock.nowNs()
                let one = try store.database.select([target, part], in: .all)
                one.read(at: 0, in: .all, into: &columns)
                latencies.add(clock.nowNs() - begin)
            }
        }
        report.figure("sealed chunks read, mmap", rate, "M samples/s", scale: 1e-6)
        report.latency("  one series found and read", &latencies)
        report.claim("mmap read", claimed: 14.5, ours: rate.median * 1e-6, "M/s")
        report.claim(
            "  p99",
            claimed: 1000,
            ours: latencies.microseconds(0.99),
            "µs",
            isLowerBetter: true
        )
    }

    // MARK: Compression

    // Against 16 bytes a point: an Int64 time and a Double.
    private static let rawBytes = 16.0
    private static let exactTimes = (0..<10_000).map { 1_700_000_000_000 + Int64($0) * 1000 }

    // The original's own data: a gauge that grows by a half.
    private static let regular = (0..<10_000).map { 100 + Double($0) * 0.5 }

    private static func codec(_ report: BenchReport) throws {
        var encode = Figures()
        var decode = Figures()
        let times = exactTimes
        let values = regular
        let points = 200 * Double(times.count)
        for _ in 0..<5 {
            var payload: [UInt8] = []
            encode.add(
                points
                    / seconds {
                        for _ in 0..<200 {
                            payload = GorillaPayload.encode(times: times.span, values: values.span)
                        }
                    }
            )
            var back = SampleColumns()
            decode.add(
                points
                    / (try seconds {
                        for _ in 0..<200 {
                            back.removeAll()
                            try GorillaDecoder.decode(
                                payload.span,
                                count: times.count,
                                times: &back.times,
                                values: &back.values
                            )
                        }
                    })
            )
        }
        report.figure("compression, gorilla", encode, "M points/s", scale: 1e-6)
        report.figure("decompression, gorilla", decode, "M points/s", scale: 1e-6)
        report.claim("compression", claimed: 27, ours: encode.median * 1e-6, "M/s")
        report.claim("decompression", claimed: 14.5, ours: decode.median * 1e-6, "M/s")
    }

    private struct Shape {
        let name: String
        let claimed: Double
        let times: [Int64]
        let values: [Double]
    }

    private static func ratios(_ report: BenchReport) throws {
        var random = BenchRandom(seed: 11)
        let count = exactTimes.count
        var moved: Int64 = 1_700_000_000_000
        let uneven = (0..<count).map { _ in
            moved += Int64.random(in: 900...1100, using: &random)
            return moved
        }
        var counter = 0.0
        let metrics = (0..<count).map { _ in
            counter += Double(Int.random(in: 0..<10, using: &random))
            return counter
        }
        var step = 0
        let levels = (0..<count).map { _ in
            if Int.random(in: 0..<4, using: &random) == 0 { step += 1 }
            return Double(step)
        }
        let noise = (0..<count).map { _ in Double.random(in: 0..<1, using: &random) }
        let shapes = [
            Shape(name: "regular", claimed: 12, times: exactTimes, values: regular),
            Shape(name: "metrics", claimed: 10, times: exactTimes, values: metrics),
            Shape(name: "variable intervals", claimed: 8, times: uneven, values: levels),
            Shape(name: "random", claimed: 2, times: exactTimes, values: noise),
        ]
        for shape in shapes {
            let raw = rawBytes * Double(count)
            let gorilla = GorillaPayload.encode(times: shape.times.span, values: shape.values.span)
            var sealed: [UInt8] = []
            StoreEngines().sealed.encode(shape.times.span, shape.values.span, to: &sealed)
            report.figure("ratio, \(shape.name), gorilla", raw / Double(gorilla.count), ": 1")
            let ratio = raw / Double(sealed.count)
            report.figure("ratio, \(shape.name), as sealed", ratio, ": 1")
            report.claim("ratio, \(shape.name)", claimed: shape.claimed, ours: ratio, ": 1")
        }
    }
}
