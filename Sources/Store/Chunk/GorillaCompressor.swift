// Sealed chunks as Gorilla bit streams: what active chunks are in memory, byte by byte.
internal import Codec
public import Model

/// Codes chunks as Gorilla bit streams. Layout: Codec.docc/gorilla-bitstream.md
public struct GorillaCompressor: Compressor {
    public init() {}

    public var compression: ChunkCompression { .gorilla }

    public func encode(_ times: Span<Int64>, _ values: Span<Double>, to payload: inout [UInt8]) {
        GorillaPayload.encode(times: times, values: values, to: &payload)
    }

    public func decode(
        _ payload: Span<UInt8>,
        _ header: ChunkHeader,
        into samples: inout SampleColumns
    ) throws(ChunkError) {
        _ = try decodeAscending(payload, header, into: &samples)
    }

    /// As `decode`.
    ///
    /// - Returns: whether the times are sure to ascend, if the first is before the last or the only one.
    func decodeAscending(
        _ payload: Span<UInt8>,
        _ header: ChunkHeader,
        into samples: inout SampleColumns
    ) throws(ChunkError) -> Bool {
        do throws(CodecError) {
            return try GorillaDecoder.decode(
                payload,
                count: Int(header.pointCount),
                times: &samples.times,
                values: &samples.values
            )
        } catch { throw .payload(error) }
    }
}
