// The newest batches, kept in memory for destinations that follow in step.
import Model

/// One stored batch, in the order in which the feed gives it out: samples in order, then late ones.
struct FeedBatch: Sendable {
    /// Its number.
    let number: SequenceNumber
    /// Whose it is: two batches of one stream never share a slice.
    let stream: UInt32
    /// One a sample: the series in the feed's table.
    let series: ArraySlice<SeriesHandle>
    /// Empty when all samples have the time `timeMs`.
    let times: ArraySlice<Int64>
    /// The batch's own time.
    let timeMs: Int64
    /// One a sample.
    let values: ArraySlice<Double>
    /// Samples from here on are late.
    let lateFrom: Int

    /// The number of samples.
    var count: Int { values.count }
}

/// Batches in sequence, bounded by bytes: the oldest go first.
///
/// They lie in pages, so that a new batch moves none of the others, and the page of the batches that
/// went last serves again.
struct FeedRing {
    // The oldest page first; those before `firstPage` are gone.
    private var pages: [FeedPage] = []
    private var firstPage = 0
    private var spare = FeedPage()
    private var count = 0
    private var bytes = 0
    private let byteLimit: Int
    /// All batches after this number are in the ring.
    private(set) var coversAfter: SequenceNumber
    /// The number of the newest batch, or what the ring began after.
    private(set) var newest: SequenceNumber

    init(after number: SequenceNumber, byteLimit: Int) {
        coversAfter = number
        newest = number
        self.byteLimit = byteLimit
    }

    /// The oldest number that is still here; slots named by older batches may be used again.
    var oldest: SequenceNumber { count > 0 ? pages[firstPage].oldest : newest }

    /// Adds the newest batch, whose samples from `lateFrom` on are late.
    ///
    /// Of a large batch the arrays are kept, and not their copies; the others may be used again.
    mutating func append(
        _ number: SequenceNumber,
        stream: UInt32,
        timeMs: Int64,
        series: [SeriesHandle],
        times: [Int64],
        values: [Double],
        lateFrom: Int
    ) {
        if pages.last.map(\.isFull) ?? true { addPage() }
        bytes += pages[pages.count - 1].append(
            number,
            stream,
            timeMs,
            series,
            times,
            values,
            lateFrom
        )
        newest = number
        count += 1
        while bytes > byteLimit, count > 1 { removeFirst() }
    }

    private mutating func addPage() {
        var page = FeedPage()
        swap(&page, &spare)
        pages.append(page)
    }

    private mutating func removeFirst() {
        coversAfter = pages[firstPage].oldest
        bytes -= pages[firstPage].removeFirst()
        count -= 1
        guard pages[firstPage].isEmpty else { return }
        swap(&pages[firstPage], &spare)
        spare.removeAll()
        firstPage += 1
        // Move the rest forward seldom enough that it costs nothing a batch.
        if firstPage > 16, firstPage * 2 > pages.count {
            pages.removeFirst(firstPage)
            firstPage = 0
        }
    }

    /// The batches after `number`; nil when some of them are not here any more.
    ///
    /// To be let go before the next batch comes, which else would copy what it changes.
    func batches(after number: SequenceNumber) -> FeedRun? {
        guard number >= coversAfter else { return nil }
        var low = firstPage
        var high = pages.count
        while low < high {
            let middle = (low + high) / 2
            if pages[middle].newest <= number { low = middle + 1 } else { high = middle }
        }
        let row = low < pages.count ? pages[low].place(after: number) : 0
        return FeedRun(pages: pages, page: low, row: row)
    }
}

/// Following batches of a `FeedRing`.
struct FeedRun: Sequence, IteratorProtocol {
    fileprivate let pages: [FeedPage]
    fileprivate var page: Int
    fileprivate var row: Int

    mutating func next() -> FeedBatch? {
        guard page < pages.count else { return nil }
        let batch = pages[page].batch(row)
        row += 1
        if row == pages[page].end {
            page += 1
            row = 0
        }
        return batch
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
        _ batches: some Sequence<FeedBatch>,
        limit: Int,
        _ table: any FeedSeriesTable
    ) -> FeedSlice? {
        var builder = Builder(position)
        var streams: Set<UInt32> = []
        for batch in batches {
            let begin = position.offset(in: batch.number)
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
                    builder.to = FeedPosition(inside: batch.number, offset: UInt32(end))
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
        for (index, series) in zip(range, batch.series.dropFirst(range.lowerBound))
        where !seen.insert(series.raw).inserted {
            return index
        }
        return range.upperBound
    }

    /// The slice from one position to another out of following batches; nil where they are not all there.
    static func exactly(
        from: FeedPosition,
        to: FeedPosition,
        _ batches: some Sequence<FeedBatch>,
        _ table: any FeedSeriesTable
    ) -> FeedSlice? {
        var builder = Builder(from)
        var isWhole = false
        for batch in batches {
            let begin = from.offset(in: batch.number)
            if from.offset > 0, builder.to == from, begin == 0 { return nil }
            let last = batch.number > to.number
            let end = last ? min(to.offset(in: batch.number), batch.count) : batch.count
            isWhole = last ? to.offset == 0 || end > 0 : batch.number == to.number
            if begin < end {
                if builder.isEmpty { builder.isLate = begin >= batch.lateFrom }
                builder.add(batch, begin..<end)
            }
            if last { break }
            builder.to = FeedPosition(number: batch.number)
            if batch.number == to.number, to.offset == 0 { break }
        }
        guard isWhole else { return nil }
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
            let first = range.lowerBound
            series.append(
                contentsOf: batch.series.dropFirst(first).prefix(range.count).lazy.map(\.raw)
            )
            values.append(contentsOf: batch.values.dropFirst(first).prefix(range.count))
            if batch.times.isEmpty {
                times.append(contentsOf: repeatElement(batch.timeMs, count: range.count))
            } else {
                times.append(contentsOf: batch.times.dropFirst(first).prefix(range.count))
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
