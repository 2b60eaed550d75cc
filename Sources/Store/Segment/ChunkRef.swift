// One chunk of a segment, as the series blocks know it. Byte layout: Store.docc/segment-file.md
public import Model

/// One chunk of a segment, as the index knows it.
public struct ChunkRef: Hashable, Sendable {
    /// What lies before each payload in a segment.
    static let checksumBytes = 8

    /// Where the chunk is in the file: its checksum, then its payload.
    public let offset: Int
    /// What the series block says of it; the checksum in the file is over this and the payload.
    public let header: ChunkHeader

    init(offset: Int, header: ChunkHeader) {
        self.offset = offset
        self.header = header
    }

    /// The length of checksum and payload.
    public var byteCount: Int { ChunkRef.checksumBytes + Int(header.compressedSize) }
    /// The time of the first sample.
    public var start: Timestamp { Timestamp(ms: header.startMs) }
    /// The time of the last sample.
    public var end: Timestamp { Timestamp(ms: header.endMs) }
    /// Whether it holds late samples.
    public var isLate: Bool { header.flags.contains(.late) }

    /// Whether one of the samples may lie in `range`.
    public func overlaps(_ range: TimeRange) -> Bool {
        start <= range.end && range.start <= end
    }
}
