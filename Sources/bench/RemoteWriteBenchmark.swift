// Remote write: samples a second into requests and out of them, and bytes a sample, 1.0 beside 2.0.
import Codec
import Formats
import Model

enum RemoteWriteBenchmark {
    private static let requestSamples = 2000

    static func run(_ report: BenchReport) throws {
        let node = try NodeRecording.load(report, points: 60)
        report.heading("remote write, one core, \(requestSamples) samples a request; \(node.text)")
        try version1(node, report)
        try version2(node, report)
    }

    // Every series once at each instant, as they are shipped.
    private static func samples(
        _ node: NodeRecording
    ) -> [(series: Int, time: Int64, value: Double)] {
        let times = node.times()
        return (0..<node.columns[0].count).flatMap { point in
            node.columns.indices.map { ($0, times[point], node.columns[$0][point]) }
        }
    }

    private static func version1(_ node: NodeRecording, _ report: BenchReport) throws {
        let labels = node.series.map { RemoteWriteV1.encodedLabels($0) }
        try measure("1.0", node, report) { part, message in
            for sample in part {
                RemoteWriteV1.appendSeries(
                    encodedLabels: labels[sample.series],
                    timeMs: sample.time,
                    value: sample.value,
                    to: &message
                )
            }
        } read: { message in
            var reader = RemoteWriteV1Reader(count: message.count)
            var count = 0
            while try reader.next(message.span) != nil {
                count += try reader.labels(message.span).isEmpty ? 0 : reader.samples.count
            }
            return count
        }
    }

    private static func version2(_ node: NodeRecording, _ report: BenchReport) throws {
        var writer = RemoteWriteV2Writer()
        let help = writer.pool.number("What the kernel counts, as /proc tells it.".utf8.span)
        let metadata = RemoteWriteV2Writer.Metadata(kind: .gauge, help: help)
        let numbers = node.series.map { labels in
            labels.array.flatMap {
                [writer.pool.number($0.name.utf8.span), writer.pool.number($0.value.utf8.span)]
            }
        }
        try measure("2.0", node, report) { part, message in
            writer.begin()
            for sample in part {
                writer.appendSeries(
                    numbers[sample.series][...],
                    metadata,
                    timeMs: sample.time,
                    value: sample.value
                )
            }
            writer.write(to: &message)
        } read: { message in
            var reader = try RemoteWriteV2Reader(message.span)
            var count = 0
            while try reader.next(message.span) {
                count += try reader.labels(message.span).isEmpty ? 0 : reader.samples.count
            }
            return count
        }
    }

    private static func measure(
        _ version: String,
        _ node: NodeRecording,
        _ report: BenchReport,
        encode: (ArraySlice<(series: Int, time: Int64, value: Double)>, inout [UInt8]) -> Void,
        read: ([UInt8]) throws -> Int
    ) throws {
        let all = samples(node)
        let parts = stride(from: 0, to: all.count, by: requestSamples).map {
            all[$0..<min(all.count, $0 + requestSamples)]
        }
        var (encoding, compressing, reading) = (Figures(), Figures(), Figures())
        var messages = [[UInt8]](repeating: [], count: parts.count)
        var bytes = 0
        for _ in 0..<7 {
            let encodeSeconds = seconds {
                for index in parts.indices {
                    messages[index].removeAll(keepingCapacity: true)
                    encode(parts[index], &messages[index])
                }
            }
            encoding.add(Double(all.count) / encodeSeconds)
            bytes = 0
            let compressSeconds = seconds {
                for message in messages { bytes += SnappyBlock.compress(message.span).count }
            }
            compressing.add(Double(all.count) / (encodeSeconds + compressSeconds))
            var count = 0
            let readSeconds = try seconds { for message in messages { count += try read(message) } }
            guard count == all.count else {
                throw NodeRecordingError(description: "\(count) of \(all.count) samples were read")
            }
            reading.add(Double(all.count) / readSeconds)
        }
        report.figure("\(version) encode", encoding, "M samples/s", scale: 1e-6)
        report.figure("\(version) encode and compress", compressing, "M samples/s", scale: 1e-6)
        report.figure("\(version) read, with labels", reading, "M samples/s", scale: 1e-6)
        let plain = messages.reduce(0) { $0 + $1.count }
        report.figure("\(version) message", Double(plain) / Double(all.count), "bytes/sample")
        report.figure("\(version) compressed", Double(bytes) / Double(all.count), "bytes/sample")
    }
}
