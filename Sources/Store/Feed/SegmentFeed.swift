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

    /// How much is read at once, with 24 bytes a point.
    ///
    /// Chunks that reach over several windows are decoded for each of them: so there are some 32
    /// windows, of three megabytes or more, and further ones only where these would be over fifty.
    struct WindowSize {
        var smallest = 131_072
        var count = 32
        var largest = 2 << 20
    }

    let segment: SegmentReader
    let table: SegmentFeedTable
    private let size: WindowSize
    private var points: [Point] = []
    private var windowStart: Int64 = 0
    private var windowLast: Int64 = 0  // the last time in the window
    private var windowIsLate = false
    private var hasWindow = false

    init(_ segment: SegmentReader, _ size: WindowSize = WindowSize()) {
        self.segment = segment
        self.size = size
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
        hasWindow = false
        points.removeAll(keepingCapacity: true)
        windowStart = time
        windowLast = .max
        windowIsLate = isLate
        if let first = try firstTime(from: time, isLate: isLate) {
            let (last, tooFar) = first.addingReportingOverflow(windowWidth - 1)
            windowLast = tooFar ? .max : last
            try read()
        }
        hasWindow = true
    }

    // Where the next sample may be: times without any are passed at once, however many.
    private func firstTime(from time: Int64, isLate: Bool) throws(SegmentError) -> Int64? {
        var first: Int64?
        for series in 0..<segment.seriesCount {
            try segment.forEachChunk(of: series) { chunk in
                guard chunk.isLate == isLate, chunk.end.ms >= time else { return }
                first = min(first ?? .max, max(time, chunk.start.ms))
            }
        }
        return first
    }

    private var windowWidth: Int64 {
        let samples = segment.summary.sampleCount
        if samples <= size.smallest { return .max }
        let span = Double(segment.timeRange.end.ms) - Double(segment.timeRange.start.ms)
        let points = max(size.smallest, samples / size.count)
        let share = Double(min(points, size.largest)) / Double(samples)
        return Int64(exactly: (span * share).rounded(.down)).map { max(1, $0) } ?? .max
    }

    private mutating func read() throws(SegmentError) {
        var room = 2 * size.largest
        var columns = SampleColumns()
        for series in 0..<segment.seriesCount {
            for chunk in try segment.chunks(of: series)
            where chunk.isLate == windowIsLate && chunk.start.ms <= windowLast
                && windowStart <= chunk.end.ms
            {
                columns.removeAll()
                try segment.decode(chunk, into: &columns)
                for index in 0..<columns.count {
                    let at = columns.times[index]
                    guard windowStart <= at, at <= windowLast else { continue }
                    points.append(
                        Point(time: at, series: UInt32(series), value: columns.values[index])
                    )
                }
                if points.count > room {
                    narrow()
                    room = max(room, 2 * points.count)
                }
            }
        }
        points.sort { ($0.time, $0.series) < ($1.time, $1.series) }
    }

    // Ends the window earlier, at a whole instant: its samples are not spread over time evenly.
    private mutating func narrow() {
        points.sort { ($0.time, $0.series) < ($1.time, $1.series) }
        let time = points[size.largest].time
        windowLast = points[0].time < time ? time - 1 : time
        let behind = points.firstIndex { $0.time > windowLast } ?? points.count
        points.removeLast(points.count - behind)
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
