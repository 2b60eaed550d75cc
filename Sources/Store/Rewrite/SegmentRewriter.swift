// A segment for other eyes: other labels, the same samples. Architecture section 5, "Agent to agent".
internal import Codec
public import Model
public import Platform

/// Copies a segment under other labels; payloads are copied as they are, byte for byte.
///
/// Every checksum is checked on the way, so that a copy never vouches for damage.
public struct SegmentRewriter {
    /// What the copy counts as; nil keeps what the source says.
    public struct Identity: Sendable {
        /// Whose batches they are.
        public var storeID: StoreID
        /// Which batches.
        public var range: SequenceRange
        /// What its footer says of its sources.
        public var ledger: Ledger

        /// States everything.
        public init(storeID: StoreID, range: SequenceRange, ledger: Ledger) {
            self.storeID = storeID
            self.range = range
            self.ledger = ledger
        }
    }

    /// What became of a segment.
    public struct Outcome: Sendable, Equatable {
        /// What the copy says about itself.
        public var summary: SegmentSummary
        /// Series that were left out.
        public var filteredSeries = 0
        /// Their samples.
        public var filteredSamples = 0
        /// Series that lost their own name to another one.
        public var joinedSeries = 0
        /// Chunks of such series that overlap the other's in time: they are marked as late, so that
        /// none is hidden from a reader that merges.
        public var overlappingChunks = 0

        init(_ summary: SegmentSummary) {
            self.summary = summary
        }
    }

    private let source: SegmentReader
    private let identity: Identity?
    private let labels: (Labels) -> Labels?

    /// Makes a rewriter that has not read anything yet.
    ///
    /// - Parameters:
    ///   - source: what is copied.
    ///   - identity: what the copy counts as.
    ///   - labels: what a series is called in the copy; nil, or no labels at all, leaves it out. It is
    ///     asked twice a series and must answer the same.
    public init(
        _ source: SegmentReader,
        as identity: Identity? = nil,
        labels: @escaping (Labels) -> Labels?
    ) {
        self.source = source
        self.identity = identity
        self.labels = labels
    }

    /// Writes the copy.
    ///
    /// It names no segments as replaced: those names mean something in the source's store only.
    ///
    /// - Parameter sink: empty; published when this returns, discarded when it throws.
    /// - Returns: what became of the segment.
    /// - Throws: `SegmentError`, with the source's path when that is damaged.
    /// - Complexity: memory for 24 bytes a series and a chunk.
    public func write(to sink: any SegmentSink) throws(SegmentError) -> Outcome {
        source.advise(.sequential)
        defer { source.advise(.random) }
        var outcome = Outcome(source.summary)
        let order: [(id: SeriesID, series: Int)]
        var writer: SegmentWriter
        do throws(SegmentError) {
            order = try plan(&outcome)
            writer = try SegmentWriter(
                sink,
                storeID: identity?.storeID ?? source.storeID,
                range: identity?.range ?? source.range
            )
        } catch {
            sink.discard()
            throw error
        }
        do throws(SegmentError) {
            try copy(order, to: &writer, &outcome)
        } catch {
            writer.abandon()
            throw error
        }
        outcome.summary = try writer.finish(
            ledger: identity?.ledger.bytes ?? source.ledgerBytes,
            replaced: [],
            clockStep: clockStep
        )
        return outcome
    }

    /// Writes the copy as a file; `path` with `.tmp` behind it is used until it is whole.
    ///
    /// - Throws: as `write(to:)`.
    public func write(
        _ fileSystem: any FileSystem,
        path: String
    ) throws(SegmentError) -> Outcome {
        try write(
            to: SegmentFile(fileSystem, path: path, reserving: Int64(source.byteCount))
        )
    }

    // A step inside of the source lies somewhere inside of the copy: its end is the safe side.
    private var clockStep: SequenceNumber {
        let step = source.summary.clockStep
        guard let identity else { return step }
        return step > source.range.after ? identity.range.through : .zero
    }

    // The copy's series in the order of their ids; of equal ones the source's first comes first.
    private func plan(
        _ outcome: inout Outcome
    ) throws(SegmentError) -> [(id: SeriesID, series: Int)] {
        var order: [(id: SeriesID, series: Int)] = []
        order.reserveCapacity(source.seriesCount)
        for series in 0..<source.seriesCount {
            guard let labels = labels(try source.labels(of: series)), !labels.isEmpty else {
                outcome.filteredSeries += 1
                for chunk in try source.chunks(of: series) {
                    outcome.filteredSamples += Int(try source.header(of: chunk).pointCount)
                }
                continue
            }
            order.append((SeriesIdentity.id(of: labels), series))
        }
        order.sort { ($0.id, $0.series) < ($1.id, $1.series) }
        return order
    }

    private func copy(
        _ order: [(id: SeriesID, series: Int)],
        to writer: inout SegmentWriter,
        _ outcome: inout Outcome
    ) throws(SegmentError) {
        var first = 0
        while first < order.count {
            var end = first + 1
            while end < order.count, order[end].id == order[first].id { end += 1 }
            let series = order[first].series
            guard let labels = labels(try source.labels(of: series)) else {
                preconditionFailure("BUG: a series got labels once and none the second time")
            }
            writer.startSeries(order[first].id, labels)
            if end == first + 1 {
                for chunk in try source.chunks(of: series) {
                    try copy(chunk, to: &writer)
                }
            } else {
                outcome.joinedSeries += end - first - 1
                try copyJoined(order[first..<end].map(\.series), to: &writer, &outcome)
            }
            first = end
        }
    }

    // Chunks in the order of their times, those of the earlier series first where they overlap.
    private func copyJoined(
        _ series: [Int],
        to writer: inout SegmentWriter,
        _ outcome: inout Outcome
    ) throws(SegmentError) {
        var inOrder: [ChunkRef] = []
        var late: [ChunkRef] = []
        var ends: [Int64] = []  // of `inOrder`, ascending as the chunks are
        for one in series {
            for chunk in try source.chunks(of: one) {
                guard !chunk.isLate else {
                    late.append(chunk)
                    continue
                }
                let place = ends.partitioningIndex { $0 >= chunk.start.ms }
                if place == inOrder.count || chunk.end < inOrder[place].start {
                    inOrder.insert(chunk, at: place)
                    ends.insert(chunk.end.ms, at: place)
                } else {
                    late.append(chunk)
                    outcome.overlappingChunks += 1
                }
            }
        }
        for chunk in inOrder { try copy(chunk, to: &writer) }
        for chunk in late { try copy(chunk, and: .late, to: &writer) }
    }

    private func copy(
        _ chunk: ChunkRef,
        and flags: ChunkFlags = [],
        to writer: inout SegmentWriter
    ) throws(SegmentError) {
        var header = try source.header(of: chunk)
        let content = try source.content(of: chunk)
        header.flags.formUnion(flags)
        try writer.add(content.span.extracting(ChunkHeader.byteCount...), header)
    }
}

extension Array {
    // The first index whose element is `true` to `isBehind`, which once true stays true.
    fileprivate func partitioningIndex(_ isBehind: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if isBehind(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
