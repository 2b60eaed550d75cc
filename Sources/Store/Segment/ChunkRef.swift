// One chunk of a segment, as the series blocks know it. Byte layout: Store.docc/segment-file.md
public import Model

/// One chunk of a segment, as the index knows it; the rest is in the chunk's header.
public struct ChunkRef: Hashable, Sendable {
    /// Where its header is in the file.
    public let offset: Int
    /// The length of header and payload.
    public let byteCount: Int
    /// The time of the first sample.
    public let start: Timestamp
    /// The time of the last sample.
    public let end: Timestamp
    /// Whether it holds late samples.
    public let isLate: Bool

    /// Where it is in the file.
    var range: Range<Int> { offset..<offset + byteCount }

    /// Whether one of the samples may lie in `range`.
    public func overlaps(_ range: TimeRange) -> Bool {
        start <= range.end && range.start <= end
    }

    /// Whether a header says the same.
    func agrees(with header: ChunkHeader) -> Bool {
        byteCount == ChunkHeader.byteCount + Int(header.compressedSize)
            && start.ms == header.startMs && end.ms == header.endMs
            && isLate == header.flags.contains(.late)
    }
}
