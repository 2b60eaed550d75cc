// What the head holds, counted for status pages.
internal import Codec
public import Model
internal import Synchronization

/// A name with a count.
public struct NameCount: Hashable, Sendable {
    /// What is counted.
    public let name: String
    /// How many.
    public let count: Int
}

/// Numbers of the head, and its largest metrics and labels.
public struct HeadStatus: Sendable {
    /// Series in the head.
    public var series = 0
    /// Distinct pairs of label name and value.
    public var labelPairs = 0
    /// Chunks in memory.
    public var chunks = 0
    /// From the first to the last sample in memory; nil when there is none.
    public var range: TimeRange?
    /// Series a metric, the most first.
    public var seriesByMetric: [NameCount] = []
    /// Values a label name, the most first.
    public var valuesByLabel: [NameCount] = []
    /// Bytes of all values of a label name, the most first.
    public var bytesByLabel: [NameCount] = []
    /// Series a `name=value` pair, the most first.
    public var seriesByPair: [NameCount] = []
}

extension Database {
    /// Counts the head.
    ///
    /// O(series + label pairs) under the head's lock: for people, not for polling.
    ///
    /// - Parameter limit: of each list.
    /// - Returns: the counts at this moment.
    public func headStatus(limit: Int) -> HeadStatus {
        var status = HeadStatus()
        let counts = head.withLock { head in
            status.series = head.seriesCount
            var first = Int64.max
            var last = Int64.min
            for slot in head.series.indices where head.series[slot].isUsed {
                status.chunks += head.series[slot].closed.count
                for chunk in head.series[slot].closed {
                    first = min(first, chunk.firstTime)
                    last = max(last, chunk.lastTime)
                }
                if let encoder = head.series[slot].encoder {
                    status.chunks += 1
                    first = min(first, encoder.firstTime)
                    last = max(last, encoder.lastTime)
                }
            }
            if first <= last { status.range = TimeRange(Timestamp(ms: first), Timestamp(ms: last)) }
            return head.index.cardinality()
        }
        status.labelPairs = counts.pairs.count
        status.seriesByMetric = HeadStatus.top(counts.metrics, limit)
        status.valuesByLabel = HeadStatus.top(counts.values, limit)
        status.bytesByLabel = HeadStatus.top(counts.bytes, limit)
        status.seriesByPair = HeadStatus.top(counts.pairs, limit)
        return status
    }
}

extension HeadStatus {
    fileprivate static func top(_ counts: [String: Int], _ limit: Int) -> [NameCount] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(limit)
            .map { NameCount(name: $0.key, count: $0.value) }
    }
}
