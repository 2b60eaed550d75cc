// Sealed chunks as columns: the dense form for chunks that do not grow any more.
internal import Codec
public import Model

/// Codes chunks as a column of times and a column of values. Layout: Codec.docc/columnar-payload.md
public struct ColumnarCompressor: Compressor {
    public init() {}

    public var compression: ChunkCompression { .columnar }

    public func encode(_ times: Span<Int64>, _ values: Span<Double>, to payload: inout [UInt8]) {
        ColumnarPayload.encode(times: times, values: values, to: &payload)
    }

    public func decode(
        _ payload: Span<UInt8>,
        _ header: ChunkHeader,
        into samples: inout SampleColumns
    ) throws(ChunkError) {
        do throws(CodecError) {
            try ColumnarPayload.decode(
                payload,
                count: Int(header.pointCount),
                start: header.startMs,
                end: header.endMs,
                times: &samples.times,
                values: &samples.values
            )
        } catch { throw .payload(error) }
    }
}
