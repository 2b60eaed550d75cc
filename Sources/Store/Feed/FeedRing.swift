// The newest batches, kept in memory for destinations that follow in step.
import Model

/// One stored batch, in the order in which the feed gives it out: samples in order, then late ones.
struct FeedBatch: Sendable {
    /// Its number.
    let number: SequenceNumber
    /// Whose it is: two batches of one stream never share a slice.
    let stream: UInt32
    /// One a sample: the series in the feed's table.
    let series: [SeriesHandle]
    /// Empty when all samples have the time `timeMs`.
    let times: [Int64]
    /// The batch's own time.
    let timeMs: Int64
    /// One a sample.
    let values: [Double]
    /// Samples from here on are late.
    let lateFrom: Int

    /// The number of samples.
    var count: Int { values.count }

    /// The time of sample `index`.
    func time(_ index: Int) -> Int64 { times.isEmpty ? timeMs : times[index] }

    /// Bytes that it takes in memory, about.
    var byteCount: Int { 96 + series.count * 8 + times.count * 8 + values.count * 8 }
}

/// Batches in sequence, bounded by bytes: the oldest go first.
struct FeedRing {
    private var batches: [FeedBatch] = []
    private var first = 0  // batches before it are gone
    private var bytes = 0
    private let byteLimit: Int
    /// All batches after this number are in the ring.
    private(set) var coversAfter: SequenceNumber

    init(after number: SequenceNumber, byteLimit: Int) {
        coversAfter = number
        self.byteLimit = byteLimit
    }

    /// The number of the newest batch, or what the ring began after.
    var newest: SequenceNumber { batches.last?.number ?? coversAfter }

    /// The oldest number that is still here; slots named by older batches may be used again.
    var oldest: SequenceNumber { first < batches.count ? batches[first].number : newest }

    /// Adds the newest batch.
    mutating func append(_ batch: consuming FeedBatch) {
        bytes += batch.byteCount
        batches.append(batch)
        while bytes > byteLimit, first < batches.count - 1 {
            bytes -= batches[first].byteCount
            coversAfter = batches[first].number
            first += 1
        }
        // Move the rest forward seldom enough that it costs O(1) a batch.
        if first > 64, first * 2 > batches.count {
            batches.removeFirst(first)
            first = 0
        }
    }

    /// The batches after `number`, at most `count`; nil when some of them are not here any more.
    func batches(after number: SequenceNumber, count: Int) -> ArraySlice<FeedBatch>? {
        guard number >= coversAfter else { return nil }
        var low = first
        var high = batches.count
        while low < high {
            let middle = (low + high) / 2
            if batches[middle].number <= number { low = middle + 1 } else { high = middle }
        }
        return batches[low..<low + min(batches.count - low, count)]
    }
}

/// Makes slices out of batches, the same way wherever the batches come from.
enum FeedSlicing {
    /// The next slice behind `position` of at most `limit` samples out of following batches.
    ///
    /// `batches` are those after `position.number`, in sequence. Whole batches are put together while
    /// they fit, belong to different streams and bring nothing late; a batch that is larger than the
    /// limit is cut.
    static func next(
        after position: FeedPosition,
        _ batches: ArraySlice<FeedBatch>,
        limit: Int,
        _ table: any FeedSeriesTable
    ) -> FeedSlice? {
        var builder = Builder(position)
        var streams: Set<UInt32> = []
        for batch in batches {
            let begin = builder.to.number == position.number ? Int(position.offset) : 0
            if begin >= batch.count {  // nothing (more) in it
                builder.to = FeedPosition(number: batch.number)
                continue
            }
            if builder.isEmpty {
                builder.isLate = begin >= batch.lateFrom
                let room = min(batch.count - begin, limit)
                let most = min(begin + room, builder.isLate ? .max : batch.lateFrom)
                let end = firstRepeat(in: batch, begin..<most)
                builder.add(batch, begin..<end)
                if end < batch.count {
                    builder.to = FeedPosition(number: builder.to.number, offset: UInt32(end))
                    break
                }
                builder.to = FeedPosition(number: batch.number)
                if builder.isLate { break }
                streams.insert(batch.stream)
            } else {
                guard batch.lateFrom == batch.count, builder.count + batch.count <= limit,
                    firstRepeat(in: batch, 0..<batch.count) == batch.count,
                    streams.insert(batch.stream).inserted
                else { break }
                builder.add(batch, 0..<batch.count)
                builder.to = FeedPosition(number: batch.number)
            }
        }
        return builder.to == position ? nil : builder.slice(table)
    }

    // Where a series comes for the second time in the range, else its end. Only a push brings several
    // samples of a series: scrapes have one time for all.
    private static func firstRepeat(in batch: FeedBatch, _ range: Range<Int>) -> Int {
        if batch.times.isEmpty { return range.upperBound }
        var seen: Set<UInt64> = []
        for index in range where !seen.insert(batch.series[index].raw).inserted { return index }
        return range.upperBound
    }

    /// The slice from one position to another out of following batches.
    static func exactly(
        from: FeedPosition,
        to: FeedPosition,
        _ batches: ArraySlice<FeedBatch>,
        _ table: any FeedSeriesTable
    ) -> FeedSlice? {
        var builder = Builder(from)
        for batch in batches {
            let begin = builder.to.number == from.number ? Int(from.offset) : 0
            let last = batch.number > to.number
            let end = last ? min(Int(to.offset), batch.count) : batch.count
            if begin < end {
                if builder.isEmpty { builder.isLate = begin >= batch.lateFrom }
                builder.add(batch, begin..<end)
            }
            if last { break }
            builder.to = FeedPosition(number: batch.number)
            if batch.number == to.number { break }
        }
        builder.to = to
        return builder.slice(table)
    }

    private struct Builder {
        let from: FeedPosition
        var to: FeedPosition
        var isLate = false
        private var series: [UInt64] = []
        private var times: [Int64] = []
        private var values: [Double] = []

        init(_ position: FeedPosition) {
            from = position
            to = position
        }

        var isEmpty: Bool { values.isEmpty }
        var count: Int { values.count }

        mutating func add(_ batch: FeedBatch, _ range: Range<Int>) {
            series.append(contentsOf: batch.series[range].lazy.map(\.raw))
            values.append(contentsOf: batch.values[range])
            if batch.times.isEmpty {
                times.append(contentsOf: repeatElement(batch.timeMs, count: range.count))
            } else {
                times.append(contentsOf: batch.times[range])
            }
        }

        func slice(_ table: any FeedSeriesTable) -> FeedSlice {
            FeedSlice(
                from: from,
                to: to,
                isLate: isLate,
                mayBeResend: false,
                series: series,
                times: times,
                values: values,
                table: table
            )
        }
    }
}
