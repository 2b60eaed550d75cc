// The 64 bytes before every chunk. Byte layout: Store.docc/segment-file.md
import Codec
public import Model

/// What is special about a chunk.
public struct ChunkFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// One of the samples is a stale marker.
    public static let staleMarkers = ChunkFlags(rawValue: 1)
    /// The times were taken while the clock was not trusted.
    public static let provisionalClock = ChunkFlags(rawValue: 2)
    /// The payload has start timestamps.
    public static let startTimestamps = ChunkFlags(rawValue: 4)
    /// The samples were late: not after their series' last time when they came.
    public static let late = ChunkFlags(rawValue: 8)

    static let known = ChunkFlags(rawValue: 15)
}

/// The header of one chunk.
public struct ChunkHeader: Hashable, Sendable {
    /// The length of a header.
    public static let byteCount = 64
    /// The most samples of a chunk.
    ///
    /// A constant column takes a few bytes whatever its count: the length of a payload does not bound what
    /// decoding it takes, this does (1 MiB).
    public static let maximumPointCount = 1 << 16
    /// The version that is written.
    public static let version: UInt16 = 1
    /// `GORI` in file order.
    static let magic: UInt32 = 0x4952_4f47
    private static let checksumOffset = 56

    /// How the payload is coded.
    public var compression: ChunkCompression
    /// What is special.
    public var flags: ChunkFlags
    /// Whose samples these are.
    public var seriesID: SeriesID
    /// The first time, in milliseconds.
    public var startMs: Int64
    /// The last time, in milliseconds.
    public var endMs: Int64
    /// The number of samples, from 1 to `maximumPointCount`.
    public var pointCount: UInt32
    /// The length of the payload.
    public var compressedSize: UInt32
    /// Its length before the second stage (Snappy); the same where there is none.
    public var uncompressedSize: UInt32

    /// Reads a header; the checksum is for `verify`.
    ///
    /// - Throws: `ChunkError`; `.truncated` when `bytes` are fewer than a header.
    public init(_ bytes: Span<UInt8>) throws(ChunkError) {
        guard bytes.count >= ChunkHeader.byteCount else {
            throw .truncated(wanted: ChunkHeader.byteCount, available: bytes.count)
        }
        let magic = ByteLoads.u32(bytes, 0)
        guard magic == ChunkHeader.magic else { throw .magic(found: magic) }
        let version = ByteLoads.u16(bytes, 4)
        guard version == ChunkHeader.version else { throw .newerVersion(version) }
        let compression = ChunkCompression(rawValue: bytes[6])
        guard compression.isKnown,
            ChunkFlags.known.isSuperset(of: ChunkFlags(rawValue: bytes[7])),
            ByteLoads.u32(bytes, 52) == 0
        else { throw .unknownFeature(compression: bytes[6], flags: bytes[7]) }
        self.compression = compression
        flags = ChunkFlags(rawValue: bytes[7])
        seriesID = SeriesID(
            high: ByteLoads.u64BigEndian(bytes, 8),
            low: ByteLoads.u64BigEndian(bytes, 16)
        )
        startMs = Int64(bitPattern: ByteLoads.u64(bytes, 24))
        endMs = Int64(bitPattern: ByteLoads.u64(bytes, 32))
        pointCount = ByteLoads.u32(bytes, 40)
        compressedSize = ByteLoads.u32(bytes, 44)
        uncompressedSize = ByteLoads.u32(bytes, 48)
        guard startMs <= endMs, pointCount > 0, pointCount <= ChunkHeader.maximumPointCount else {
            throw .impossible(start: startMs, end: endMs, points: pointCount)
        }
    }

    /// States everything.
    init(
        compression: ChunkCompression,
        flags: ChunkFlags,
        seriesID: SeriesID,
        startMs: Int64,
        endMs: Int64,
        pointCount: Int,
        compressedSize: Int,
        uncompressedSize: Int
    ) {
        precondition(startMs <= endMs, "BUG: a chunk from \(startMs) to \(endMs)")
        precondition(
            pointCount > 0 && pointCount <= ChunkHeader.maximumPointCount,
            "BUG: a chunk of \(pointCount) samples"
        )
        self.compression = compression
        self.flags = flags
        self.seriesID = seriesID
        self.startMs = startMs
        self.endMs = endMs
        self.pointCount = UInt32(pointCount)
        self.compressedSize = UInt32(compressedSize)
        self.uncompressedSize = UInt32(uncompressedSize)
    }

    /// The header of a chunk that is about to be written.
    init(of chunk: SealedChunk, series: SeriesID) {
        compression = chunk.compression
        flags = chunk.flags
        seriesID = series
        startMs = chunk.startMs
        endMs = chunk.endMs
        pointCount = chunk.pointCount
        compressedSize = UInt32(chunk.payload.count)
        uncompressedSize = chunk.uncompressedSize
    }

    /// Checks header and payload against the checksum.
    ///
    /// - Parameter chunk: the header's 64 bytes and all that follows; more may follow the payload.
    /// - Returns: where in `chunk` the payload lies.
    /// - Throws: `.truncated`, `.checksum`.
    func verify(_ chunk: Span<UInt8>) throws(ChunkError) -> Range<Int> {
        let end = ChunkHeader.byteCount + Int(compressedSize)
        guard chunk.count >= end else { throw .truncated(wanted: end, available: chunk.count) }
        let stored = ByteLoads.u64(chunk, ChunkHeader.checksumOffset)
        let computed = XXH64.hash(
            header: chunk.extracting(0..<ChunkHeader.byteCount),
            checksumAt: ChunkHeader.checksumOffset,
            followedBy: chunk.extracting(ChunkHeader.byteCount..<end)
        )
        guard stored == computed else { throw .checksum(stored: stored, computed: computed) }
        return ChunkHeader.byteCount..<end
    }

    /// Writes the header, with the checksum over itself and the payload, over the 64 bytes at `start`;
    /// the payload follows them to the end of `bytes`.
    func write(over bytes: inout [UInt8], at start: Int) {
        var sink = ByteSink(bytes)
        bytes = []  // one owner: nothing is copied
        sink.patch(
            u64: UInt64(ChunkHeader.magic) | UInt64(ChunkHeader.version) << 32
                | UInt64(compression.rawValue) << 48 | UInt64(flags.rawValue) << 56,
            at: start
        )
        sink.patch(u64: seriesID.high.byteSwapped, at: start + 8)
        sink.patch(u64: seriesID.low.byteSwapped, at: start + 16)
        sink.patch(u64: UInt64(bitPattern: startMs), at: start + 24)
        sink.patch(u64: UInt64(bitPattern: endMs), at: start + 32)
        sink.patch(u64: UInt64(pointCount) | UInt64(compressedSize) << 32, at: start + 40)
        sink.patch(u64: UInt64(uncompressedSize), at: start + 48)
        sink.patch(u64: 0, at: start + ChunkHeader.checksumOffset)
        let checksum = XXH64.hash(sink.bytes.span.extracting(start...))
        sink.patch(u64: checksum, at: start + ChunkHeader.checksumOffset)
        bytes = sink.bytes
    }

}
