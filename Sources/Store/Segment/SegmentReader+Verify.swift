// Reads every byte of a segment and says whether it is what a writer wrote.
import Codec
import Model
import Platform

extension SegmentReader {
    /// Checks everything: all checksums, all chunks decoded, ids against labels, postings against
    /// series, counts, and that there is nothing between the parts.
    ///
    /// - Complexity: reads the whole file.
    /// - Throws: the first thing that is wrong.
    public func verify() throws(SegmentError) {
        try checkIndex()
        try verifyBlocks()
        let pairs = try verifySeries()
        try verifyPostings(pairs)
    }

    // Blocks lie one behind the other between the chunks and the index.
    private func verifyBlocks() throws(SegmentError) {
        var expected = layout.chunksEnd
        var symbols = 0
        for part in [SegmentPart.symbols, .series, .postings] {
            for number in 0..<directory(part).count {
                let entry = blockEntry(part, number)
                guard entry.offset == expected else {
                    throw contradiction(part, entry.offset, "expected at byte \(expected)")
                }
                let block = try block(part, number)
                guard block.count == entry.plainBytes else {
                    throw contradiction(
                        part,
                        entry.offset,
                        "\(block.count) bytes, the index says \(entry.plainBytes)"
                    )
                }
                expected += entry.storedBytes
                if part == .symbols {
                    guard entry.firstKey == UInt64(symbols) else {
                        throw contradiction(part, entry.offset, "begins with symbol \(symbols)")
                    }
                    symbols += try symbolBlock(number).count
                }
            }
        }
        guard symbols == layout.symbolCount else {
            throw contradiction(
                .symbols,
                layout.chunksEnd,
                "\(symbols) symbols, the footer says \(layout.symbolCount)"
            )
        }
        try verifyZeros(expected..<layout.indexOffset, .index)
        guard layout.indexOffset - expected < SegmentFormat.alignment else {
            throw contradiction(.index, layout.indexOffset, "expected right after byte \(expected)")
        }
    }

    // Returns the number of label pairs.
    private func verifySeries() throws(SegmentError) -> Int {
        var expected = SegmentFormat.headerBytes
        var found = SegmentSummary(storeID: storeID, range: range)
        var pairs = 0
        var last: SeriesID?
        for series in 0..<seriesCount {
            let entry = entry(of: series)
            if let last, entry.id <= last {
                throw contradiction(.index, layout.seriesEntries, "\(entry.id) is after \(last)")
            }
            last = entry.id
            let labels = try labels(of: series)
            guard Labels(checking: labels.bytes) != nil, SeriesIdentity.id(of: labels) == entry.id
            else {
                throw contradiction(
                    .index,
                    layout.seriesEntries,
                    "\(entry.id) is not the id of \(labels)"
                )
            }
            pairs += labels.count
            guard entry.firstChunk == found.chunkCount else {
                throw contradiction(
                    .index,
                    layout.seriesEntries,
                    "series \(series) begins with chunk \(entry.firstChunk), not \(found.chunkCount)"
                )
            }
            for chunk in try chunks(of: series) {
                try verify(chunk, of: entry.id, at: &expected, &found)
            }
        }
        guard expected == layout.chunksEnd else {
            throw contradiction(
                .chunk,
                expected,
                "the footer says that chunks end at \(layout.chunksEnd)"
            )
        }
        found.seriesCount = seriesCount
        found.byteCount = summary.byteCount
        found.ledger = summary.ledger
        found.replaced = summary.replaced
        guard found == summary else {
            throw contradiction(
                .footer,
                layout.footerOffset,
                "\(found.sampleCount) samples, \(found.lateSampleCount) late, from "
                    + "\(found.timeRange.start) to \(found.timeRange.end); header and footer say "
                    + "\(summary.sampleCount), \(summary.lateSampleCount), \(timeRange.start), "
                    + "\(timeRange.end)"
            )
        }
        return pairs
    }

    private func verify(
        _ chunk: ChunkRef,
        of id: SeriesID,
        at expected: inout Int,
        _ found: inout SegmentSummary
    ) throws(SegmentError) {
        guard chunk.offset == expected else {
            throw contradiction(.chunk, chunk.offset, "expected at byte \(expected)")
        }
        var samples = SampleColumns()
        try decode(chunk, into: &samples)
        let start = chunk.offset
        let path = path
        let header = try bytes.withBytes(in: start..<start + ChunkHeader.byteCount) {
            (bytes: Span<UInt8>) throws(SegmentError) -> ChunkHeader in
            do throws(ChunkError) { return try ChunkHeader(bytes) } catch {
                throw .chunk(path: path, offset: start, cause: error)
            }
        }
        guard header.seriesID == id, header.startMs == chunk.start.ms,
            header.endMs == chunk.end.ms, header.flags.contains(.late) == chunk.isLate
        else {
            throw contradiction(.chunk, start, "the index has another id, flag or time for it")
        }
        let end = start + ChunkHeader.byteCount + Int(header.compressedSize)
        let next = (end + SegmentFormat.alignment - 1) / SegmentFormat.alignment
        expected = next * SegmentFormat.alignment
        guard expected <= layout.chunksEnd else {
            throw .bounds(
                path: path,
                part: .chunk,
                offset: start,
                length: expected - start,
                limit: layout.chunksEnd - start
            )
        }
        try verifyZeros(end..<expected, .chunk)
        found.chunkCount += 1
        found.sampleCount += samples.count
        if chunk.isLate {
            found.lateChunkCount += 1
            found.lateSampleCount += samples.count
        }
        found.timeRange = TimeRange(
            min(found.timeRange.start, chunk.start),
            max(found.timeRange.end, chunk.end)
        )
    }

    private func verifyPostings(_ pairs: Int) throws(SegmentError) {
        var holders = 0
        var last: PairKey?
        var wrong: String?
        let universe = seriesCount
        let symbols = layout.symbolCount
        try forEachPair(from: PairKey(raw: 0)) { entry, block throws(CodecError) in
            var set = SeriesSet(of: universe)
            holders += try entry.insert(into: &set, block)
            if let last, entry.key <= last { wrong = "\(entry.key.raw) comes after \(last.raw)" }
            if max(entry.key.name, entry.key.value) >= symbols {
                wrong = "symbols \(entry.key.name) and \(entry.key.value) of \(symbols)"
            }
            last = entry.key
            return true
        }
        if let wrong { throw contradiction(.postings, layout.postingDirectory, wrong) }
        guard holders == pairs else {
            throw contradiction(
                .postings,
                layout.postingDirectory,
                "\(holders) entries for \(pairs) labels of all series"
            )
        }
    }

    private func verifyZeros(_ range: Range<Int>, _ part: SegmentPart) throws(SegmentError) {
        let isZero = bytes.withBytes(in: range) { padding in
            for index in padding.indices where padding[index] != 0 { return false }
            return true
        }
        guard isZero else {
            throw contradiction(part, range.lowerBound, "the padding is not zero")
        }
    }
}
