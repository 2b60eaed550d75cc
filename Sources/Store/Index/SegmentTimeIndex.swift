// The time index that needs no memory of its own: the segments know their chunks.
public import Model
internal import Platform

/// Answers from the indexes of the segments themselves; the default time index.
public final class SegmentTimeIndex: TimeIndex {
    private let segments = Lock<[String: SegmentReader]>([:])

    /// Starts without segments.
    public init() {}

    /// The names of the segments, sorted.
    public func names() -> [String] {
        segments.withLock { $0.keys.sorted() }
    }

    /// Adds a segment; one of its name that is there already stays.
    public func add(_ segment: SegmentReader) {
        segments.withLock { segments in
            if segments[segment.name] == nil { segments[segment.name] = segment }
        }
    }

    /// Removes a segment; a name that is not there is fine.
    public func remove(_ name: String) {
        segments.withLock { $0[name] = nil }
    }

    /// The chunks of a series that overlap `range`, in ascending order of their start.
    ///
    /// - Throws: `SegmentError` when a segment cannot be read.
    public func find(
        _ series: SeriesID,
        in range: TimeRange
    ) throws(SegmentError) -> [TimeIndexEntry] {
        var found: [TimeIndexEntry] = []
        let overlapping = segments.withLock { $0.values.filter { $0.timeRange.overlaps(range) } }
        for segment in overlapping {
            guard let place = try segment.seriesIndex(of: series) else { continue }
            for chunk in try segment.chunks(of: place) where chunk.overlaps(range) {
                found.append(
                    TimeIndexEntry(
                        segment: segment.name,
                        offset: chunk.offset,
                        start: chunk.start,
                        end: chunk.end,
                        count: Int(try segment.header(of: chunk).pointCount)
                    )
                )
            }
        }
        return found.sorted {
            ($0.start, $0.segment, $0.offset) < ($1.start, $1.segment, $1.offset)
        }
    }
}
