// Bytes written and kept a sample: buffer, segments, merges, everything.
import Model
import Platform
import Store

enum RewriteBenchmark {
    // An hour of scrapes.
    private static let hour = 240
    // Midnight, so that a day of scrapes is a day.
    private static let startMs: Int64 = 1_764_028_800_000

    static func run(_ report: BenchReport) throws {
        let node = try NodeRecording.load(report, points: report.number("points", default: 5760))
        report.remark(node.text)
        let isGorilla = report.option("sealed") == "gorilla"
        if isGorilla { report.remark("sealed as Gorilla, merged as columns") }
        let sealed: any Compressor = isGorilla ? GorillaCompressor() : ColumnarCompressor()
        let store = try BenchStore(recording: node, engines: StoreEngines(sealed: sealed))
        let times = node.times(from: startMs)
        var sealing = 0.0
        for start in stride(from: 0, to: node.points, by: hour) {
            let end = min(start + hour, node.points)
            store.append(node, times: times, points: start..<end)
            let before = cpuSeconds()
            seal(store)
            sealing += cpuSeconds() - before
        }
        report.figure("sealing, CPU", sealing / Double(node.samples) * 1e9, "ns/sample")
        try figures(report, store, samples: node.samples, everything: 3.5, buffer: 1.5, cold: 0.48)

        let load = try BenchStore(targets: 20, seriesCount: 1000)
        let rounds = report.number("rounds", default: 3 * hour)
        for _ in 0..<max(1, rounds / hour) {
            _ = load.append(rounds: hour)
            seal(load)
        }
        report.remark("generated, 20 targets × 1,000 series × \(rounds / hour * hour)")
        let samples = rounds / hour * hour * 20_000
        try figures(report, load, samples: samples, everything: 7, buffer: 2.2, cold: nil)
    }

    private static func cpuSeconds() -> Double {
        let usage = ResourceUsage.now()
        return usage.userSeconds + usage.systemSeconds
    }

    private static func seal(_ store: BenchStore) {
        store.database.rotate()
        store.database.sealPending()
    }

    private static func figures(
        _ report: BenchReport,
        _ store: BenchStore,
        samples: Int,
        everything: Double,
        buffer: Double,
        cold: Double?
    ) throws {
        let count = Double(samples)
        let hot = store.database.statistics()
        let before = cpuSeconds()
        let took = seconds { store.database.rewrite() }
        let merging = cpuSeconds() - before
        let after = store.database.statistics()
        let written = Double(after.bufferBytesWritten) / count
        let sealed = Double(after.segmentBytesWritten) / count
        let merged = Double(after.rewrite.writtenBytes) / count
        report.figure("buffer written", written, "bytes/sample", goal: .atMost(buffer))
        report.figure("segments written", sealed, "bytes/sample")
        report.figure("merges written", merged, "bytes/sample")
        report.figure(
            "everything written",
            written + sealed + merged,
            "bytes/sample",
            goal: .atMost(everything)
        )
        report.figure(
            "segments and merges written for each byte kept",
            (sealed + merged) / (Double(after.segmentBytes) / count),
            "bytes/byte",
            goal: .atMost(3)
        )
        report.figure("segments before the merge", Double(hot.segmentBytes) / count, "bytes/sample")
        let kept = Double(after.segmentBytes) / count
        if let cold {
            report.figure("segments kept", kept, "bytes/sample", goal: .atMost(cold))
        } else {
            report.figure("segments kept", kept, "bytes/sample")
        }
        report.figure(
            "samples a chunk of merged segments",
            count / Double(max(1, after.chunkCount)),
            "samples"
        )
        report.figure("merging, CPU", merging / count * 1e9, "ns/sample")
        report.figure("merged, files synced", count / took / 1e6, "M samples/s")
    }
}
