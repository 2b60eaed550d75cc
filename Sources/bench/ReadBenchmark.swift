// Select and read: one target's series, and one series, out of head and segment; sealed chunks through
// the mapping into a sum; one hour of one series among 100,000; what the index of a segment takes.
import Model
import Platform
import Store

enum ReadBenchmark {
    static func run(_ report: BenchReport) throws {
        let store = try BenchStore(targets: 20, seriesCount: 1000)
        _ = store.append(rounds: 240)
        try measure(report, store.database, "head")
        store.database.rotate()
        store.database.sealPending()
        try measure(report, store.database, "segment")
        try chunks(report)
        try single(report)
        try opening(report)
    }

    private static func measure(
        _ report: BenchReport,
        _ database: Database,
        _ place: String
    ) throws {
        let target = LabelMatcher("instance", equals: "10.0.0.7:9100")
        let part = LabelMatcher("part", equals: "part-500")
        var select = Figures()
        var read = Figures()
        var single = Figures()
        for _ in 0..<9 {
            var found: Selection?
            select.add(try seconds { found = try database.select([target], in: .all) })
            guard let selection = found else { continue }
            var points = 0
            let took = seconds {
                var columns = SampleColumns()
                for index in 0..<selection.count {
                    columns.removeAll()
                    selection.read(at: index, in: .all, into: &columns)
                    points += columns.count
                }
            }
            read.add(Double(points) / took)
            single.add(
                try seconds {
                    let one = try database.select([target, part], in: .all)
                    var columns = SampleColumns()
                    one.read(at: 0, in: .all, into: &columns)
                }
            )
        }
        report.figure("select 1,000 of 20,000 series, \(place)", select, "ms", scale: 1000)
        report.figure("  read them, 240 points each", read, "M samples/s", scale: 1e-6)
        report.figure("  select and read one series", single, "µs", scale: 1e6)
    }

    // Checksums verified each time, columns reused.
    private static func chunks(_ report: BenchReport) throws {
        let path = "/tmp/tsdb-agent-bench-\(SystemClock().nowNs()).gor"
        let codings: [(name: String, compressor: any Compressor)] = [
            ("gorilla", GorillaCompressor()), ("columnar", ColumnarCompressor()),
        ]
        for points in [120, 240, 480, 5760] {
            let recording = try NodeRecording.load(report, points: points)
            report.heading("sealed chunks of \(points), mapped, into a sum: \(recording.text)")
            for (name, compressor) in codings {
                let files = PosixFileSystem()
                let bytes = try write(recording, compressor, path, files)
                defer { removeQuietly(path, files) }
                let segment = try SegmentReader(files, path: path)
                var rate = Figures()
                var payload = 0
                for series in 0..<segment.seriesCount {
                    try segment.forEachChunk(of: series) { payload += $0.byteCount }
                }
                for _ in 0..<7 { rate.add(try sum(segment, recording.samples)) }
                report.figure(
                    "\(name), chunks of \(points)",
                    rate,
                    "M samples/s",
                    scale: 1e-6,
                    goal: .atLeast(400)
                )
                report.figure(
                    "  everything but chunks",
                    Double(bytes - payload) / Double(segment.seriesCount),
                    "bytes a series",
                    goal: .atMost(43)
                )
                report.figure(
                    "  all in",
                    Double(bytes) / Double(recording.samples),
                    "bytes/sample"
                )
            }
        }
    }

    private static func write(
        _ recording: NodeRecording,
        _ compressor: any Compressor,
        _ path: String,
        _ files: PosixFileSystem
    ) throws -> Int {
        var writer = try SegmentWriter(
            files,
            path: path,
            storeID: StoreID(bytes: Array(1...16)),
            range: SequenceRange(after: .zero, through: SequenceNumber(raw: 1))
        )
        let times = recording.times()
        let order = recording.series.indices
            .map { (id: SeriesIdentity.id(of: recording.series[$0]), place: $0) }
            .sorted { $0.id < $1.id }
        for (id, place) in order {
            writer.startSeries(id, recording.series[place])
            let values = recording.columns[place]
            try writer.add(
                times.span,
                values.span,
                flags: [],
                with: compressor
            )
        }
        return try writer.finish(ledger: [], replaced: []).byteCount
    }

    // Samples a second, over at least ten million.
    private static func sum(_ segment: SegmentReader, _ samples: Int) throws -> Double {
        var columns = SampleColumns()
        var total = 0.0
        let passes = max(1, 10_000_000 / max(1, samples))
        let took = try seconds {
            for _ in 0..<passes {
                for series in 0..<segment.seriesCount {
                    var failure: SegmentError?
                    try segment.forEachChunk(of: series) { chunk in
                        columns.removeAll()
                        do throws(SegmentError) {
                            try segment.decode(chunk, into: &columns)
                        } catch { failure = error }
                        total += sum(columns.values.span)
                    }
                    if let failure { throw failure }
                }
            }
        }
        if total == 0.123 { report(total) }
        return Double(passes * samples) / took
    }

    // Four sums at a time: one alone waits for each addition.
    private static func sum(_ values: Span<Double>) -> Double {
        var sums = (0.0, 0.0, 0.0, 0.0)
        var index = 0
        while index &+ 4 <= values.count {
            sums.0 += values[index]
            sums.1 += values[index &+ 1]
            sums.2 += values[index &+ 2]
            sums.3 += values[index &+ 3]
            index &+= 4
        }
        while index < values.count {
            sums.0 += values[index]
            index &+= 1
        }
        return sums.0 + sums.1 + sums.2 + sums.3
    }

    // The sum is used, so that it is computed.
    private static func report(_ total: Double) {
        print("sum \(total)")
    }

    private static func removeQuietly(_ path: String, _ files: PosixFileSystem) {
        do throws(Errno) { try files.removeIfPresent(path) } catch {
            print("cannot remove \(path): \(error)")
        }
    }

    // 240 points a series are one hour at 15 s.
    private static func single(_ report: BenchReport) throws {
        report.heading("one hour of one series among 100,000, in a segment")
        let store = try BenchStore(targets: 100, seriesCount: 1000)
        _ = store.append(rounds: 240)
        store.database.rotate()
        store.database.sealPending()
        var random = BenchRandom(seed: 3)
        var latencies = Latencies(capacity: 5000)
        var columns = SampleColumns()
        let clock = SystemClock()
        for _ in 0..<5000 {
            let target = Int.random(in: 0..<100, using: &random)
            let part = Int.random(in: 0..<1000, using: &random)
            let matchers = [
                LabelMatcher("instance", equals: "10.0.0.\(target):9100"),
                LabelMatcher("part", equals: "part-\(part)"),
            ]
            let start = clock.nowNs()
            let selection = try store.database.select(matchers, in: .all)
            columns.removeAll()
            if selection.count == 1 { selection.read(at: 0, in: .all, into: &columns) }
            latencies.add(clock.nowNs() - start)
        }
        report.latency("select and read one series", &latencies)
        report.figure(
            "p99 of select and read",
            latencies.microseconds(0.99) / 1000,
            "ms",
            goal: .atMost(1)
        )
    }

    // As maintenance leaves 30 days: a segment for each of 28, one for each hour of the last two. The
    // index has the size of the real one; payloads are short, and opening does not read them.
    private static func opening(_ report: BenchReport) throws {
        report.heading("open 30 days of 10,000 series: 28 daily and 48 hourly segments")
        var store = try BenchStore(targets: 10, seriesCount: 1000)
        for segment in 0..<76 {
            _ = store.append(rounds: 2, step: segment < 28 ? 43_200_000 : 1_800_000)
            store.database.rotate()
            store.database.sealPending()
        }
        var took = Figures()
        var first = Figures()
        for _ in 0..<5 {
            took.add(try seconds { store = try store.reopened() })
            var found = 0
            first.add(
                try seconds {
                    found = try store.database.select(
                        [LabelMatcher("instance", equals: "10.0.0.7:9100")],
                        in: .all
                    ).count
                }
            )
            guard found == 1000 else { throw Wrong.selection(found) }
        }
        report.figure("close and open", took, "s", goal: .atMost(1))
        report.figure("  first select of 1,000 series", first, "ms", scale: 1000)
    }

    private enum Wrong: Error { case selection(Int) }
}
