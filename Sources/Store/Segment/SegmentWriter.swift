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
        if let last = tables.lastID { precondition(last < id, "BUG: series \(id) after \(last)") }
        var refs: [ChunkRef] = []
        refs.reserveCapacity(chunks.count)
        do throws(SegmentError) {
            for chunk in chunks {
                refs.append(try write(chunk, of: id))
            }
        } catch {
            output.discard()
            throw error
        }
        tables.add(id, labels, refs)
    }

    /// Writes everything else, makes the file durable and names it.
    ///
    /// - Parameters:
    ///   - ledger: what the ledger wants to find again in the footer.
    ///   - replaced: the names of the segments that this one replaces.
    /// - Returns: what the file says about itself.
    /// - Throws: `.cannot`; nothing is left of the file then, except when only the directory's fsync
    ///   failed.
    public consuming func finish(
        ledger: [UInt8],
        replaced: [String]
    ) throws(SegmentError) -> SegmentSummary {
        do throws(SegmentError) {
            summary.ledger = ledger
            summary.replaced = replaced
            summary.seriesCount = tables.seriesCount
            summary.chunkCount = tables.chunkCount
            var footer = SegmentFooter()
            footer.layout = try tables.write(to: &output)
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

    private mutating func write(
        _ chunk: SealedChunk,
        of id: SeriesID
    ) throws(SegmentError) -> ChunkRef {
        let isLate = chunk.flags.contains(.late)
        let ref = ChunkRef(
            offset: output.position,
            start: Timestamp(ms: chunk.startMs),
            end: Timestamp(ms: chunk.endMs),
            isLate: isLate
        )
        var sink = ByteSink()
        ChunkHeader(of: chunk, series: id).write(before: chunk.payload.span, to: &sink)
        try output.write(sink.bytes)
        try output.write(chunk.payload)
        try output.align()
        summary.sampleCount += Int(chunk.pointCount)
        if isLate {
            summary.lateChunkCount += 1
            summary.lateSampleCount += Int(chunk.pointCount)
        }
        summary.timeRange = TimeRange(
            min(summary.timeRange.start, ref.start),
            max(summary.timeRange.end, ref.end)
        )
        return ref
    }
}
