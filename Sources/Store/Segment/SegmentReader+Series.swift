// The series of a segment: ids, labels, and where their chunks are.
// Byte layout: Store.docc/segment-file.md, "Series block"
import Codec
public import Model
import Platform

extension SegmentReader {
    /// The id of a series, which the headers of its chunks say: of the first that is not damaged.
    /// - Throws: `SegmentError` when the series block or all of its chunks are damaged.
    public func id(of series: Int) throws(SegmentError) -> SeriesID {
        var first: ChunkRef?
        try forEachChunk(of: series) { if first == nil { first = $0 } }
        guard let first else { preconditionFailure("BUG: a series without chunks was read") }
        do throws(SegmentError) {
            return try header(of: first).seriesID
        } catch {
            let failure = error
            for chunk in try chunks(of: series).dropFirst() {
                do throws(SegmentError) { return try header(of: chunk).seriesID } catch { continue }
            }
            throw failure
        }
    }

    /// The index of the series with this id, nil when the segment has none.
    ///
    /// - Complexity: O(log series).
    /// - Throws: `SegmentError` when the series block is damaged, or every chunk of a series that may be
    ///   the wanted one.
    public func seriesIndex(of id: SeriesID) throws(SegmentError) -> Int? {
        try checkDirectory()
        guard let number = lastBlock(.series, from: id.high) else { return nil }
        var failure: SegmentError?
        // Blocks are found by the first half of an id, of which there may be two alike.
        for number in [number, number - 1] where number >= 0 {
            let first = number * SeriesBlock.seriesCount
            var next = 0
            let mark = SeriesBlock.mark(of: id)
            while let place = try withSeriesBlock(
                of: first,
                { block, count, _ in
                    SeriesBlock.firstSeries(block, count, marked: mark, from: next)
                }
            ) {
                do throws(SegmentError) {
                    if try isSeries(first + place, id) { return first + place }
                } catch {
                    failure = failure ?? error
                }
                next = place + 1
            }
            if blockEntry(.series, number).firstKey < id.high { break }
        }
        if let failure { throw failure }
        return nil
    }

    // Nothing but its id has 128 bits alike; that they differ is believed of a sound chunk only.
    private func isSeries(_ series: Int, _ id: SeriesID) throws(SegmentError) -> Bool {
        var first: ChunkRef?
        try forEachChunk(of: series) { if first == nil { first = $0 } }
        guard let first else { return false }
        let start = first.offset + ChunkHeader.idOffset
        let isAlike = try withBytes(in: start..<start + 16) { bytes in
            ByteLoads.u64BigEndian(bytes, 0) == id.high
                && ByteLoads.u64BigEndian(bytes, 8) == id.low
        }
        if isAlike { return true }
        return try self.id(of: series) == id
    }

    /// The time of the last sample of a series that was not late, in milliseconds.
    ///
    /// Nil when the segment has no such sample, when the clock was set back by a large step behind one
    /// of its batches, and also when its index is damaged: who needs to know which of these asks `seriesIndex(of:)`.
    public func lastTime(of id: SeriesID) -> Int64? {
        guard summary.clockStep <= range.after else { return nil }
        do throws(SegmentError) {
            guard let series = try seriesIndex(of: id) else { return nil }
            var last: Int64?
            try forEachChunk(of: series) { chunk in
                if !chunk.isLate { last = max(last ?? .min, chunk.end.ms) }
            }
            return last
        } catch {
            return nil
        }
    }

    /// The labels of a series.
    ///
    /// - Throws: `SegmentError` when they cannot be read.
    public func labels(of series: Int) throws(SegmentError) -> Labels {
        var texts = PairTexts(self)
        return try texts.labels(of: series)
    }

    /// The chunks of a series: in the order of their times, late ones last.
    ///
    /// - Throws: `SegmentError` when the series block is damaged.
    public func chunks(of series: Int) throws(SegmentError) -> [ChunkRef] {
        var chunks: [ChunkRef] = []
        try forEachChunk(of: series) { chunks.append($0) }
        return chunks
    }

    /// Calls `body` with each chunk of a series: in the order of their times, late ones last.
    ///
    /// - Throws: `SegmentError` when the series block is damaged.
    public func forEachChunk(
        of series: Int,
        _ body: (ChunkRef) -> Void
    ) throws(SegmentError) {
        let origin = SeriesBlock.Origin(times: timeRange, chunksEnd: layout.chunksEnd)
        try withSeriesBlock(of: series) { block, count, index throws(SegmentError) in
            do throws(CodecError) {
                try SeriesBlock.forEachChunk(block, count, index, origin, body)
            } catch {
                let place = place(of: series / SeriesBlock.seriesCount, .series)
                throw place.undecodable(error)
            }
        }
    }

    // MARK: Series blocks

    /// Lends the block that has a series, with the number of its series and the series' place in it.
    func withSeriesBlock<R>(
        of series: Int,
        _ body: (Span<UInt8>, Int, Int) throws(SegmentError) -> R
    ) throws(SegmentError) -> R {
        precondition(series >= 0 && series < seriesCount, "BUG: series \(series) of \(seriesCount)")
        let number = series / SeriesBlock.seriesCount
        let count = SeriesBlock.count(of: number, total: seriesCount)
        let place = layout.blocks(.series).lowerBound + number
        var (known, isChecked) = checked.withLock {
            ($0.directory?.entries[place], $0.hasSeriesBlock(number))
        }
        if known == nil {
            try checkDirectory()
            known = blockEntry(.series, number)
            isChecked = false
        }
        guard let entry = known else { preconditionFailure("BUG: the directory was not checked") }
        let range = try range(of: entry, .series)
        return try withBytes(in: range) { (block: Span<UInt8>) throws(SegmentError) -> R in
            if !isChecked {
                try check(block, entry, .series)
                try self.place(of: number, .series).decoding { () throws(CodecError) in
                    try SeriesBlock.check(block, count)
                }
                checked.withLock { $0.noteSeriesBlock(number, of: layout.seriesBlocks) }
            }
            return try body(block, count, series % SeriesBlock.seriesCount)
        }
    }
}
