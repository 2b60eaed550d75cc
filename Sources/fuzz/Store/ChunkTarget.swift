// Whole chunks of every compressor: any bytes are the samples that the header announces, or an error.
import Codec
import Model
import Store

/// `ChunkCoders`, with a user's own compressor bound beside the format's.
struct ChunkTarget: FuzzTarget {
    static let name = "chunk"

    private let coders = ChunkCoders(StoreEngines(others: [TrustingCompressor()]))
    private let mutator: ByteMutator
    private let seeds: [[UInt8]]

    init() throws(FuzzFinding) {
        var mutator = ByteMutator(tokens: ["GORI", "\u{0}", "\u{7f}", "\u{1}\u{0}"])
        mutator.tokens.append([0xff, 0xff, 0xff])
        mutator.longest = 4096
        self.mutator = mutator
        var random = FuzzRandom(seed: 23)
        let compressors: [any Compressor] = [
            GorillaCompressor(), ColumnarCompressor(), TrustingCompressor(),
        ]
        var seeds: [[UInt8]] = []
        for round in 0..<16 {
            let samples = ChunkTarget.samples(round, &random)
            for compressor in compressors {
                for isPacked in [false, true] {
                    let chunk = SealedChunk(
                        samples,
                        flags: round % 4 == 3 ? .late : [],
                        with: compressor,
                        isPacked: isPacked
                    )
                    seeds.append(ChunkTarget.bytes(of: chunk))
                }
            }
        }
        self.seeds = seeds
        let codings = Set(seeds.map { $0[6] })
        try FuzzFinding.unless(codings == [1, 3, 4, 5, 200], "seeds of codings \(codings)")
    }

    func input(_ random: inout FuzzRandom) -> [UInt8] {
        var chunk = random.pick(seeds)
        // Header and payload apart: a byte more in the one must not move the other.
        var payload = Array(chunk[64...])
        if random.oneIn(2) {
            chunk.removeLast(payload.count)
            mutator.damage(&payload, seeds, &random)
            put(UInt64(payload.count), 4, &chunk, at: 44)
            chunk += payload
        } else {
            mutator.damage(&chunk, seeds, &random)
        }
        // A number that decides much, now and then.
        if random.oneIn(8), chunk.count >= 64 {
            let count = random.pick([0, 1, 2, 128, 65_535, 65_536, 65_537, UInt64.max])
            put(count, 4, &chunk, at: random.pick([40, 48]))
        }
        guard chunk.count >= 64, !random.oneIn(16) else { return chunk }
        put(0, 8, &chunk, at: 56)
        put(XXH64.hash(chunk.span), 8, &chunk, at: 56)
        return chunk
    }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        var samples = SampleColumns()
        samples.append(7, 8)
        let header: ChunkHeader
        do throws(ChunkError) {
            header = try coders.read(input.span, into: &samples)
        } catch {
            try FuzzFinding.unless(
                samples.times == [7] && samples.values == [8],
                "\(error) left \(samples.times.count) times and \(samples.values.count) values"
            )
            return false
        }
        let count = Int(header.pointCount)
        try FuzzFinding.unless(
            samples.times.count == 1 + count && samples.values.count == 1 + count
                && samples.times[0] == 7 && samples.values[0] == 8,
            "\(count) samples made \(samples.times.count - 1) times"
        )
        let times = samples.times.dropFirst()
        try FuzzFinding.unless(
            times.first == header.startMs && times.last == header.endMs
                && zip(times, times.dropFirst()).allSatisfy { $0 < $1 },
            "times that do not ascend from \(header.startMs) to \(header.endMs): \(times)"
        )
        return true
    }

    private static func samples(_ round: Int, _ random: inout FuzzRandom) -> SampleColumns {
        var samples = SampleColumns()
        var time: Int64 = random.pick([0, 1_700_000_000_000, -5, .min])
        let stale = Double(bitPattern: GorillaLayout.staleMarkerBits)
        for index in 0..<random.pick([1, 2, 3, 60, 120, 129, 400]) {
            let number = Double(bitPattern: random.next())
            let steady: Double = round % 3 == 0 ? 1 : Double(index)
            samples.append(time, random.pick([steady, steady, steady, steady, 0.1, number, stale]))
            time += random.pick(round % 2 == 0 ? [15_000] : [15_000, 15_000, 15_003, 1, 60_000])
        }
        return samples
    }

    // Layout: Store.docc/segment-file.md
    private static func bytes(of chunk: SealedChunk) -> [UInt8] {
        var sink = ByteSink()
        sink.u32(0x4952_4f47)
        sink.u16(ChunkHeader.version)
        sink.u8(chunk.compression.rawValue)
        sink.u8(chunk.flags.rawValue)
        sink.u64(1)
        sink.u64(2)
        sink.u64(UInt64(bitPattern: chunk.startMs))
        sink.u64(UInt64(bitPattern: chunk.endMs))
        sink.u32(chunk.pointCount)
        sink.u32(UInt32(chunk.payload.count))
        sink.u64(UInt64(chunk.uncompressedSize))
        sink.u64(0)
        sink.raw(chunk.payload)
        return sink.bytes
    }

    private func put(_ value: UInt64, _ count: Int, _ bytes: inout [UInt8], at offset: Int) {
        for index in 0..<count {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(index * 8))
        }
    }
}

/// A user's compressor that believes its payload: what comes out is the store's to check.
private struct TrustingCompressor: Compressor {
    var compression: ChunkCompression { ChunkCompression(rawValue: 200) }

    func encode(_ times: Span<Int64>, _ values: Span<Double>, to payload: inout [UInt8]) {
        var sink = ByteSink(payload)
        for index in times.indices {
            sink.u64(UInt64(bitPattern: times[index]))
            sink.u64(values[index].bitPattern)
        }
        payload = sink.bytes
    }

    func decode(
        _ payload: Span<UInt8>,
        _ header: ChunkHeader,
        into samples: inout SampleColumns
    ) throws(ChunkError) {
        var offset = 0
        while offset + 16 <= payload.count {
            samples.append(
                Int64(bitPattern: ByteLoads.u64(payload, offset)),
                Double(bitPattern: ByteLoads.u64(payload, offset + 8))
            )
            offset += 16
        }
    }
}
