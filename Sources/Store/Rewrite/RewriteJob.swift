// Writes one segment from several: series by series in the order of their ids, so that no more than
// one series is in memory at a time. What it puts where: Store.docc/cold-rewrite.md
internal import Codec
internal import Model
internal import Platform

/// Why a merge did not happen.
enum RewriteError: Error {
    /// The store closes.
    case stopped
    /// An input cannot be read; the others are fine.
    case input(name: String, SegmentError)
    /// The output cannot be written.
    case output(SegmentError)
    /// Merging would hide a sample that a destination still waits for.
    case wouldHide
}

/// One merge.
struct RewriteJob {
    let inputs: [SegmentReader]
    /// Whether late samples are merged into order.
    let mergesLate: Bool
    let storeID: StoreID
    let compressor: any Compressor

    /// Exactly the batches of the inputs, which are neighbours.
    var range: SequenceRange {
        SequenceRange(after: inputs[0].range.after, through: inputs[inputs.count - 1].range.through)
    }

    /// The output's name.
    var name: String { StoreLayout.segmentName(storeID, range, isCold: true) }

    /// The inputs' length.
    var inputBytes: Int { inputs.reduce(0) { $0 + $1.byteCount } }

    /// Puts everything but the end into a segment.
    ///
    /// - Parameters:
    ///   - sink: where it goes.
    ///   - pace: told of each series.
    /// - Returns: the writer, to be finished with `ledger`, or abandoned.
    /// - Throws: `RewriteError`; nothing is left of the output then.
    func write(
        to sink: any SegmentSink,
        _ pace: inout RewritePace
    ) throws(RewriteError) -> SegmentWriter {
        // Each once, from its start to its end. Replaced, they go; else they are for queries again.
        for input in inputs { input.advise(.sequential) }
        defer { for input in inputs { input.advise(.random) } }
        var writer: SegmentWriter
        do throws(SegmentError) {
            writer = try SegmentWriter(sink, storeID: storeID, range: range)
        } catch {
            sink.discard()
            throw .output(error)
        }
        do throws(RewriteError) {
            try add(to: &writer, &pace)
        } catch {
            writer.abandon()
            throw error
        }
        return writer
    }

    /// The sum of the inputs' ledgers.
    /// - Throws: `.input` for one that cannot be read.
    func ledger() throws(RewriteError) -> Ledger {
        var sum = Ledger()
        for input in inputs {
            do throws(CodecError) {
                sum.add(try Ledger(input.ledgerBytes))
            } catch {
                throw .input(
                    name: input.name,
                    .undecodable(path: input.path, part: .footer, offset: 0, cause: error)
                )
            }
        }
        return sum
    }

    // One place in each input, all moving on through the ids.
    private func add(
        to writer: inout SegmentWriter,
        _ pace: inout RewritePace
    ) throws(RewriteError) {
        var places = [Int](repeating: 0, count: inputs.count)
        var pairs = [PairNumbers](repeating: PairNumbers(), count: inputs.count)
        var row: [Int] = []
        var labels: [UInt32] = []
        var ids: [SeriesID?] = []
        for index in inputs.indices { ids.append(try id(index, 0)) }
        while let lowest = ids.lazy.compactMap({ $0 }).min() {
            let holders = ids.indices.filter { ids[$0] == lowest }
            let first = holders[0]
            try read(first) { segment throws(SegmentError) in
                try segment.readPairs(of: places[first], into: &row)
            }
            labels.removeAll(keepingCapacity: true)
            for pair in row {
                let number = UInt32(pair)
                if !pairs[first].contains(number) {
                    let text = try read(first) { segment throws(SegmentError) in
                        try segment.text(ofPair: pair)
                    }
                    pairs[first][number] = writer.intern(text.span)
                }
                labels.append(pairs[first][number])
            }
            let series = try merge(holders, places)
            let bytes = series.chunks.reduce(0) { $0 + $1.payload.count }
            do throws(SegmentError) {
                writer.startSeries(lowest, pairs: labels.span)
                for chunk in series.chunks { try writer.add(chunk) }
            } catch {
                throw .output(error)
            }
            for holder in holders {
                places[holder] += 1
                ids[holder] = try id(holder, places[holder])
                if let id = ids[holder], id <= lowest {
                    throw .input(name: inputs[holder].name, inputs[holder].disorder(id, lowest))
                }
            }
            // What was read is about as much as what is written, or twice that.
            guard pace.spend(chunks: series.chunksRead, bytes: Int64(3 * bytes)) else {
                throw .stopped
            }
        }
    }

    private func id(_ input: Int, _ place: Int) throws(RewriteError) -> SeriesID? {
        guard place < inputs[input].seriesCount else { return nil }
        return try read(input) { segment throws(SegmentError) in try segment.id(of: place) }
    }

    private struct Series {
        var chunks: [SealedChunk] = []
        var chunksRead = 0
    }

    private func merge(_ holders: [Int], _ places: [Int]) throws(RewriteError) -> Series {
        var series = Series()
        var inOrder: [SeriesMerge.Source] = []
        var late: [SeriesMerge.Source] = []
        for holder in holders {
            let chunks = try read(holder) { segment throws(SegmentError) in
                try segment.chunks(of: places[holder])
            }
            for chunk in chunks {
                let source = SeriesMerge.Source(
                    startMs: chunk.start.ms,
                    rank: series.chunksRead,
                    segment: holder,
                    chunk: chunk
                )
                series.chunksRead += 1
                if chunk.isLate, !mergesLate { late.append(source) } else { inOrder.append(source) }
            }
        }
        var merge = SeriesMerge()
        var chunks: [SealedChunk] = []
        try merge.run(inOrder) { (source, samples) throws(RewriteError) in
            try decode(source, &samples)
        } emit: { (samples) throws(RewriteError) in
            chunks.append(SealedChunk(samples, flags: [], with: compressor, isPacked: true))
        }
        if !mergesLate, merge.hiddenCount > 0 { throw .wouldHide }
        for source in late {
            var samples = SampleColumns()
            try decode(source, &samples)
            chunks.append(SealedChunk(samples, flags: .late, with: compressor, isPacked: true))
        }
        series.chunks = chunks
        return series
    }

    private func decode(
        _ source: SeriesMerge.Source,
        _ samples: inout SampleColumns
    ) throws(RewriteError) {
        try read(source.segment) { segment throws(SegmentError) in
            try segment.decode(source.chunk, into: &samples)
        }
    }

    private func read<R>(
        _ input: Int,
        _ body: (SegmentReader) throws(SegmentError) -> R
    ) throws(RewriteError) -> R {
        do throws(SegmentError) {
            return try body(inputs[input])
        } catch {
            throw .input(name: inputs[input].name, error)
        }
    }
}

extension SegmentReader {
    // Of a damaged one: the ids of a segment ascend.
    fileprivate func disorder(_ id: SeriesID, _ last: SeriesID) -> SegmentError {
        contradiction(.series, layout.chunksEnd, "series \(id) after \(last)")
    }
}
