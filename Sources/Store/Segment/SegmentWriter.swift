// Writes one segment file, once, from front to back. Byte layout: Store.docc/segment-file.md
import Codec
public import Model
public import Platform

/// Writes a segment series by series, in the order of their ids.
///
/// The file has a temporary name until `finish`. A writer that is not finished must be told to
/// `abandon`; one whose call threw has done so itself.
public struct SegmentWriter: ~Copyable {
    private var output: SegmentOutput
    private var tables: SegmentTables
    private var summary: SegmentSummary

    /// Starts a segment in `sink`, which `finish` will publish.
    ///
    /// - Parameters:
    ///   - sink: empty, of the storage engine.
    ///   - storeID: the store whose batches these are.
    ///   - range: exactly the batches whose samples will be added.
    /// - Throws: `.cannot`.
    public init(
        _ sink: any SegmentSink,
        storeID: StoreID,
        range: SequenceRange
    ) throws(SegmentError) {
        var output = SegmentOutput(sink)
        // The header comes last, when the times are known.
        try output.write([UInt8](repeating: 0, count: SegmentFormat.headerBytes))
        self.output = output
        tables = SegmentTables()
        summary = SegmentSummary(storeID: storeID, range: range)
    }

    /// Starts the file that `finish` will name `path`.
    ///
    /// - Parameters:
    ///   - fileSystem: where.
    ///   - path: the final name; `path` with `.tmp` behind it is used until then.
    ///   - storeID: the store whose batches these are.
    ///   - range: exactly the batches whose samples will be added.
    ///   - reserveBytes: room to reserve before anything is written, 0 for none.
    /// - Throws: `.cannot`.
    public init(
        _ fileSystem: any FileSystem,
        path: String,
        storeID: StoreID,
        range: SequenceRange,
        reserveBytes: Int64 = 0
    ) throws(SegmentError) {
        let file = try SegmentFile(fileSystem, path: path, reserving: reserveBytes)
        try self.init(file, storeID: storeID, range: range)
    }

    /// Adds a series with its chunks.
    ///
    /// - Parameters:
    ///   - id: after the id of the series before.
    ///   - labels: the labels that `id` was made from.
    ///   - chunks: in the order of their times, late ones last; at least one.
    /// - Throws: `.cannot`; nothing is left of the file then.
    public mutating func add(
        _ id: SeriesID,
        _ labels: Labels,
        _ chunks: [SealedChunk]
    ) throws(SegmentError) {
        startSeries(id, labels)
        for chunk in chunks { try add(chunk) }
    }

    /// Starts a series; its chunks follow in the order of their times, late ones last, at least one.
    ///
    /// - Parameters:
    ///   - id: after the id of the series before.
    ///   - labels: the labels that `id` was made from.
    public mutating func startSeries(_ id: SeriesID, _ labels: Labels) {
        let bytes = labels.bytes.span
        var start = 0
        var pairs: [UInt32] = []
        labels.forEachRange { _, value in
            pairs.append(tables.intern(bytes.extracting(start..<value.upperBound)))
            start = value.upperBound
        }
        startSeries(id, pairs: pairs.span)
    }

    /// A number for a label, for `startSeries` of pairs: so a label of many series is looked at once.
    ///
    /// - Parameter pair: name and value as `Labels` has them, with their lengths in front.
    /// - Returns: what `startSeries` takes.
    mutating func intern(_ pair: Span<UInt8>) -> UInt32 {
        tables.intern(pair)
    }

    /// Starts a series, as `startSeries` of labels does.
    ///
    /// - Parameters:
    ///   - id: after the id of the series before.
    ///   - pairs: the labels that `id` was made from, in their order, as `intern` numbered them.
    mutating func startSeries(_ id: SeriesID, pairs: Span<UInt32>) {
        if let last = tables.lastID {
            precondition(last < id, "BUG: series \(id) after \(last)")
            precondition(!tables.lastSeriesIsEmpty, "BUG: series \(last) has no chunk")
        }
        tables.add(id, pairs: pairs)
    }

    /// Adds a chunk to the series that was started last.
    ///
    /// - Throws: `.cannot`; nothing is left of the file then.
    mutating func add(_ chunk: SealedChunk) throws(SegmentError) {
        try add(chunk.payload.span, ChunkHeader(of: chunk, series: currentID))
    }

    /// Adds a chunk that is coded already to the series that was started last.
    ///
    /// - Parameters:
    ///   - payload: `header.compressedSize` bytes.
    ///   - header: what goes before it; the series' id is put in.
    /// - Throws: `.cannot`; nothing is left of the file then.
    public mutating func add(
        _ payload: Span<UInt8>,
        _ header: ChunkHeader
    ) throws(SegmentError) {
        precondition(payload.count == Int(header.compressedSize), "BUG: a payload of another size")
        var header = header
        header.seriesID = currentID
        try write { bytes in
            bytes.append(copying: payload)
            return header
        }
    }

    /// Codes samples as one chunk of the series that was started last.
    ///
    /// - Parameters:
    ///   - times: milliseconds, strictly ascending, at least one.
    ///   - values: as many.
    ///   - flags: what is special; the stale-marker flag is found out.
    ///   - compressor: the first stage.
    ///   - isPacked: whether Snappy is tried as second stage, and kept where it is smaller.
    /// - Throws: `.cannot`; nothing is left of the file then.
    public mutating func add(
        _ times: Span<Int64>,
        _ values: Span<Double>,
        flags: ChunkFlags,
        with compressor: any Compressor,
        isPacked: Bool = false
    ) throws(SegmentError) {
        try add(
            times,
            values,
            allFlags: values.hasStaleMarker ? flags.union(.staleMarkers) : flags,
            with: compressor,
            isPacked: isPacked
        )
    }

    // As the other one, for a caller that knows whether there are stale markers.
    mutating func add(
        _ times: Span<Int64>,
        _ values: Span<Double>,
        allFlags: ChunkFlags,
        with compressor: any Compressor,
        isPacked: Bool = false
    ) throws(SegmentError) {
        precondition(times.count == values.count, "BUG: columns of different lengths")
        let id = currentID
        try write { bytes in
            let start = bytes.count
            compressor.encode(times, values, to: &bytes)
            var compression = compressor.compression
            let plainBytes = bytes.count - start
            if isPacked, let both = compression.withSecondStage {
                let packed = SnappyBlock.compress(bytes.span.extracting(start...))
                if packed.count < plainBytes {
                    compression = both
                    bytes.removeLast(plainBytes)
                    bytes.append(contentsOf: packed)
                }
            }
            return ChunkHeader(
                compression: compression,
                flags: allFlags,
                seriesID: id,
                startMs: times[0],
                endMs: times[times.count - 1],
                pointCount: times.count,
                compressedSize: bytes.count - start,
                uncompressedSize: plainBytes
            )
        }
    }

    /// Writes everything else, makes the file durable and names it.
    ///
    /// - Parameters:
    ///   - ledger: what the ledger wants to find again in the footer.
    ///   - replaced: the names of the segments that this one replaces.
    ///   - clockStep: the last batch before the latest large step back of the clock in the range, or its
    ///     lower end when the clock was set back before all of it.
    /// - Returns: what the file says about itself.
    /// - Throws: `.cannot`; nothing is left of the file then, except when only the directory's fsync
    ///   failed.
    public consuming func finish(
        ledger: [UInt8],
        replaced: [String],
        clockStep: SequenceNumber = .zero
    ) throws(SegmentError) -> SegmentSummary {
        precondition(!tables.lastSeriesIsEmpty, "BUG: the last series has no chunk")
        do throws(SegmentError) {
            summary.ledger = ledger
            summary.replaced = replaced
            summary.seriesCount = tables.seriesCount
            summary.chunkCount = tables.chunkCount
            var footer = SegmentFooter()
            footer.layout = try tables.write(to: &output, summary.timeRange)
            summary.clockStep = clockStep
            footer.clockStep = clockStep
            footer.sampleCount = summary.sampleCount
            footer.lateSampleCount = summary.lateSampleCount
            footer.lateChunkCount = summary.lateChunkCount
            footer.ledger = ledger
            footer.replaced = replaced
            try output.write(footer.bytes())
            summary.byteCount = output.position
            try output.publish(header: summary.header())
            return summary
        } catch {
            output.discard()
            throw error
        }
    }

    /// Removes what was written.
    public consuming func abandon() {
        output.discard()
    }

    private var currentID: SeriesID {
        guard let id = tables.lastID else { preconditionFailure("BUG: a chunk before any series") }
        return id
    }

    private mutating func write(
        _ body: (inout [UInt8]) -> ChunkHeader
    ) throws(SegmentError) {
        let header: ChunkHeader
        do throws(SegmentError) {
            header = try output.writeChunk(body)
        } catch {
            output.discard()
            throw error
        }
        tables.add(ChunkNote(header))
        summary.sampleCount += Int(header.pointCount)
        if header.flags.contains(.late) {
            summary.lateChunkCount += 1
            summary.lateSampleCount += Int(header.pointCount)
        }
        summary.timeRange = TimeRange(
            min(summary.timeRange.start, Timestamp(ms: header.startMs)),
            max(summary.timeRange.end, Timestamp(ms: header.endMs))
        )
    }
}

extension Span<Double> {
    // No way out of the loop before its end: so it is done for several values at once.
    fileprivate var hasStaleMarker: Bool {
        var found = false
        for index in indices { found = found || self[index].isStaleMarker }
        return found
    }
}
