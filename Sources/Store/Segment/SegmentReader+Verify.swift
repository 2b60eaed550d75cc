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
        try checkDirectory()
        try verifyBlocks()
        try verifyTexts()
        try verifyPostings(try verifySeries())
    }

    // Blocks lie one behind the other between the chunks and the directory, and their entries are
    // numbered through.
    private func verifyBlocks() throws(SegmentError) {
        var expected = layout.chunksEnd
        for part in [SegmentPart.names, .values, .rows, .postings, .series] {
            var entries = 0
            for number in 0..<layout.blocks(part).count {
                let entry = blockEntry(part, number)
                let place = place(of: number, part)
                guard entry.offset == expected else {
                    throw place.contradiction("expected at byte \(expected)")
                }
                expected += entry.storedBytes
                if part == .series {
                    guard entry.plainBytes == entry.storedBytes else {
                        throw place.contradiction("a series block is never packed")
                    }
                    continue
                }
                let block = try block(part, number)
                guard block.bytes.count == entry.plainBytes else {
                    throw place.contradiction(
                        "\(block.bytes.count) bytes, the directory says \(entry.plainBytes)"
                    )
                }
                guard entry.firstKey == UInt64(entries), block.count > 0 else {
                    throw place.contradiction(
                        "\(block.count) entries from \(entry.firstKey) on, expected \(entries)"
                    )
                }
                entries += block.count
                if part == .rows, entries != seriesCount,
                    block.count != SegmentFormat.seriesPerRowBlock
                {
                    throw place.contradiction("\(block.count) series")
                }
            }
            let wanted =
                switch part {
                case .names: layout.nameCount
                case .rows: seriesCount
                case .series: 0
                case .postings: layout.postingBlocks == 0 ? 0 : layout.pairCount
                default: layout.pairCount
                }
            guard entries == wanted else {
                throw contradiction(part, expected, "\(entries) entries, the footer says \(wanted)")
            }
        }
        guard expected == layout.directoryOffset else {
            throw contradiction(
                .directory,
                layout.directoryOffset,
                "expected right after byte \(expected)"
            )
        }
    }

    // Names ascend, so do the values of each name, and every pair has a name.
    private func verifyTexts() throws(SegmentError) {
        var lastName: [UInt8]?
        var next = 0
        try forEachName { name, pairs throws(SegmentError) in
            if let lastName, ByteOrder.compare(lastName.span, name.span) >= 0 {
                throw contradiction(.names, layout.chunksEnd, "names that do not ascend")
            }
            lastName = name
            guard pairs.lowerBound == next else {
                throw contradiction(.names, layout.chunksEnd, "pair \(next) has no name")
            }
            next = pairs.upperBound
            var lastValue: [UInt8]?
            try forEachValue(of: pairs) { pair, value throws(SegmentError) in
                if let lastValue, ByteOrder.compare(lastValue.span, value.span) >= 0 {
                    throw contradiction(
                        .values,
                        layout.chunksEnd,
                        "the value of pair \(pair) is not after the one before"
                    )
                }
                lastValue = value
                return true
            }
            return true
        }
        guard next == layout.pairCount else {
            throw contradiction(.names, layout.chunksEnd, "pair \(next) has no name")
        }
    }

    // Returns for each pair the sum of the mixed numbers of its series.
    private func verifySeries() throws(SegmentError) -> [UInt64] {
        var expected = SegmentFormat.headerBytes
        var found = SegmentSummary(storeID: storeID, range: range)
        var pairs = [UInt64](repeating: 0, count: layout.pairCount)
        var row: [Int] = []
        var last: SeriesID?
        var texts = PairTexts(self)
        for series in 0..<seriesCount {
            let number = series / SeriesBlock.seriesCount
            let place = place(of: number, .series)
            let id = try id(of: series)
            if let last, id <= last { throw place.contradiction("\(id) is after \(last)") }
            last = id
            if series % SeriesBlock.seriesCount == 0 {
                guard blockEntry(.series, number).firstKey == id.high else {
                    throw place.contradiction("the directory says that it begins with another id")
                }
            }
            let labels = try texts.labels(of: series)
            guard Labels(checking: labels.bytes) != nil, SeriesIdentity.id(of: labels) == id else {
                throw place.contradiction("\(id) is not the id of \(labels)")
            }
            try readPairs(of: series, into: &row)
            for pair in row { pairs[pair] &+= SegmentReader.mixed(series) }
            let mark = try withSeriesBlock(of: series) { block, _, index in
                SeriesBlock.mark(block, index)
            }
            guard mark == SeriesBlock.mark(of: id) else {
                throw place.contradiction("the mark of \(id) is \(mark)")
            }
            for chunk in try chunks(of: series) {
                guard try header(of: chunk).seriesID == id else {
                    throw contradiction(.chunk, chunk.offset, "not of the series \(id)")
                }
                try verify(chunk, at: &expected, &found)
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
        found.clockStep = summary.clockStep
        guard found == summary else {
            throw contradiction(
                .footer,
                layout.footerOffset,
                "\(found.chunkCount) chunks, \(found.sampleCount) samples, "
                    + "\(found.lateSampleCount) late, from \(found.timeRange.start) to "
                    + "\(found.timeRange.end); header and footer say \(summary.chunkCount), "
                    + "\(summary.sampleCount), \(summary.lateSampleCount), \(timeRange.start), "
                    + "\(timeRange.end)"
            )
        }
        return pairs
    }

    private func verify(
        _ chunk: ChunkRef,
        at expected: inout Int,
        _ found: inout SegmentSummary
    ) throws(SegmentError) {
        guard chunk.offset == expected else {
            throw contradiction(.chunk, chunk.offset, "expected at byte \(expected)")
        }
        var samples = SampleColumns()
        try decode(chunk, into: &samples)
        expected += chunk.byteCount
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

    // Each pair has exactly the series whose rows name it: compared by sums of mixed numbers, which
    // differ for any damage that is not made for it.
    private func verifyPostings(_ expected: [UInt64]) throws(SegmentError) {
        if layout.postingBlocks == 0 { return }
        for (pair, wanted) in expected.enumerated() {
            var set = SeriesSet(of: seriesCount)
            try insertSeries(withPair: pair, into: &set)
            var sum: UInt64 = 0
            for series in set.members { sum &+= SegmentReader.mixed(series) }
            guard sum == wanted else {
                throw contradiction(
                    .postings,
                    layout.chunksEnd,
                    "pair \(pair) has other series than those whose rows name it"
                )
            }
        }
    }

    private static func mixed(_ series: Int) -> UInt64 {
        let product = (UInt64(series) &+ 1).multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return product.high &+ product.low ^ product.low >> 29
    }
}
