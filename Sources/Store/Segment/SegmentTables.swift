// Collects what a segment says about its series, and writes it in blocks after the chunks.
// Byte layout: Store.docc/segment-file.md
import Codec
import Model

/// Names, values, rows, postings and series blocks of a segment that is being written.
///
/// Takes memory by series, chunk and label pair, not by sample: about 24 bytes a series and as many a chunk, 4 a
/// label, and the distinct pairs' texts.
struct SegmentTables {
    private var pairs = PairTable()
    private var pairsOfSeries: [UInt32] = []  // the pairs of all series, one series after the other
    private var pairEnds: [Int] = []
    private var ids: [SeriesID] = []
    private var chunkEnds: [Int] = []
    private var chunks: [ChunkNote] = []

    /// The number of series.
    var seriesCount: Int { ids.count }
    /// The number of chunks.
    var chunkCount: Int { chunks.count }
    /// The last series.
    var lastID: SeriesID? { ids.last }
    /// Whether the last series has no chunk yet.
    var lastSeriesIsEmpty: Bool {
        guard let end = chunkEnds.last else { return false }
        return end == (chunkEnds.count > 1 ? chunkEnds[chunkEnds.count - 2] : 0)
    }

    /// The number of a pair, of name and value with their lengths in front.
    mutating func intern(_ pair: Span<UInt8>) -> UInt32 {
        pairs.intern(pair)
    }

    /// Notes a series; the ids come ascending.
    mutating func add(_ id: SeriesID, pairs: Span<UInt32>) {
        for index in pairs.indices { pairsOfSeries.append(pairs[index]) }
        pairEnds.append(pairsOfSeries.count)
        ids.append(id)
        chunkEnds.append(chunks.count)
    }

    /// Notes a chunk of the series that was added last.
    mutating func add(_ chunk: ChunkNote) {
        chunks.append(chunk)
        chunkEnds[chunkEnds.count - 1] = chunks.count
    }

    /// Writes all blocks, then the directory, and says where they are.
    mutating func write(
        to output: inout SegmentOutput,
        _ times: TimeRange
    ) throws(SegmentError) -> SegmentLayout {
        var layout = SegmentLayout()
        layout.chunksEnd = output.position
        layout.seriesCount = ids.count
        layout.chunkCount = chunks.count
        layout.pairCount = pairs.count
        var table = BlockTable()
        let (names, order) = pairs.sorted()
        layout.nameCount = names.count
        layout.nameBlocks = try writeNames(names, &table, &output)
        layout.valueBlocks = try writeValues(order, &table, &output)
        rankPairs(order)
        layout.rowBlocks = try writeRows(&table, &output)
        if layout.rowBlocks > 1 {
            layout.postingBlocks = try writePostings(&table, &output)
        }
        layout.seriesBlocks = try writeSeries(times, &table, &output)
        layout.directoryOffset = output.position
        layout.directoryChecksum = XXH64.hash(table.directory.bytes.span)
        try output.write(table.directory.bytes)
        layout.footerOffset = output.position
        return layout
    }

    private func writeNames(
        _ names: [(text: [UInt8], pairCount: Int)],
        _ table: inout BlockTable,
        _ output: inout SegmentOutput
    ) throws(SegmentError) -> Int {
        let before = table.count
        var block = EntryBlockWriter()
        var first = 0
        var pair = 0
        var last: [UInt8] = []
        for (place, name) in names.enumerated() {
            block.add(name.text.span, after: last.span)
            block.entries.varint(UInt64(pair))
            pair += name.pairCount
            last = name.text
            if block.isFull || place == names.count - 1 {
                try table.add(block.finish(), firstKey: UInt64(first), to: &output)
                first = place + 1
            }
        }
        return table.count - before
    }

    private func writeValues(
        _ order: [UInt32],
        _ table: inout BlockTable,
        _ output: inout SegmentOutput
    ) throws(SegmentError) -> Int {
        let before = table.count
        var block = EntryBlockWriter()
        var first = 0
        for (place, pair) in order.enumerated() {
            pairs.withValue(of: pair) { text in
                pairs.withValue(of: place == 0 ? pair : order[place - 1]) { last in
                    block.add(text, after: last)
                }
            }
            if block.isFull || place == order.count - 1 {
                try table.add(block.finish(), firstKey: UInt64(first), to: &output)
                first = place + 1
            }
        }
        return table.count - before
    }

    // From here on pairs go by their places in the order of names, then values, and a series has its
    // own ascending. So they come, but for those of a segment that was forged and is merged.
    private mutating func rankPairs(_ order: [UInt32]) {
        var rank = [UInt32](repeating: 0, count: order.count)
        for (place, number) in order.enumerated() { rank[Int(number)] = UInt32(place) }
        var start = 0
        var kept = 0
        for series in pairEnds.indices {
            let end = pairEnds[series]
            let keptStart = kept
            var ascends = true
            for index in start..<end {
                let pair = rank[Int(pairsOfSeries[index])]
                if kept > keptStart, pairsOfSeries[kept - 1] >= pair { ascends = false }
                pairsOfSeries[kept] = pair
                kept += 1
            }
            if !ascends {
                let row = Set(pairsOfSeries[keptStart..<kept]).sorted()
                pairsOfSeries.replaceSubrange(keptStart..<keptStart + row.count, with: row)
                kept = keptStart + row.count
            }
            start = end
            pairEnds[series] = kept
        }
        pairsOfSeries.removeSubrange(kept...)
    }

    private func writeRows(
        _ table: inout BlockTable,
        _ output: inout SegmentOutput
    ) throws(SegmentError) -> Int {
        let before = table.count
        var block = EntryBlockWriter()
        var first = 0
        var start = 0
        for (series, end) in pairEnds.enumerated() {
            _ = block.beginEntry()
            block.entries.varint(UInt64(end - start) << 1)  // no metadata
            var last: UInt32 = 0
            for index in start..<end {
                block.entries.varint(UInt64(pairsOfSeries[index] - last))
                last = pairsOfSeries[index]
            }
            start = end
            if block.count == SegmentFormat.seriesPerRowBlock || series == pairEnds.count - 1 {
                try table.add(block.finish(), firstKey: UInt64(first), to: &output)
                first = series + 1
            }
        }
        return table.count - before
    }

    private func writePostings(
        _ table: inout BlockTable,
        _ output: inout SegmentOutput
    ) throws(SegmentError) -> Int {
        // Counting sort: the series of all pairs in one array, each pair's from its start on.
        var starts = [Int](repeating: 0, count: pairs.count + 1)
        for pair in pairsOfSeries { starts[Int(pair) + 1] += 1 }
        for index in 0..<pairs.count { starts[index + 1] += starts[index] }
        var fill = starts
        var holders = [UInt32](repeating: 0, count: pairsOfSeries.count)
        var start = 0
        for (series, end) in pairEnds.enumerated() {
            for index in start..<end {
                let pair = Int(pairsOfSeries[index])
                holders[fill[pair]] = UInt32(series)
                fill[pair] += 1
            }
            start = end
        }
        let before = table.count
        var block = EntryBlockWriter()
        var first = 0
        for pair in 0..<pairs.count {
            _ = block.beginEntry()
            PostingList.write(
                holders[starts[pair]..<starts[pair + 1]],
                of: ids.count,
                to: &block.entries
            )
            if block.isFull || pair == pairs.count - 1 {
                try table.add(block.finish(), firstKey: UInt64(first), to: &output)
                first = pair + 1
            }
        }
        return table.count - before
    }

    private func writeSeries(
        _ times: TimeRange,
        _ table: inout BlockTable,
        _ output: inout SegmentOutput
    ) throws(SegmentError) -> Int {
        let before = table.count
        var offset = SegmentFormat.headerBytes
        for first in stride(from: 0, to: ids.count, by: SeriesBlock.seriesCount) {
            let end = min(ids.count, first + SeriesBlock.seriesCount)
            let block = SeriesBlock.write(
                ids[first..<end],
                chunkEnds[first..<end],
                firstChunk: first == 0 ? 0 : chunkEnds[first - 1],
                chunks,
                at: &offset,
                times
            )
            try table.add(block, firstKey: ids[first].high, isPacked: false, to: &output)
        }
        return table.count - before
    }
}

extension EntryBlockWriter {
    /// Whether the block is closed now.
    var isFull: Bool { entries.count >= SegmentFormat.blockBytes }
}

/// Writes blocks one after the other and remembers where they went.
struct BlockTable {
    /// The entries of the blocks so far.
    private(set) var directory = ByteSink()

    /// The number of blocks so far.
    var count: Int { directory.count / SegmentFormat.blockEntryBytes }

    /// Writes a block, in Snappy's form where that is smaller.
    mutating func add(
        _ block: [UInt8],
        firstKey: UInt64,
        isPacked: Bool = true,
        to output: inout SegmentOutput
    ) throws(SegmentError) {
        var stored = block
        if isPacked {
            let packed = SnappyBlock.compress(block.span)
            if packed.count < block.count { stored = packed }
        }
        let entry = BlockEntry(
            stored: stored,
            at: output.position,
            plainBytes: block.count,
            firstKey: firstKey
        )
        entry.write(to: &directory)
        try output.write(stored)
    }
}
