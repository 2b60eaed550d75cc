// What is in one file of the store, in lines for people. Nothing is changed, damage is said.
internal import Codec
internal import Model
public import Platform

/// Describes files of a store: segments, buffer files, STORE, chunks.
public enum StoreInspector {
    // The longest list of series, records or damaged places that is printed whole.
    private static let listLimit = 1000

    /// Readable facts of the file at `path`, one a line, the kind of file first.
    ///
    /// Damage is among the facts: it is said where it is, and what can still be read comes with it.
    /// - Throws: `.cannot` when the file cannot be read at all.
    public static func describe(
        path: String,
        fileSystem: any FileSystem
    ) throws(StoreError) -> [String] {
        do throws(Errno) {
            let file = try fileSystem.open(path, .read)
            let size = try file.size()
            let head = try file.read(Int(min(size, Int64(BufferFormat.headerBytes))), at: 0)
            let magic = head.count >= 4 ? ByteLoads.u32(head.span, 0) : 0
            switch magic {
            case SegmentFormat.magic: return segment(path, fileSystem)
            case BufferFormat.magic: return try buffer(path, file, size, head)
            case StoreIdentity.magic: return identity(try file.read(Int(min(size, 4096)), at: 0))
            case LedgerBook.magic:
                return book(try file.read(Int(min(size, Int64(LedgerBook.byteLimit))), at: 0))
            case ChunkHeader.magic: return chunk(try file.read(Int(min(size, 1 << 30)), at: 0))
            case cursorMagic:
                return [
                    "cursor file of a destination, \(size) bytes; `forward/` keeps one for each"
                ]
            default:
                return [
                    "no file of the store: \(size) bytes that begin with \(hex(head.prefix(8)))"
                ]
            }
        } catch {
            throw .cannot(action: "read", path: path, cause: error)
        }
    }

    // "CURS" in file order; Forward writes these files.
    private static let cursorMagic: UInt32 = 0x5352_5543

    private static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let text = bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count < 2 ? "0" + digits : digits
        }.joined(separator: " ")
        return text.isEmpty ? "nothing" : text
    }

    private static func span(_ start: Int64, _ end: Int64) -> String {
        let first = RFC3339.format(Timestamp(ms: start))
        return "\(first) to \(RFC3339.format(Timestamp(ms: end)))"
    }

    // MARK: STORE

    private static func identity(_ bytes: [UInt8]) -> [String] {
        switch StoreIdentity.parse(bytes) {
        case .identity(let identity):
            ["STORE file", "store \(identity.id)", "last start \(identity.lastStart)"]
                + identity.former.map { "snapshot of the store \($0)" }
        case .newerVersion(let version): ["STORE file of version \(version), which is newer"]
        case .damaged: ["STORE file", "damaged: its checksum or length is wrong"]
        }
    }

    // MARK: LEDGER

    private static func book(_ bytes: [UInt8]) -> [String] {
        switch LedgerBook.parse(bytes) {
        case .book(let book, let store):
            ["LEDGER file", "store \(store)", "everything counted up to \(book.floor)"]
                + book.ranges.map { one in
                    "after \(one.range.after) through \(one.range.through): \(one.samples) samples"
                        + (one.fate.map { ", gone: \($0.text)" } ?? "")
                } + (book.lost > 0 ? ["lost \(book.lost) samples"] : [])
                + ledger(book.sealed.bytes)
        case .newerVersion(let version): ["LEDGER file of version \(version), which is newer"]
        case .damaged: ["LEDGER file", "damaged: its checksum or length is wrong"]
        }
    }

    // MARK: Chunks

    private static func chunk(_ bytes: [UInt8]) -> [String] {
        var lines = ["chunk, \(bytes.count) bytes"]
        do throws(ChunkError) {
            let header = try ChunkHeader(bytes.span)
            lines.append("series \(header.seriesID)")
            lines.append("samples \(header.pointCount), \(header.compressedSize) bytes")
            lines.append("times \(span(header.startMs, header.endMs))")
            let payload = try header.verify(bytes.span)
            var samples = SampleColumns()
            try ChunkCoders.standard.decode(bytes.span.extracting(payload), header, into: &samples)
            lines.append("the checksum is right")
        } catch {
            lines.append("damaged: \(error)")
        }
        return lines
    }

    // MARK: Segments

    private static func segment(_ path: String, _ fileSystem: any FileSystem) -> [String] {
        var lines = ["segment"]
        do throws(SegmentError) {
            let segment = try SegmentReader(fileSystem, path: path)
            let summary = segment.summary
            lines.append("bytes \(summary.byteCount)")
            lines.append("store \(summary.storeID)")
            lines.append("batches after \(summary.range.after) through \(summary.range.through)")
            lines.append("series \(summary.seriesCount)")
            lines.append("chunks \(summary.chunkCount), late \(summary.lateChunkCount)")
            lines.append("samples \(summary.sampleCount), late \(summary.lateSampleCount)")
            if summary.timeRange.start <= summary.timeRange.end {
                lines.append("times \(span(summary.timeRange.start.ms, summary.timeRange.end.ms))")
            }
            if !summary.replaced.isEmpty {
                lines.append("replaces \(summary.replaced.joined(separator: ", "))")
            }
            lines += ledger(summary.ledger)
            for series in 0..<min(segment.seriesCount, listLimit) {
                lines += try describe(series, in: segment)
            }
            if segment.seriesCount > listLimit {
                lines.append("and \(segment.seriesCount - listLimit) more series")
            }
            try segment.verify()
            lines.append("every checksum is right")
        } catch {
            lines.append("damaged: \(error)")
            if case .chunk = error { return lines }
            if error.isDamage { lines += chunks(path, fileSystem) }
        }
        return lines
    }

    // What can be read of a segment whose index cannot.
    private static func chunks(_ path: String, _ fileSystem: any FileSystem) -> [String] {
        do throws(Errno) {
            let file = try fileSystem.map(path)
            return try file.withBytes(in: 0..<file.count, failing: { $0 }) {
                (bytes: Span<UInt8>) throws(Errno) -> [String] in
                var walk = ChunkWalk(from: SegmentFormat.headerBytes, byteCount: bytes.count)
                var lines: [String] = []
                var count = 0
                while let found = walk.next(in: bytes) {
                    count += 1
                    if count > listLimit { continue }
                    let header = found.header
                    lines.append(
                        "  chunk at byte \(found.offset): series \(header.seriesID), "
                            + "\(header.pointCount) samples, "
                            + span(header.startMs, header.endMs)
                            + (header.flags.contains(.late) ? ", late" : "")
                    )
                }
                return ["sound chunks by their headers \(count)"] + lines
            }
        } catch {
            return ["cannot look for chunks: \(error)"]
        }
    }

    private static func describe(
        _ series: Int,
        in segment: SegmentReader
    ) throws(SegmentError) -> [String] {
        var id = "(id unknown)"
        do throws(SegmentError) {
            id = "\(try segment.id(of: series))"
        } catch {
            // It stands in the chunks, which follow and say what is wrong with them.
            guard case .chunk = error else { throw error }
        }
        var lines = ["\(id) \(try segment.labels(of: series))"]
        for chunk in try segment.chunks(of: series) {
            var samples = SampleColumns()
            do throws(SegmentError) {
                try segment.decode(chunk, into: &samples)
            } catch {
                lines.append("  damaged: \(error)")
                continue
            }
            lines.append(
                "  chunk at byte \(chunk.offset): \(samples.count) samples, "
                    + "\(span(chunk.start.ms, chunk.end.ms))\(chunk.isLate ? ", late" : "")"
            )
        }
        return lines
    }

    private static func ledger(_ bytes: [UInt8]) -> [String] {
        do throws(CodecError) {
            return try Ledger(bytes).rows.sorted { $0.key < $1.key }.map { source, row in
                let drops = row.dropped.sorted { $0.key.rawValue < $1.key.rawValue }
                    .map { ", dropped \($0.value) \($0.key.text)" }
                return "ledger \(source): stored \(row.stored)\(drops.joined())"
            }
        } catch {
            return ["the ledger cannot be read: \(error)"]
        }
    }

    // MARK: Buffer files

    private static func buffer(
        _ path: String,
        _ file: any OpenFile,
        _ size: Int64,
        _ head: [UInt8]
    ) throws(Errno) -> [String] {
        var lines = ["buffer file", "bytes \(size)"]
        let part: BufferPart
        do throws(BufferHeader.Problem) {
            part = try BufferHeader.parse(head)
        } catch {
            switch error {
            case .damaged(let reason): return lines + ["damaged: \(reason)"]
            case .newerVersion(let version): return lines + ["version \(version), which is newer"]
            }
        }
        lines.append("store \(part.storeID)")
        lines.append("batches after \(part.after), start \(part.start)")
        lines.append("made \(RFC3339.format(Timestamp(ms: part.createdMs)))")
        var summary = BufferSummary(BufferDecoder(start: part.start))
        let kept = FilePart(found: part, at: path, byteCount: size)
        var scanner = BufferScanner(FileSource(file, of: kept))
        while true {
            switch try scanner.next(limit: size) {
            case .record(let head, let payload):
                let end = scanner.offset
                summary.add(head, Array(scanner.window[payload]), endingAt: end)
            case .damage(let range):
                summary.note(
                    "damaged: no record in bytes \(range.lowerBound) to \(range.upperBound - 1)"
                )
            case .end(let tail):
                if !tail.isEmpty {
                    summary.note(
                        "torn tail: \(tail.upperBound - tail.lowerBound) bytes "
                            + "from byte \(tail.lowerBound)"
                    )
                }
                return lines + summary.lines
            }
        }
    }

    // What the records of a buffer file hold together.
    private struct BufferSummary {
        private var decoder: BufferDecoder
        private var batches = 0
        private var samples = 0
        private var late = 0
        private var lost = 0
        private var payloadBytes = 0
        private var first: SequenceNumber?
        private var last = SequenceNumber.zero
        private var start = Int64.max
        private var end = Int64.min
        private var bySource: [String: (batches: Int, samples: Int)] = [:]
        private var notes: [String] = []

        init(_ decoder: BufferDecoder) {
            self.decoder = decoder
        }

        mutating func note(_ line: String) {
            if notes.count < listLimit { notes.append(line) }
        }

        mutating func add(
            _ head: BufferFrameHead,
            _ payload: [UInt8],
            endingAt offset: Int64
        ) {
            do throws(CodecError) {
                switch try decoder.decode(head, payload.span) {
                case .definition: return
                case .lost(let number):
                    lost += 1
                    note("batch \(number) builds on a damaged one")
                case .batch(let batch): add(batch, payload.count)
                }
            } catch {
                note("damaged: the record that ends at byte \(offset): \(error)")
            }
        }

        private mutating func add(_ batch: BufferBatch, _ bytes: Int) {
            batches += 1
            samples += batch.values.count
            late += batch.isLate.reduce(0) { $0 + ($1 ? 1 : 0) }
            payloadBytes += bytes
            first = first ?? batch.number
            last = batch.number
            for index in batch.values.indices {
                start = min(start, batch.timeMs(index))
                end = max(end, batch.timeMs(index))
            }
            bySource[batch.source, default: (0, 0)].batches += 1
            bySource[batch.source, default: (0, 0)].samples += batch.values.count
        }

        var lines: [String] {
            var lines = ["series \(decoder.series.count)"]
            lines.append("batches \(batches), unreadable \(lost)")
            lines.append("samples \(samples), late \(late), \(payloadBytes) bytes")
            if let first { lines.append("numbers \(first) through \(last)") }
            if start <= end { lines.append("times \(StoreInspector.span(start, end))") }
            for (source, counts) in bySource.sorted(by: { $0.key < $1.key }) {
                lines.append("\(source): \(counts.samples) samples in \(counts.batches) batches")
            }
            return lines + (notes.isEmpty ? ["every checksum is right"] : notes)
        }
    }
}
