// A compressor as a user might bind one: simple, correct, with a number of its own.
import Codec
import Model

@testable import Store

/// Times and values as they are, 16 bytes a sample.
struct PlainCompressor: Compressor {
    var compression = ChunkCompression(rawValue: 200)

    func encode(_ times: Span<Int64>, _ values: Span<Double>, to payload: inout [UInt8]) {
        var sink = ByteSink(payload)
        for index in times.indices { sink.i64(times[index]) }
        for index in values.indices { sink.u64(values[index].bitPattern) }
        payload = sink.bytes
    }

    func decode(
        _ payload: Span<UInt8>,
        _ header: ChunkHeader,
        into samples: inout SampleColumns
    ) throws(ChunkError) {
        let count = Int(header.pointCount)
        guard payload.count == 16 * count else {
            throw .payload(
                .truncated(atByte: 0, wanted: 16 * count, available: payload.count)
            )
        }
        for index in 0..<count {
            samples.append(
                Int64(bitPattern: ByteLoads.u64(payload, 8 * index)),
                Double(bitPattern: ByteLoads.u64(payload, 8 * (count + index)))
            )
        }
    }
}
