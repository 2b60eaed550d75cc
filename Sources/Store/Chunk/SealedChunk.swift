// A chunk that will not grow any more, on its way into a segment and back.
import Codec
public import Model

/// The samples of one chunk, coded, without the series that they belong to.
public struct SealedChunk: Sendable {
    /// How `payload` is coded.
    public var compression: ChunkCompression
    /// What is special.
    public var flags: ChunkFlags
    /// The first time, in milliseconds.
    public var startMs: Int64
    /// The last time, in milliseconds.
    public var endMs: Int64
    /// The number of samples, from 1 to `ChunkHeader.maximumPointCount`.
    public var pointCount: UInt32
    /// The length before Snappy; the payload's length where there is none.
    public var uncompressedSize: UInt32
    /// The coded samples, at most `UInt32.max` bytes.
    public var payload: [UInt8]

    /// Takes a finished Gorilla stream.
    public init(
        gorilla payload: [UInt8],
        pointCount: Int,
        startMs: Int64,
        endMs: Int64,
        flags: ChunkFlags
    ) {
        precondition(startMs <= endMs, "BUG: a chunk from \(startMs) to \(endMs)")
        precondition(
            pointCount > 0 && pointCount <= ChunkHeader.maximumPointCount,
            "BUG: a chunk of \(pointCount) samples"
        )
        compression = .gorilla
        self.flags = flags
        self.startMs = startMs
        self.endMs = endMs
        self.pointCount = UInt32(pointCount)
        uncompressedSize = UInt32(payload.count)
        self.payload = payload
    }

    /// Codes samples in strictly ascending time; there must be at least one.
    ///
    /// - Parameters:
    ///   - samples: at most `ChunkHeader.maximumPointCount`.
    ///   - flags: what is special; the stale-marker flag is found out.
    ///   - compressor: the first stage.
    ///   - isPacked: whether Snappy is tried as second stage, and kept where it is smaller.
    public init(
        _ samples: SampleColumns,
        flags: ChunkFlags,
        with compressor: any Compressor = ColumnarCompressor(),
        isPacked: Bool = false
    ) {
        guard let first = samples.times.first, let last = samples.times.last else {
            preconditionFailure("BUG: a chunk without samples")
        }
        precondition(
            samples.count <= ChunkHeader.maximumPointCount,
            "BUG: a chunk of \(samples.count) samples"
        )
        var payload: [UInt8] = []
        compressor.encode(samples.times.span, samples.values.span, to: &payload)
        compression = compressor.compression
        self.flags = flags
        if samples.values.contains(where: \.isStaleMarker) { self.flags.insert(.staleMarkers) }
        startMs = first
        endMs = last
        pointCount = UInt32(samples.count)
        uncompressedSize = UInt32(payload.count)
        if isPacked, let both = compression.withSecondStage {
            let packed = SnappyBlock.compress(payload.span)
            if packed.count < payload.count {
                compression = both
                payload = packed
            }
        }
        self.payload = payload
    }
}
