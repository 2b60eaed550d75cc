// `tsdb-agent inspect`: what is in a file of the store, for people.
internal import Model
internal import Platform
internal import Store

/// Shows a segment: what it says about itself, and its series with their chunks.
enum InspectCommand {
    /// Writes what is in the file; answers 1 when it is damaged or no file of the store.
    static func run(_ path: String, _ context: CommandContext) async -> Int32 {
        do throws(SegmentError) {
            let segment = try SegmentReader(context.files, path: path)
            context.out(summary(segment))
            for series in 0..<segment.seriesCount {
                context.out(try text(of: series, in: segment))
            }
            try segment.verify()
            context.out("every checksum is right\n")
            return 0
        } catch {
            context.err("tsdb-agent inspect: \(error)\n")
            return 1
        }
    }

    private static func summary(_ segment: SegmentReader) -> String {
        let summary = segment.summary
        var rows = [
            ("segment", FilePath.name(segment.path)),
            ("bytes", "\(summary.byteCount)"),
            ("store", "\(summary.storeID)"),
            ("batches", "after \(summary.range.after) through \(summary.range.through)"),
            ("series", "\(summary.seriesCount)"),
            ("chunks", "\(summary.chunkCount), late \(summary.lateChunkCount)"),
            ("samples", "\(summary.sampleCount), late \(summary.lateSampleCount)"),
        ]
        if summary.timeRange.start <= summary.timeRange.end {
            rows.append(("times", span(summary.timeRange.start, summary.timeRange.end)))
        }
        if !summary.replaced.isEmpty {
            rows.append(("replaces", summary.replaced.joined(separator: ", ")))
        }
        return Columns.text(rows, indent: "") + "\n"
    }

    private static func text(
        of series: Int,
        in segment: SegmentReader
    ) throws(SegmentError) -> String {
        let labels = try segment.labels(of: series)
        var text = "\(try segment.id(of: series))  \(labels)\n"
        for chunk in try segment.chunks(of: series) {
            var samples = SampleColumns()
            try segment.decode(chunk, into: &samples)
            text += "  at byte \(chunk.offset)  \(samples.count) samples  "
            text += "\(span(chunk.start, chunk.end))\(chunk.isLate ? "  late" : "")\n"
        }
        return text
    }

    private static func span(_ start: Timestamp, _ end: Timestamp) -> String {
        "\(RFC3339.format(start)) to \(RFC3339.format(end))"
    }
}
