// Imports: what of some samples the store has already. Appending decides duplicates against the open
// epoch only (architecture section 5), so that a history that is brought twice would be stored twice,
// and only its reads would hide it.
public import Model

/// Samples that were taken out of what is to be stored.
public struct KnownSamples: Sendable, Equatable {
    /// The store has them with the same bits.
    public var duplicates = 0
    /// The store has another value at their time; that one stays.
    public var conflicts = 0

    /// None.
    public init() {}
}

extension Database {
    /// Takes the samples out of `series` that the store, or the series itself, has already.
    ///
    /// What stays is in ascending time and each time once; of equal times in `series` the first one
    /// counts. Reads from disk.
    ///
    /// Complexity: O(samples of these series in the range of their times), and one selection a metric.
    /// - Throws: `.damaged` and its kin when the store cannot be read.
    public func takeOutKnown(
        _ series: inout [(labels: Labels, samples: SampleColumns)]
    ) throws(SegmentError) -> KnownSamples {
        waitUntilReplayed()
        var known = KnownSamples()
        for index in series.indices { series[index].samples.sortOnce(&known) }
        for group in Dictionary(grouping: series.indices, by: { series[$0].labels.metricName })
            .values
        {
            let times = group.flatMap { index -> [Int64] in
                let times = series[index].samples.times
                return times.isEmpty ? [] : [times[0], times[times.count - 1]]
            }
            guard let first = times.min(), let last = times.max() else { continue }
            let range = TimeRange(Timestamp(ms: first), Timestamp(ms: last))
            let selection = try select(
                matchers(of: series[group[0]].labels, group.count),
                in: range
            )
            for index in group {
                guard let place = selection.place(of: series[index].labels) else { continue }
                var stored = SampleColumns()
                selection.read(at: place, in: series[index].samples.range, into: &stored)
                series[index].samples.remove(stored, &known)
            }
        }
        series.removeAll { $0.samples.count == 0 }
        return known
    }

    // One series is named by all its labels; of several the metric's name finds all at once.
    private func matchers(of labels: Labels, _ count: Int) -> [LabelMatcher] {
        count == 1
            ? labels.array.map { LabelMatcher($0.name, equals: $0.value) }
            : [LabelMatcher(Label.metricName, equals: labels.metricName ?? "")]
    }
}

extension Selection {
    // Series come in the order of their labels.
    fileprivate func place(of wanted: Labels) -> Int? {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if labels(at: middle) < wanted { low = middle + 1 } else { high = middle }
        }
        return low < count && labels(at: low) == wanted ? low : nil
    }
}

extension SampleColumns {
    /// From the first time to the last.
    ///
    /// There must be one.
    fileprivate var range: TimeRange {
        TimeRange(Timestamp(ms: times[0]), Timestamp(ms: times[count - 1]))
    }

    /// Puts the samples into ascending time and keeps the first of each time.
    fileprivate mutating func sortOnce(_ known: inout KnownSamples) {
        let isAscending = zip(times, times.dropFirst()).allSatisfy { $0 < $1 }
        if isAscending { return }
        // Of equal times the order in which they came decides.
        let order = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
        var sorted = SampleColumns()
        for index in order {
            if let last = sorted.times.last, last == times[index] {
                known.count(values[index], beside: sorted.values[sorted.count - 1])
            } else {
                sorted.append(times[index], values[index])
            }
        }
        self = sorted
    }

    /// Removes the samples at times that `stored` has; both are ascending.
    fileprivate mutating func remove(_ stored: SampleColumns, _ known: inout KnownSamples) {
        var kept = SampleColumns()
        var place = 0
        for index in 0..<count {
            while place < stored.count, stored.times[place] < times[index] { place += 1 }
            if place < stored.count, stored.times[place] == times[index] {
                known.count(values[index], beside: stored.values[place])
            } else {
                kept.append(times[index], values[index])
            }
        }
        self = kept
    }
}

extension KnownSamples {
    fileprivate mutating func count(_ value: Double, beside stored: Double) {
        if value.bitPattern == stored.bitPattern { duplicates += 1 } else { conflicts += 1 }
    }
}
