// Puts the chunks of one series together: architecture section 5, "Late samples".
import Model

/// Collects columns in order of their sequence; of equal times the first one added wins.
struct ColumnMerge {
    private let range: TimeRange
    private var merged = SampleColumns()

    init(_ range: TimeRange) {
        self.range = range
    }

    /// Adds the ascending samples of one chunk.
    mutating func add(_ chunk: SampleColumns) {
        let first = chunk.times.firstIndex { $0 >= range.start.ms } ?? chunk.count
        let end = (chunk.times.lastIndex { $0 <= range.end.ms } ?? -1) + 1
        guard first < end else { return }
        // The usual case: what comes later in the sequence is later in time.
        if merged.times.isEmpty || chunk.times[first] > merged.times[merged.count - 1] {
            merged.times.append(contentsOf: chunk.times[first..<end])
            merged.values.append(contentsOf: chunk.values[first..<end])
            return
        }
        var both = SampleColumns()
        both.times.reserveCapacity(merged.count + end - first)
        both.values.reserveCapacity(merged.count + end - first)
        var left = 0
        var right = first
        while left < merged.count || right < end {
            let takesLeft =
                right >= end || left < merged.count && merged.times[left] <= chunk.times[right]
            if takesLeft {
                if right < end, merged.times[left] == chunk.times[right] { right += 1 }
                both.append(merged.times[left], merged.values[left])
                left += 1
            } else {
                both.append(chunk.times[right], chunk.values[right])
                right += 1
            }
        }
        merged = both
    }

    /// Adds everything to the end of `columns`.
    consuming func finish(into columns: inout SampleColumns) {
        if columns.count == 0 {
            columns = merged
        } else {
            columns.times.append(contentsOf: merged.times)
            columns.values.append(contentsOf: merged.values)
        }
    }
}
