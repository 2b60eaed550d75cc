// One of the store's engines: which chunks of a series overlap a range, whichever segment they are in.
public import Model

/// Answers which chunks of a series may have samples in a range of time.
///
/// The store's own reads ask the segments themselves; this is for who looks from outside, and it may
/// live elsewhere: an implementation keeps for each series members `segment:offset:end:count`, ordered
/// by their start, and the set of segment names that count. `add` must make a segment count only when
/// all of its chunks are there, and `remove` the other way round. Called from any thread.
public protocol TimeIndex: Sendable {
    /// The names of the segments that are in the index.
    ///
    /// - Throws: `.cannot` when the index cannot be reached.
    func names() throws(SegmentError) -> [String]

    /// Adds all chunks of a segment; one that is there already stays as it is.
    ///
    /// - Throws: `.cannot`, and what reading the segment throws; it does not count then.
    func add(_ segment: SegmentReader) throws(SegmentError)

    /// Removes a segment; a name that is not there is fine.
    ///
    /// - Throws: `.cannot`.
    func remove(_ name: String) throws(SegmentError)

    /// The chunks of a series that overlap `range`, in ascending order of their start.
    ///
    /// - Throws: `.cannot`, and what reading a segment throws.
    func find(_ series: SeriesID, in range: TimeRange) throws(SegmentError) -> [TimeIndexEntry]
}

extension TimeIndex {
    /// Makes these the only segments of the index.
    ///
    /// - Throws: as `add` and `remove`; may be called again.
    public func reconcile(_ segments: [SegmentReader]) throws(SegmentError) {
        let wanted = Set(segments.map(\.name))
        let known = Set(try names())
        for name in known.subtracting(wanted).sorted() { try remove(name) }
        for segment in segments where !known.contains(segment.name) { try add(segment) }
    }
}

/// One chunk of the time index.
public struct TimeIndexEntry: Hashable, Sendable {
    /// The name of its segment.
    public let segment: String
    /// Where its header is in the segment.
    public let offset: Int
    /// The first time.
    public let start: Timestamp
    /// The last time.
    public let end: Timestamp
    /// The number of its samples.
    public let count: Int

    /// States everything.
    public init(segment: String, offset: Int, start: Timestamp, end: Timestamp, count: Int) {
        self.segment = segment
        self.offset = offset
        self.start = start
        self.end = end
        self.count = count
    }
}
