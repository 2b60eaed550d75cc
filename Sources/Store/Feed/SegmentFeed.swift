// Reads a segment in time order across all its series, as receivers want it: a Prometheus receiver
// refuses what is an hour older than its newest sample, so never series by series.
internal import Model

/// The samples of one segment by time, in windows of bounded size.
struct SegmentFeed: Sendable {
    private struct Point {
        let time: Int64
        let series: UInt32
        let value: Double
    }

    // A window is read at once: with 24 bytes a point some three megabytes.
    private static let windowPoints: Int64 = 131_072

    let segment: SegmentReader
    let table: SegmentFeedTable
    private var points: [Point] = []
    private var windowStart: Int64 = 0
    private var windowLast: Int64 = 0  // the last time in the window
    private var windowIsLate = false
    private var hasWindow = false

    init(_ segment: SegmentReader) {
        self.segment = segment
        table = SegmentFeedTable(segment)
    }

    /// The slice that follows `position`, at most `limit` samples, or up to `end` where that is
    /// given; whole instants, no series twice.
    ///
    /// An empty slice ends the segment.
    ///
    /// - Throws: `SegmentError` when the segment cannot be read.
    mutating func slice(
        after position: FeedPosition,
        until end: FeedPosition?,
        limit: Int
    ) throws(SegmentError) -> FeedSlice {
        var isLate = position.isAmongLate
        var time = position.time ?? segment.timeRange.start.ms
        var skip = Int(position.offset & ~FeedPosition.lateBit)
        while true {
            try load(time, isLate: isLate)
            let first = place(of: time) + skip
            if first < points.count {
                return cut(position, first, until: end, limit: limit)
            }
            skip = 0
            if windowLast < segment.timeRange.end.ms {
                time = windowLast + 1
            } else if !isLate, segment.summary.lateSampleCount > 0 {
                isLate = true
                time = segment.timeRange.start.ms
            } else {
                return empty(position)
            }
        }
    }

    private func empty(_ position: FeedPosition) -> FeedSlice {
        FeedSlice(
            from: position,
            to: FeedPosition(number: segment.range.through),
            isLate: false,
            mayBeResend: false,
            series: [],
            times: [],
            values: [],
            table: table
        )
    }

    private func cut(
        _ position: FeedPosition,
        _ first: Int,
        until end: FeedPosition?,
        limit: Int
    ) -> FeedSlice {
        let lateBit = windowIsLate ? FeedPosition.lateBit : 0
        var taken = first
        var seen: Set<UInt32> = []
        var to = position
        while taken < points.count {
            let time = points[taken].time
            var instantEnd = taken
            while instantEnd < points.count, points[instantEnd].time == time { instantEnd += 1 }
            if let end, end.time == time, end.isAmongLate == windowIsLate {
                // The wanted slice ends inside this instant.
                let last = place(of: time) + Int(end.offset & ~FeedPosition.lateBit)
                taken = max(taken, min(last, instantEnd))
                to = end
                break
            }
            if end == nil, taken > first {
                let repeats = points[taken..<instantEnd].contains { seen.contains($0.series) }
                if instantEnd - first > limit || repeats { break }
            }
            if end == nil, instantEnd - first > limit {
                taken = first + limit
                to = FeedPosition(
                    number: segment.range.after,
                    time: time,
                    offset: UInt32(taken - place(of: time)) | lateBit
                )
                break
            }
            for point in points[taken..<instantEnd] { seen.insert(point.series) }
            taken = instantEnd
            to = place(behind: taken)
            if let end, to >= end { break }
        }
        let cut = points[first..<taken]
        return FeedSlice(
            from: position,
            to: to,
            isLate: windowIsLate,
            mayBeResend: false,
            series: cut.map { UInt64($0.series) },
            times: cut.map(\.time),
            values: cut.map(\.value),
            table: table
        )
    }

    // Where the feed stands behind the first `taken` points of the window.
    private func place(behind taken: Int) -> FeedPosition {
        let after = segment.range.after
        let lateBit = windowIsLate ? FeedPosition.lateBit : 0
        if taken < points.count {
            return FeedPosition(number: after, time: points[taken].time, offset: lateBit)
        }
        if windowLast < segment.timeRange.end.ms {
            return FeedPosition(number: after, time: windowLast + 1, offset: lateBit)
        }
        if !windowIsLate, segment.summary.lateSampleCount > 0 {
            return FeedPosition(
                number: after,
                time: segment.timeRange.start.ms,
                offset: FeedPosition.lateBit
            )
        }
        return FeedPosition(number: segment.range.through)
    }

    // The first point at or after `time`.
    private func place(of time: Int64) -> Int {
        var low = 0
        var high = points.count
        while low < high {
            let middle = (low + high) / 2
            if points[middle].time < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func load(_ time: Int64, isLate: Bool) throws(SegmentError) {
        if hasWindow, windowIsLate == isLate, windowStart <= time, time <= windowLast { return }
        let range = segment.timeRange
        let (span, overflow) = range.end.ms.subtractingReportingOverflow(range.start.ms)
        let samples = Int64(max(1, segment.summary.sampleCount))
        var width = Int64.max
        if !overflow, samples > SegmentFeed.windowPoints {
            let share = Double(SegmentFeed.windowPoints) / Double(samples)
            width = max(1, Int64(Double(span) * share))
        }
        windowStart = time
        let (last, tooFar) = time.addingReportingOverflow(width - 1)
        windowLast = tooFar ? .max : last
        windowIsLate = isLate
        hasWindow = true
        points.removeAll(keepingCapacity: true)
        let window = TimeRange(Timestamp(ms: windowStart), Timestamp(ms: windowLast))
        var columns = SampleColumns()
        for series in 0..<segment.seriesCount {
            for chunk in try segment.chunks(of: series)
            where chunk.isLate == isLate && chunk.overlaps(window) {
                columns.removeAll()
                try segment.decode(chunk, into: &columns)
                for index in 0..<columns.count {
                    let at = columns.times[index]
                    guard windowStart <= at, at <= windowLast else { continue }
                    points.append(
                        Point(time: at, series: UInt32(series), value: columns.values[index])
                    )
                }
            }
        }
        points.sort { ($0.time, $0.series) < ($1.time, $1.series) }
    }
}

/// The series of a segment, by their place in its index.
final class SegmentFeedTable: FeedSeriesTable {
    private let segment: SegmentReader

    init(_ segment: SegmentReader) {
        self.segment = segment
    }

    func labels(of series: UInt64) -> Labels {
        do throws(SegmentError) {
            return try segment.labels(of: Int(series))
        } catch {
            // Its index was checked when it was opened; damage since then costs these labels.
            return Labels()
        }
    }
}
