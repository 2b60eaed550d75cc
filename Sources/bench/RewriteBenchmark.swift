// Bytes written and kept a sample: buffer, segments, everything.
import Model
import Store

enum RewriteBenchmark {
    static func run(_ report: BenchReport) throws {
        let node = try NodeRecording.load(report, points: report.number("points", default: 960))
        let store = try BenchStore(recording: node)
        let times = node.times()
        let scrapesAnHour = 240
        for start in stride(from: 0, to: node.points, by: scrapesAnHour) {
            let end = min(start + scrapesAnHour, node.points)
            store.append(node, times: times, points: start..<end)
            store.database.rotate()
            store.database.sealPending()
        }
        let statistics = store.database.statistics()
        let samples = Double(node.samples)
        let buffer = Double(statistics.bufferBytesWritten) / samples
        let segments = Double(statistics.segmentBytesWritten) / samples
        report.remark(node.text)
        report.figure("buffer written", buffer, "bytes/sample", goal: .atMost(1.5))
        report.figure("segments written", segments, "bytes/sample")
        report.figure("everything written", buffer + segments, "bytes/sample", goal: .atMost(3.5))
        report.figure("segments kept", Double(statistics.segmentBytes) / samples, "bytes/sample")
    }
}
