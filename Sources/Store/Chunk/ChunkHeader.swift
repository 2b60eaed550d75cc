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
    /// The number of samples, at least 1.
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
        guard startMs <= endMs, pointCount > 0 else {
            throw .impossible(start: startMs, end: endMs, points: pointCount)
        }
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
        var hash = XXH64()
        hash.update(chunk.extracting(0..<ChunkHeader.checksumOffset))
        hash.update(ChunkHeader.zeros.span)
        hash.update(chunk.extracting(ChunkHeader.byteCount..<end))
        let computed = hash.finish()
        guard stored == computed else { throw .checksum(stored: stored, computed: computed) }
        return ChunkHeader.byteCount..<end
    }

    /// Appends the header, with the checksum over itself and `payload`; the payload is not appended.
    func write(before payload: Span<UInt8>, to sink: inout ByteSink) {
        let start = sink.count
        sink.u32(ChunkHeader.magic)
        sink.u16(ChunkHeader.version)
        sink.u8(compression.rawValue)
        sink.u8(flags.rawValue)
        sink.u64(seriesID.high.byteSwapped)
        sink.u64(seriesID.low.byteSwapped)
        sink.i64(startMs)
        sink.i64(endMs)
        sink.u32(pointCount)
        sink.u32(compressedSize)
        sink.u32(uncompressedSize)
        sink.u32(0)
        sink.u64(0)
        var hash = XXH64()
        hash.update(sink.bytes.span.extracting(start..<sink.count))
        hash.update(payload)
        sink.patch(u64: hash.finish(), at: start + ChunkHeader.checksumOffset)
    }

    private static let zeros: [8 of UInt8] = [0, 0, 0, 0, 0, 0, 0, 0]
}
