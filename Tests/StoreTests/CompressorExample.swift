import Codec
import Model
import Store

/// Keeps times and values as they are: 16 bytes a sample, for data that nothing compresses.
struct RawCompressor: Compressor {
    // Numbers from 128 on belong to programs that embed the store.
    let compression = ChunkCompression(rawValue: 128)

    func encode(_ times: Span<Int64>, _ values: Span<Double>, to payload: inout [UInt8]) {
        for index in times.indices {
            append(UInt64(bitPattern: times[index]), to: &payload)
            append(values[index].bitPattern, to: &payload)
        }
    }

    func decode(
        _ payload: Span<UInt8>,
        _ header: ChunkHeader,
        into samples: inout SampleColumns
    ) throws(ChunkError) {
        // The checksum was right, but a file may be forged: nothing is read beyond the payload.
        guard payload.count == Int(header.pointCount) * 16 else {
            throw .payload(.malformed(atByte: payload.count, what: "16 bytes a sample"))
        }
        for offset in stride(from: 0, to: payload.count, by: 16) {
            let time = Int64(bitPattern: word(payload, offset))
            samples.append(time, Double(bitPattern: word(payload, offset + 8)))
        }
    }

    private func append(_ word: UInt64, to payload: inout [UInt8]) {
        for shift in stride(from: 0, to: 64, by: 8) {
            payload.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
        }
    }

    private func word(_ payload: Span<UInt8>, _ offset: Int) -> UInt64 {
        (0..<8).reduce(0) { $0 | UInt64(payload[offset + $1]) << UInt64($1 * 8) }
    }
}

/// A store whose segments hold their samples plainly.
func rawStore(in directory: String) throws -> Database {
    try Database(
        StoreOptions(basePath: directory),
        engines: StoreEngines(sealed: RawCompressor(), cold: RawCompressor())
    )
}
