// Puts the chunks of one series together: architecture section 5, "Late samples".
import Model

/// Adds chunks to columns in order of their sequence; of equal times the first one added wins.
///
/// A chunk is decoded straight to the end of the columns. That is where it stays in the usual case:
/// what comes later in the sequence is later in time. So nothing is allocated for it.
struct ColumnMerge {
    private let range: TimeRange
    /// Where this series begins in the columns.
    private let base: Int

    /// Starts behind what `columns` holds; only samples inside `range` will stay.
    init(_ range: TimeRange, behind columns: SampleColumns) {
        self.range = range
        base = columns.count
    }

    /// Takes in what lies from `start` to the end of `columns`: the ascending samples of one chunk.
    func settle(from start: Int, in columns: inout SampleColumns) {
        cut(from: start, in: &columns)
        guard start > base, start < columns.count, columns.times[start] <= columns.times[start - 1]
        else { return }
        // Only what is not before the new samples has to move.
        let first = ColumnMerge.lowerBound(
            columns.times.span,
            columns.times[start],
            base..<start
        )
        var both = SampleColumns()
        both.times.reserveCapacity(columns.count - first)
        both.values.reserveCapacity(columns.count - first)
        var left = first
        var right = start
        while left < start || right < columns.count {
            let takesLeft =
                right >= columns.count
                || left < start && columns.times[left] <= columns.times[right]
            if takesLeft {
                if right < columns.count, columns.times[left] == columns.times[right] { right += 1 }
                both.append(columns.times[left], columns.values[left])
                left += 1
            } else {
                both.append(columns.times[right], columns.values[right])
                right += 1
            }
        }
        columns.cut(to: first)
        columns.times.append(contentsOf: both.times)
        columns.values.append(contentsOf: both.values)
    }

    // Drops what lies outside the range at either end.
    private func cut(from start: Int, in columns: inout SampleColumns) {
        let count = columns.count
        guard start < count else { return }
        if columns.times[count - 1] > range.end.ms {
            let end =
                range.end.ms == .max
                ? count
                : ColumnMerge.lowerBound(columns.times.span, range.end.ms + 1, start..<count)
            columns.cut(to: end)
            if end == start { return }
        }
        if columns.times[start] < range.start.ms {
            let first = ColumnMerge.lowerBound(
                columns.times.span,
                range.start.ms,
                start..<columns.count
            )
            columns.times.removeSubrange(start..<first)
            columns.values.removeSubrange(start..<first)
        }
    }

    // The first place whose time is not before `time`.
    private static func lowerBound(_ times: Span<Int64>, _ time: Int64, _ range: Range<Int>) -> Int
    {
        var low = range.lowerBound
        var high = range.upperBound
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
