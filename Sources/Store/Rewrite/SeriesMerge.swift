// The chunks of one series, from several segments, in order of time and in chunks of a better size.
import Model

/// Merges chunks as they overlap, with as many decoded at a time as overlap.
///
/// Of samples with the same time the one of the lowest rank stays: the lower sequence wins.
struct SeriesMerge {
    /// A chunk that is still to be decoded.
    struct Source {
        var startMs: Int64
        /// Its place in the sequence; no two are the same.
        var rank: Int
        /// Whose it is, for the caller.
        var segment: Int
        var chunk: ChunkRef
    }

    private struct Open {
        var samples: SampleColumns
        var next: Int
        let rank: Int
    }

    /// A chunk is closed at this many samples.
    static let chunkPoints = 8000

    private var open: [Open] = []
    private var merged = SampleColumns()
    /// Samples that another of the same time hides.
    private(set) var hiddenCount = 0

    /// Merges `sources` and hands out chunks in order of time.
    ///
    /// - Parameters:
    ///   - sources: in any order.
    ///   - decode: adds a chunk's samples to the columns.
    ///   - emit: takes a chunk's samples, at least one.
    /// - Throws: what `decode` and `emit` throw.
    mutating func run<E: Error>(
        _ sources: [Source],
        decode: (Source, inout SampleColumns) throws(E) -> Void,
        emit: (SampleColumns) throws(E) -> Void
    ) throws(E) {
        let sources = sources.sorted { ($0.startMs, $0.rank) < ($1.startMs, $1.rank) }
        for index in sources.indices {
            // Everything before the next chunk's start is final.
            try drain(before: sources[index].startMs, emit)
            var samples = SampleColumns()
            try decode(sources[index], &samples)
            open.append(Open(samples: samples, next: 0, rank: sources[index].rank))
        }
        try drain(before: nil, emit)
        try flush(emit)
    }

    // Moves the open samples before `end`, or all of them, to the merged ones.
    private mutating func drain<E: Error>(
        before end: Int64?,
        _ emit: (SampleColumns) throws(E) -> Void
    ) throws(E) {
        while !open.isEmpty {
            if open.count == 1 {
                takeRun(before: end)
            } else {
                guard takeOne(before: end) else { return }
            }
            open.removeAll { $0.next >= $0.samples.count }
            if merged.count >= 2 * SeriesMerge.chunkPoints { try cut(emit) }
            if open.count == 1, let end, open[0].samples.times[open[0].next] >= end { return }
        }
    }

    // The usual case: one chunk at a time.
    private mutating func takeRun(before end: Int64?) {
        let samples = open[0].samples
        let first = open[0].next
        var last = samples.count
        if let end, samples.times[last - 1] >= end {
            var low = first
            while low < last {
                let middle = (low + last) / 2
                if samples.times[middle] < end { low = middle + 1 } else { last = middle }
            }
        }
        merged.times.append(contentsOf: samples.times[first..<last])
        merged.values.append(contentsOf: samples.values[first..<last])
        open[0].next = last
    }

    private mutating func takeOne(before end: Int64?) -> Bool {
        var time = Int64.max
        var winner = 0
        for index in open.indices {
            let own = open[index].samples.times[open[index].next]
            if own < time || own == time && (index == 0 || open[index].rank < open[winner].rank) {
                time = own
                winner = index
            }
        }
        if let end, time >= end { return false }
        merged.append(time, open[winner].samples.values[open[winner].next])
        for index in open.indices where open[index].samples.times[open[index].next] == time {
            open[index].next += 1
            if index != winner { hiddenCount += 1 }
        }
        return true
    }

    private mutating func cut<E: Error>(_ emit: (SampleColumns) throws(E) -> Void) throws(E) {
        var start = 0
        while merged.count - start >= 2 * SeriesMerge.chunkPoints {
            try emit(merged.part(start..<start + SeriesMerge.chunkPoints))
            start += SeriesMerge.chunkPoints
        }
        merged = merged.part(start..<merged.count)
    }

    // The rest in equal chunks: none of them is a small one.
    private mutating func flush<E: Error>(_ emit: (SampleColumns) throws(E) -> Void) throws(E) {
        let count = merged.count
        guard count > 0 else { return }
        let chunks = (count + SeriesMerge.chunkPoints - 1) / SeriesMerge.chunkPoints
        for chunk in 0..<chunks {
            try emit(merged.part(count * chunk / chunks..<count * (chunk + 1) / chunks))
        }
        merged.removeAll()
    }
}

extension SampleColumns {
    fileprivate func part(_ range: Range<Int>) -> SampleColumns {
        var part = SampleColumns()
        part.times = Array(times[range])
        part.values = Array(values[range])
        return part
    }
}
