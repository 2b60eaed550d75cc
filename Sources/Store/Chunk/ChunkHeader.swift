// The 64 bytes before each chunk. Byte layout: Store.docc/segment-file.md
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
    static let idOffset = 8
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
        compression = ChunkCompression(rawValue: bytes[6])
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
        guard ByteLoads.u32(bytes, 52) == 0 else {
            throw .unknownFeature(compression: bytes[6], flags: bytes[7])
        }
        try checkFeatures()
        guard isPossible else {
            throw .impossible(start: startMs, end: endMs, points: pointCount)
        }
    }

    /// Reads the header of a whole chunk, once its checksum is right.
    ///
    /// - Parameter chunk: the header's 64 bytes and the payload, nothing behind it.
    /// - Throws: `ChunkError`; of a chunk that is not what was written nothing but `.truncated`, `.magic` or
    ///   `.checksum`.
    init(whole chunk: Span<UInt8>) throws(ChunkError) {
        guard chunk.count >= ChunkHeader.byteCount else {
            throw .truncated(wanted: ChunkHeader.byteCount, available: chunk.count)
        }
        let magic = ByteLoads.u32(chunk, 0)
        guard magic == ChunkHeader.magic else { throw .magic(found: magic) }
        var words: [8 of UInt64] = .init(repeating: 0)
        for index in 0..<7 { words[index] = ByteLoads.u64(chunk, 8 * index) }
        let computed = XXH64.hash(
            header: words,
            followedBy: chunk.extracting(ChunkHeader.byteCount...)
        )
        let stored = ByteLoads.u64(chunk, ChunkHeader.checksumOffset)
        guard stored == computed else { throw .checksum(stored: stored, computed: computed) }
        try self.init(chunk)
        let end = ChunkHeader.byteCount + Int(compressedSize)
        guard chunk.count == end else { throw .truncated(wanted: end, available: chunk.count) }
    }

    /// The length of the chunk that begins with these 64 bytes, if they may be a header.
    static func length(_ bytes: Span<UInt8>) -> Int? {
        guard bytes.count >= byteCount, ByteLoads.u32(bytes, 0) == magic else { return nil }
        return byteCount + Int(ByteLoads.u32(bytes, 44))
    }

    /// The 64 bytes that go before a payload, eight at a time.
    func words(before payload: Span<UInt8>) -> [8 of UInt64] {
        words(checksum: checksum(of: payload))
    }

    /// Whether a chunk can have such times and as many points.
    var isPossible: Bool {
        startMs <= endMs && pointCount > 0 && pointCount <= ChunkHeader.maximumPointCount
    }

    /// Throws unless this program knows what the chunk is.
    /// - Throws: `.unknownFeature`.
    func checkFeatures() throws(ChunkError) {
        guard compression.isKnown, ChunkFlags.known.isSuperset(of: flags) else {
            throw .unknownFeature(compression: compression.rawValue, flags: flags.rawValue)
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
        let payload = ChunkHeader.byteCount..<end
        let stored = ByteLoads.u64(chunk, ChunkHeader.checksumOffset)
        let computed = checksum(of: chunk.extracting(payload))
        guard stored == computed else { throw .checksum(stored: stored, computed: computed) }
        return payload
    }

    /// The checksum over the header, with zeros in its place, and the payload.
    func checksum(of payload: Span<UInt8>) -> UInt64 {
        XXH64.hash(header: words(checksum: 0), followedBy: payload)
    }

    /// The chunk as it stands alone: the header's 64 bytes with this checksum, and the payload.
    func chunk(_ payload: Span<UInt8>, checksum: UInt64) -> [UInt8] {
        let words = words(checksum: checksum)
        var sink = ByteSink()
        sink.bytes.reserveCapacity(ChunkHeader.byteCount + payload.count)
        for index in words.indices { sink.u64(words[index]) }
        sink.raw(payload)
        return sink.bytes
    }

    // The header's bytes, eight at a time.
    private func words(checksum: UInt64) -> [8 of UInt64] {
        [
            UInt64(ChunkHeader.magic) | UInt64(ChunkHeader.version) << 32
                | UInt64(compression.rawValue) << 48 | UInt64(flags.rawValue) << 56,
            seriesID.high.byteSwapped,
            seriesID.low.byteSwapped,
            UInt64(bitPattern: startMs),
            UInt64(bitPattern: endMs),
            UInt64(pointCount) | UInt64(compressedSize) << 32,
            UInt64(uncompressedSize),
            checksum,
        ]
    }
}
