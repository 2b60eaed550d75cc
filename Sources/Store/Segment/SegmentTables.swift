// Collects what a segment says about its series, and writes it in blocks after the chunks.
import Codec
import Model

/// Symbols, series and postings of a segment that is being written.
///
/// Takes memory by series and label pair, not by sample: about 80 bytes a series and its distinct texts.
struct SegmentTables {
    private var symbols = SymbolTable()
    private var pairs: [(name: UInt32, value: UInt32)] = []
    private var pairNumbers: [UInt64: UInt32] = [:]
    private var pairsOfSeries: [UInt32] = []  // the pairs of all series, one series after the other
    private var seriesEnds: [Int] = []
    private var ids: [SeriesID] = []
    private var chunkEnds: [Int] = []
    private(set) var chunks = ByteSink()
    private(set) var chunkCount = 0

    /// The number of series.
    var seriesCount: Int { ids.count }
    /// The last series.
    var lastID: SeriesID? { ids.last }

    /// Notes a series with its chunks; the ids come ascending.
    mutating func add(_ id: SeriesID, _ labels: Labels, _ refs: [ChunkRef]) {
        let bytes = labels.bytes
        labels.forEachRange { name, value in
            let nameNumber = symbols.intern(bytes.span.extracting(name))
            let valueNumber = symbols.intern(bytes.span.extracting(value))
            let key = UInt64(nameNumber) << 32 | UInt64(valueNumber)
            let fresh = UInt32(pairs.count)
            let number = pairNumbers[key] ?? fresh
            if number == fresh {
                pairNumbers[key] = fresh
                pairs.append((nameNumber, valueNumber))
            }
            pairsOfSeries.append(number)
        }
        seriesEnds.append(pairsOfSeries.count)
        ids.append(id)
        for ref in refs { ref.write(to: &chunks) }
        chunkCount += refs.count
        chunkEnds.append(chunkCount)
    }

    /// Writes all blocks, then the index, and says where they are.
    func write(to output: inout SegmentOutput) throws(SegmentError) -> SegmentLayout {
        var layout = SegmentLayout()
        layout.chunksEnd = output.position
        layout.seriesCount = ids.count
        layout.chunkCount = chunkCount
        layout.symbolCount = symbols.count
        var index = ByteSink()

        let order = symbols.sorted()
        var rank = [UInt32](repeating: 0, count: order.count)
        for (place, number) in order.enumerated() { rank[Int(number)] = UInt32(place) }

        var table = BlockTable()
        try writeSymbols(order, &table, &output)
        layout.symbolBlocks = table.count
        index.raw(table.directory.bytes)

        table = BlockTable()
        let places = try writeSeries(rank, &table, &output)
        layout.seriesBlocks = table.count
        index.raw(table.directory.bytes)

        table = BlockTable()
        try writePostings(rank, &table, &output)
        layout.postingBlocks = table.count
        index.raw(table.directory.bytes)

        for number in ids.indices {
            let first = number == 0 ? 0 : chunkEnds[number - 1]
            SeriesEntry.write(
                id: ids[number],
                firstChunk: first,
                chunkCount: chunkEnds[number] - first,
                block: Int(places[number].block),
                blockOffset: Int(places[number].offset),
                to: &index
            )
        }
        index.raw(chunks.bytes)
        try output.align()
        layout.indexOffset = output.position
        layout.indexChecksum = XXH64.hash(index.bytes.span)
        try output.write(index.bytes)
        layout.footerOffset = output.position
        return layout
    }

    private func writeSymbols(
        _ order: [UInt32],
        _ table: inout BlockTable,
        _ output: inout SegmentOutput
    ) throws(SegmentError) {
        var lengths: [Int] = []
        var texts: [UInt8] = []
        var first = 0
        for (place, number) in order.enumerated() {
            let text = symbols.text(number)
            lengths.append(text.count)
            texts.append(contentsOf: text)
            if texts.count >= SegmentFormat.blockBytes || place == order.count - 1 {
                let block = SymbolBlock.write(lengths: lengths, texts: texts)
                try table.add(block, firstKey: UInt64(first), to: &output)
                lengths.removeAll(keepingCapacity: true)
                texts.removeAll(keepingCapacity: true)
                first = place + 1
            }
        }
    }

    private func writeSeries(
        _ rank: [UInt32],
        _ table: inout BlockTable,
        _ output: inout SegmentOutput
    ) throws(SegmentError) -> [(block: UInt32, offset: UInt32)] {
        var places: [(block: UInt32, offset: UInt32)] = []
        places.reserveCapacity(ids.count)
        var sink = ByteSink()
        var first = 0
        for number in ids.indices {
            places.append((UInt32(table.count), UInt32(sink.count)))
            let start = number == 0 ? 0 : seriesEnds[number - 1]
            sink.varint(UInt64(seriesEnds[number] - start))
            for pair in pairsOfSeries[start..<seriesEnds[number]] {
                sink.varint(UInt64(rank[Int(pairs[Int(pair)].name)]))
                sink.varint(UInt64(rank[Int(pairs[Int(pair)].value)]))
            }
            sink.varint(0)  // no metadata
            if sink.count >= SegmentFormat.blockBytes || number == ids.count - 1 {
                try table.add(sink.bytes, firstKey: UInt64(first), to: &output)
                sink.bytes.removeAll(keepingCapacity: true)
                first = number + 1
            }
        }
        return places
    }

    private func writePostings(
        _ rank: [UInt32],
        _ table: inout BlockTable,
        _ output: inout SegmentOutput
    ) throws(SegmentError) {
        // Counting sort: the series of all pairs in one array, each pair's from its start on.
        var starts = [Int](repeating: 0, count: pairs.count + 1)
        for pair in pairsOfSeries { starts[Int(pair) + 1] += 1 }
        for index in pairs.indices { starts[index + 1] += starts[index] }
        var fill = starts
        var holders = [UInt32](repeating: 0, count: pairsOfSeries.count)
        var start = 0
        for (number, end) in seriesEnds.enumerated() {
            for pair in pairsOfSeries[start..<end] {
                holders[fill[Int(pair)]] = UInt32(number)
                fill[Int(pair)] += 1
            }
            start = end
        }
        let order = pairs.indices.map { index in
            (
                key: PairKey(
                    name: rank[Int(pairs[index].name)],
                    value: rank[Int(pairs[index].value)]
                ),
                index: index
            )
        }.sorted { $0.key < $1.key }
        var sink = ByteSink()
        var first: PairKey?
        for (place, entry) in order.enumerated() {
            first = first ?? entry.key
            PostingEntry.write(
                entry.key,
                holders[starts[entry.index]..<starts[entry.index + 1]],
                to: &sink
            )
            if sink.count >= SegmentFormat.blockBytes || place == order.count - 1 {
                try table.add(sink.bytes, firstKey: first?.raw ?? 0, to: &output)
                sink.bytes.removeAll(keepingCapacity: true)
                first = nil
            }
        }
    }
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
        to output: inout SegmentOutput
    ) throws(SegmentError) {
        let packed = SnappyBlock.compress(block.span)
        let stored = packed.count < block.count ? packed : block
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
