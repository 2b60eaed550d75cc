// What the head holds, counted for status pages.
internal import Codec
public import Model
internal import Platform

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
    /// O(series + label pairs) under the head's lock, a text only for each entry of the lists: for
    /// people, not for polling.
    ///
    /// - Parameter limit: of each list.
    /// - Returns: the counts at this moment.
    public func headStatus(limit: Int) -> HeadStatus {
        head.withLock { head in
            var status = HeadStatus()
            head.index.count(into: &status, limit: limit)
            status.series = head.seriesCount
            (status.chunks, status.range) = head.extent
            return status
        }
    }
}

extension HeadState {
    // Chunks that are seen here, and from when to when they are.
    fileprivate var extent: (chunks: Int, range: TimeRange?) {
        var chunks = 0
        var first = Int64.max
        var last = Int64.min
        for slot in 0..<series.count where series.isHeld(slot) && series[record: slot].isUsed {
            closed.forEach(series[record: slot]) { chunk in
                guard chunk.epoch > sealedEpoch else { return }
                chunks += 1
                first = min(first, chunk.firstTime)
                last = max(last, chunk.lastTime)
            }
            if let encoder = series[slot].encoder {
                chunks += 1
                first = min(first, encoder.firstTime)
                last = max(last, encoder.lastTime)
            }
        }
        guard first <= last else { return (chunks, nil) }
        return (chunks, TimeRange(Timestamp(ms: first), Timestamp(ms: last)))
    }
}

extension HeadIndex {
    fileprivate func count(into status: inout HeadStatus, limit: Int) {
        var metrics = LargestCounts(limit)
        var held = LargestCounts(limit)
        var values = LargestCounts(limit)
        var bytes = LargestCounts(limit)
        let metricName = name(Label.metricName)
        for number in names.indices where !names[number].pairs.isEmpty {
            var count = 0
            var size = 0
            lists.forEach(names[number].pairs) { pair in
                let holders = Int(pairs[Int(pair)].holders.count)
                guard holders > 0 else { return }
                count += 1
                size += texts.range(pairs[Int(pair)].text).count
                held.add(holders, pair) { pairText($0) < pairText($1) }
                if metricName == UInt32(number) {
                    metrics.add(holders, pair) { valueText($0) < valueText($1) }
                }
            }
            guard count > 0 else { continue }
            status.labelPairs += count
            values.add(count, UInt32(number)) { nameText($0) < nameText($1) }
            bytes.add(size, UInt32(number)) { nameText($0) < nameText($1) }
        }
        status.seriesByMetric = metrics.counts { valueText($0) }
        status.seriesByPair = held.counts { pairText($0) }
        status.valuesByLabel = values.counts { nameText($0) }
        status.bytesByLabel = bytes.counts { nameText($0) }
    }

    private func nameText(_ name: UInt32) -> String { texts.string(names[Int(name)].text) }

    private func valueText(_ pair: UInt32) -> String { texts.string(pairs[Int(pair)].text) }

    private func pairText(_ pair: UInt32) -> String {
        "\(nameText(pairs[Int(pair)].name))=\(valueText(pair))"
    }
}

/// The largest of many counts: a heap whose root is the least of them.
struct LargestCounts {
    private let limit: Int
    private var heap: [(count: Int, number: UInt32)] = []

    init(_ limit: Int) {
        self.limit = limit
    }

    /// Adds a count; among equal ones `precedes` says whose name comes first.
    mutating func add(_ count: Int, _ number: UInt32, _ precedes: (UInt32, UInt32) -> Bool) {
        func isLess(
            _ one: (count: Int, number: UInt32),
            _ other: (count: Int, number: UInt32)
        ) -> Bool {
            one.count != other.count
                ? one.count < other.count : precedes(other.number, one.number)
        }
        if heap.count < limit {
            heap.append((count, number))
            var place = heap.count - 1
            while place > 0, isLess(heap[place], heap[(place - 1) / 2]) {
                heap.swapAt(place, (place - 1) / 2)
                place = (place - 1) / 2
            }
        } else if let least = heap.first, isLess(least, (count, number)) {
            heap[0] = (count, number)
            var place = 0
            while true {
                var smallest = place
                for child in [2 * place + 1, 2 * place + 2]
                where child < heap.count && isLess(heap[child], heap[smallest]) {
                    smallest = child
                }
                if smallest == place { break }
                heap.swapAt(place, smallest)
                place = smallest
            }
        }
    }

    /// The counts, the largest first, with their names.
    func counts(_ name: (UInt32) -> String) -> [NameCount] {
        heap.map { NameCount(name: name($0.number), count: $0.count) }
            .sorted { ($1.count, $0.name) < ($0.count, $1.name) }
    }
}
