// The series of a segment: ids, labels, and where their chunks are.
// Byte layout: Store.docc/segment-file.md, "Series block"
import Codec
public import Model
import Platform

extension SegmentReader {
    /// The id of a series.
    /// - Throws: `SegmentError` when the series block is damaged.
    public func id(of series: Int) throws(SegmentError) -> SeriesID {
        try withSeriesBlock(of: series) { block, _, index in SeriesBlock.id(block, index) }
    }

    /// The index of the series with this id, nil when the segment has none.
    ///
    /// - Complexity: O(log series).
    /// - Throws: `SegmentError` when the series block is damaged.
    public func seriesIndex(of id: SeriesID) throws(SegmentError) -> Int? {
        try checkDirectory()
        guard let number = lastBlock(.series, from: id.high) else { return nil }
        // Blocks are found by the first half of an id, of which there may be two alike.
        for number in [number, number - 1] where number >= 0 {
            let first = number * SeriesBlock.seriesCount
            let found = try withSeriesBlock(of: first) { block, count, _ -> Int? in
                let place = SeriesBlock.lowerBound(block, count, id)
                return place < count && SeriesBlock.id(block, place) == id ? first + place : nil
            }
            if let found { return found }
            if blockEntry(.series, number).firstKey < id.high { break }
        }
        return nil
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
