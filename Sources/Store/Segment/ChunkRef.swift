// One chunk of a segment, as the series blocks know it. Byte layout: Store.docc/segment-file.md
public import Model

/// One chunk of a segment, as the index knows it.
public struct ChunkRef: Hashable, Sendable {
    /// Where the chunk's header is in the file.
    public let offset: Int
    /// The length of header and payload.
    public let byteCount: Int
    /// The time of the first sample.
    public let start: Timestamp
    /// The time of the last sample.
    public let end: Timestamp
    /// Whether it holds late samples.
    public let isLate: Bool

    init(offset: Int, byteCount: Int, start: Timestamp, end: Timestamp, isLate: Bool) {
        self.offset = offset
        self.byteCount = byteCount
        self.start = start
        self.end = end
        self.isLate = isLate
    }

    /// Whether one of the samples may lie in `range`.
    public func overlaps(_ range: TimeRange) -> Bool {
        start <= range.end && range.start <= end
    }
}
