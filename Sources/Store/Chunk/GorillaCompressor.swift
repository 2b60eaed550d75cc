// Sealed chunks as Gorilla bit streams: what active chunks are in memory, byte by byte.
internal import Codec
public import Model

/// Codes chunks as Gorilla bit streams. Layout: Codec.docc/gorilla-bitstream.md
public struct GorillaCompressor: Compressor {
    public init() {}

    public var compression: ChunkCompression { .gorilla }

    public func encode(_ times: Span<Int64>, _ values: Span<Double>, to payload: inout [UInt8]) {
        payload.append(contentsOf: GorillaPayload.encode(times: times, values: values))
    }

    public func decode(
        _ payload: Span<UInt8>,
        _ header: ChunkHeader,
        into samples: inout SampleColumns
    ) throws(ChunkError) {
        do throws(CodecError) {
            try GorillaDecoder.decode(
                payload,
                count: Int(header.pointCount),
                times: &samples.times,
                values: &samples.values
            )
        } catch { throw .payload(error) }
    }
}
