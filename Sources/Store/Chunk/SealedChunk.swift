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
    /// The number of samples, at least 1.
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
        precondition(pointCount > 0, "BUG: a chunk without samples")
        compression = .gorilla
        self.flags = flags
        self.startMs = startMs
        self.endMs = endMs
        self.pointCount = UInt32(pointCount)
        uncompressedSize = UInt32(payload.count)
        self.payload = payload
    }

    /// Codes samples in strictly ascending time; there must be at least one.
    public init(_ samples: SampleColumns, flags: ChunkFlags) {
        guard let first = samples.times.first, let last = samples.times.last else {
            preconditionFailure("BUG: a chunk without samples")
        }
        var flags = flags
        if samples.values.contains(where: \.isStaleMarker) { flags.insert(.staleMarkers) }
        self.init(
            gorilla: GorillaPayload.encode(times: samples.times.span, values: samples.values.span),
            pointCount: samples.count,
            startMs: first,
            endMs: last,
            flags: flags
        )
    }
}

extension ChunkHeader {
    /// Decodes the chunk's samples and adds them to `samples`, which stays as it was on an error.
    ///
    /// - Parameters:
    ///   - payload: the payload's bytes, whose checksum was verified.
    ///   - samples: grows by `pointCount`.
    /// - Throws: `.payload`, `.unknownFeature` for a compression that this program cannot read,
    ///   `.times` when the samples are not those that the header announces.
    func decode(
        _ payload: Span<UInt8>,
        into samples: inout SampleColumns
    ) throws(ChunkError) {
        let start = samples.count
        let count = Int(pointCount)
        switch compression {
        case .gorilla:
            do throws(CodecError) {
                try GorillaDecoder.decode(
                    payload,
                    count: count,
                    times: &samples.times,
                    values: &samples.values
                )
            } catch { throw .payload(error) }
        case .gorillaSnappy:
            do throws(CodecError) {
                let plain = try SnappyBlock.decompress(payload, limit: Int(uncompressedSize))
                try GorillaDecoder.decode(
                    plain.span,
                    count: count,
                    times: &samples.times,
                    values: &samples.values
                )
            } catch { throw .payload(error) }
        case .none, .snappy, .columnar, .columnarSnappy:
            throw .unknownFeature(compression: compression.rawValue, flags: flags.rawValue)
        }
        let first = samples.times[start]
        let last = samples.times[start + count - 1]
        guard first == startMs, last == endMs, samples.isAscending(from: start) else {
            samples.times.removeLast(count)
            samples.values.removeLast(count)
            throw .times(first: first, last: last, start: startMs, end: endMs)
        }
    }
}

extension SampleColumns {
    // One compare a sample: readers merge chunks and rely on it.
    fileprivate func isAscending(from start: Int) -> Bool {
        let times = self.times.span
        var index = start + 1
        while index < times.count {
            if times[index] <= times[index &- 1] { return false }
            index &+= 1
        }
        return true
    }
}
