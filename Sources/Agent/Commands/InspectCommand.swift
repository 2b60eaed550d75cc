// `tsdb-agent inspect`: what is in a file of the store, for people.
internal import Codec
internal import Forward
internal import Model
internal import Platform
internal import Store

/// Shows a file of the store: a segment with its series and chunks, a buffer file, STORE, a cursor.
enum InspectCommand {
    // "GSEG" and "CURS" in file order.
    private static let segmentMagic = Array("GSEG".utf8)
    private static let cursorMagic = Array("CURS".utf8)
    private static let cursorSlots: [Int64] = [0, 4096]

    /// Writes what is in the file; answers 1 when it is damaged or no file of the store.
    static func run(_ path: String, _ context: CommandContext) async -> Int32 {
        do throws(StoreError) {
            if try isDirectory(path, context) { return try directory(path, context) }
            let magic = try read(path, context, at: 0, 4)
            if magic == segmentMagic { return segment(path, context) }
            if magic == cursorMagic { return try cursor(path, context) }
            let lines = try StoreInspector.describe(path: path, fileSystem: context.files)
            guard lines.first?.hasPrefix("no file of the store") == false else {
                context.err("tsdb-agent inspect: \(path): \(lines.first ?? "empty")\n")
                return 1
            }
            context.out(lines.map { $0 + "\n" }.joined())
            let isDamaged = lines.contains { line in
                line.split { $0 == " " || $0 == ":" }.contains("damaged")
            }
            return isDamaged ? 1 : 0
        } catch {
            context.err("tsdb-agent inspect: \(error)\n")
            return 1
        }
    }

    private static func isDirectory(
        _ path: String,
        _ context: CommandContext
    ) throws(StoreError) -> Bool {
        do throws(Errno) {
            return try context.files.stat(path).kind == .directory
        } catch {
            throw .cannot(action: "read", path: path, cause: error)
        }
    }

    private static func names(
        _ path: String,
        _ context: CommandContext
    ) throws(StoreError) -> [String] {
        do throws(Errno) {
            return try context.files.list(path)
        } catch .noSuchFile {
            return []
        } catch {
            throw .cannot(action: "list", path: path, cause: error)
        }
    }

    // A store: what is in each of its files, in a line; answers 1 when one cannot be read.
    private static func directory(
        _ path: String,
        _ context: CommandContext
    ) throws(StoreError) -> Int32 {
        var code: Int32 = 0
        var rows: [(String, String)] = []
        var totals = ""
        for folder in ["", "segments", "buffer", "forward", "quarantine"] {
            let place = folder.isEmpty ? path : FilePath.join(path, folder)
            var samples = 0
            var bytes: Int64 = 0
            for name in try names(place, context) where !name.hasSuffix(".tmp") {
                let file = FilePath.join(place, name)
                if try isDirectory(file, context) { continue }
                let shown = folder.isEmpty ? name : "\(folder)/\(name)"
                if folder == "quarantine" || name == DirectoryLock.fileName {
                    rows.append((shown, folder.isEmpty ? "who uses the store" : "set aside"))
                    continue
                }
                let report = try StoreVerifier.verify(path: file, fileSystem: context.files)
                samples += report.samples
                bytes += report.byteCount
                if !report.damages.isEmpty { code = 1 }
                rows.append((shown, line(of: file, report, context)))
            }
            if samples > 0 { totals += "\n\(folder): \(samples) samples in \(bytes) bytes" }
        }
        guard !rows.isEmpty else {
            context.err("tsdb-agent inspect: there is nothing in \(path)\n")
            return 1
        }
        context.out(Columns.text(rows, indent: ""))
        context.out(totals + "\n")
        return code
    }

    private static func line(
        of path: String,
        _ report: FileReport,
        _ context: CommandContext
    ) -> String {
        var parts = ["\(report.kind ?? "file"), \(report.byteCount) bytes"]
        if report.samples > 0 { parts.append("\(report.samples) samples") }
        if report.kind == "segment",
            let summary = try? SegmentReader(context.files, path: path).summary
        {
            parts.append("\(summary.seriesCount) series")
            if summary.timeRange.start <= summary.timeRange.end {
                parts.append(span(summary.timeRange.start, summary.timeRange.end))
            }
        }
        if !report.damages.isEmpty { parts.append("damaged in \(report.damages.count) places") }
        return (parts + report.notes).joined(separator: ", ")
    }

    private static func read(
        _ path: String,
        _ context: CommandContext,
        at offset: Int64,
        _ count: Int
    ) throws(StoreError) -> [UInt8] {
        do throws(Errno) {
            return try context.files.open(path, .read).read(count, at: offset)
        } catch {
            throw .cannot(action: "read", path: path, cause: error)
        }
    }

    private static func segment(_ path: String, _ context: CommandContext) -> Int32 {
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

    // The newer of the two slots counts; a torn one is what a crash may leave.
    private static func cursor(
        _ path: String,
        _ context: CommandContext
    ) throws(StoreError) -> Int32 {
        var good = 0
        for (number, offset) in cursorSlots.enumerated() {
            let bytes = try read(path, context, at: offset, CursorSlot.byteCount)
            do throws(CodecError) {
                let slot = try CursorSlot(bytes.span)
                good += 1
                var rows = [
                    ("slot", "\(number), generation \(slot.generation)"),
                    ("store", "\(slot.store)"),
                    ("acknowledged", text(of: slot.record.acked)),
                    ("closed", slot.record.isClosed ? "yes" : "no"),
                ]
                for border in slot.record.attempted {
                    let answered = border.isAnswered ? ", answered" : ""
                    rows.append(
                        ("sent", "\(text(of: border.from)) to \(text(of: border.to))\(answered)")
                    )
                }
                context.out(Columns.text(rows, indent: "") + "\n")
            } catch {
                context.out("slot \(number): nothing that can be read: \(error)\n")
            }
        }
        return good > 0 ? 0 : 1
    }

    private static func text(of position: FeedPosition) -> String {
        var text = "after batch \(position.number)"
        if let time = position.time {
            text = "in the segment after \(position.number), at \(time) ms"
            if position.isAmongLate { text += " of the late samples" }
        }
        let offset = position.offset & ~FeedPosition.lateBit
        return offset == 0 ? text : text + " and \(offset) samples"
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
