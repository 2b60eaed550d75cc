// A page of the feed's ring: following batches as rows, the samples of small ones in common columns.
import Model

/// Following batches; the first go before the others.
struct FeedPage {
    // One batch: 40 bytes.
    private struct Row {
        let number: SequenceNumber
        let timeMs: Int64
        let stream: UInt32
        let count: UInt32
        let lateFrom: UInt32
        // Where its samples lie in the columns, or its arrays in `shared`.
        let place: UInt32
        // Where its times lie, `none` for a batch of one time.
        let timesPlace: UInt32
    }

    // The arrays of one batch.
    private struct Arrays {
        var series: [SeriesHandle] = []
        var times: [Int64] = []
        var values: [Double] = []
    }

    private var rows: [Row] = []
    private var series: [SeriesHandle] = []
    private var times: [Int64] = []
    private var values: [Double] = []
    private var shared: [Arrays] = []
    // Rows before it are gone.
    private var first = 0

    private static let rowLimit = 256
    // A batch of more samples shares its arrays: counting a reference to each costs less than a copy.
    private static let copyLimit = 32
    private static let none = UInt32.max

    /// Whether it takes no more batches.
    var isFull: Bool { rows.count == FeedPage.rowLimit }
    /// Whether all its batches are gone.
    var isEmpty: Bool { first == rows.count }
    /// Places of batches are below it.
    var end: Int { rows.count }
    /// The number of the first batch that is here; there must be one.
    var oldest: SequenceNumber { rows[first].number }
    /// The number of the last one.
    var newest: SequenceNumber { rows[rows.count - 1].number }

    /// Adds a batch; gives back the bytes that it takes, about.
    mutating func append(
        _ number: SequenceNumber,
        _ stream: UInt32,
        _ timeMs: Int64,
        _ series: [SeriesHandle],
        _ times: [Int64],
        _ values: [Double],
        _ lateFrom: Int
    ) -> Int {
        var place = self.values.count
        var timesPlace = FeedPage.none
        var timeMs = timeMs
        if values.count > FeedPage.copyLimit {
            place = shared.count
            shared.append(Arrays(series: series, times: times, values: values))
        } else {
            for index in series.indices { self.series.append(series[index]) }
            for index in values.indices { self.values.append(values[index]) }
            if times.count == 1 {
                timeMs = times[0]
            } else if !times.isEmpty {
                timesPlace = UInt32(self.times.count)
                self.times.append(contentsOf: times)
            }
        }
        if rows.isEmpty { rows.reserveCapacity(FeedPage.rowLimit) }
        let row = Row(
            number: number,
            timeMs: timeMs,
            stream: stream,
            count: UInt32(values.count),
            lateFrom: UInt32(lateFrom),
            place: UInt32(place),
            timesPlace: timesPlace
        )
        rows.append(row)
        return byteCount(row)
    }

    /// Takes the first batch away; gives back the bytes that it took.
    mutating func removeFirst() -> Int {
        let row = rows[first]
        let bytes = byteCount(row)
        if Int(row.count) > FeedPage.copyLimit { shared[Int(row.place)] = Arrays() }
        first += 1
        return bytes
    }

    /// Begins again; the memory of small batches stays.
    mutating func removeAll() {
        rows.removeAll(keepingCapacity: true)
        series.removeAll(keepingCapacity: true)
        times.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        shared.removeAll(keepingCapacity: true)
        first = 0
    }

    /// The place of the first batch after `number`; `end` where there is none.
    func place(after number: SequenceNumber) -> Int {
        var low = first
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows[middle].number <= number { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The batch at `place`, which is still here.
    func batch(_ place: Int) -> FeedBatch {
        let row = rows[place]
        let (begin, count) = (Int(row.place), Int(row.count))
        if count > FeedPage.copyLimit {
            let arrays = shared[begin]
            return batch(row, arrays.series[...], arrays.times[...], arrays.values[...])
        }
        var own = times[..<0]
        if row.timesPlace != FeedPage.none {
            own = times[Int(row.timesPlace)..<Int(row.timesPlace) + count]
        }
        return batch(row, series[begin..<begin + count], own, values[begin..<begin + count])
    }

    private func batch(
        _ row: Row,
        _ series: ArraySlice<SeriesHandle>,
        _ times: ArraySlice<Int64>,
        _ values: ArraySlice<Double>
    ) -> FeedBatch {
        FeedBatch(
            number: row.number,
            stream: row.stream,
            series: series,
            times: times,
            timeMs: row.timeMs,
            values: values,
            lateFrom: Int(row.lateFrom)
        )
    }

    private func byteCount(_ row: Row) -> Int {
        let count = Int(row.count)
        if count <= FeedPage.copyLimit {
            let timeBytes = row.timesPlace == FeedPage.none ? 0 : count * 8
            return MemoryLayout<Row>.stride + count * 16 + timeBytes
        }
        let timeBytes = shared[Int(row.place)].times.count * 8
        // Three arrays with a head of 32 bytes each.
        return MemoryLayout<Row>.stride + MemoryLayout<Arrays>.stride + 96 + count * 16 + timeBytes
    }
}
