// Whole chunks of every compressor: any bytes are the samples that the header announces, or an error;
// a chunk that nobody touched has the samples that were put into it, and so has what was made of others.
import Codec
import Model
import Store

/// `ChunkCoders`, with a user's own compressor bound beside the format's.
struct ChunkTarget: FuzzTarget {
    static let name = "chunk"

    private let coders = ChunkCoders(StoreEngines(others: [TrustingCompressor()]))
    private let mutator: ByteMutator
    private let seeds: [[UInt8]]
    private let truths: [[UInt8]: SampleColumns]
    private let guarded: GuardedBytes

    private static let compressors: [any Compressor] = [
        GorillaCompressor(), ColumnarCompressor(), TrustingCompressor(),
    ]

    init() throws(FuzzFinding) {
        var mutator = ByteMutator(tokens: ["GORI", "\u{0}", "\u{7f}", "\u{1}\u{0}"])
        mutator.tokens.append([0xff, 0xff, 0xff])
        mutator.longest = 4096
        self.mutator = mutator
        var random = FuzzRandom(seed: 23)
        // The longest chunk of samples as they are, and a byte.
        guarded = try GuardedBytes(
            capacity: ChunkHeader.byteCount + ChunkHeader.maximumPointCount * 16 + 1
        )
        var seeds: [[UInt8]] = []
        var truths: [[UInt8]: SampleColumns] = [:]
        for round in 0..<16 {
            let samples = ChunkTarget.samples(round, &random)
            for compressor in ChunkTarget.compressors {
                for isPacked in [false, true] {
                    let chunk = SealedChunk(
                        samples,
                        flags: round % 4 == 3 ? .late : [],
                        with: compressor,
                        isPacked: isPacked
                    )
                    let bytes = ChunkTarget.bytes(of: chunk)
                    seeds.append(bytes)
                    truths[bytes] = samples
                }
            }
        }
        self.seeds = seeds
        self.truths = truths
        let codings = Set(seeds.map { $0[6] })
        try FuzzFinding.unless(codings == [1, 3, 4, 5, 200], "seeds of codings \(codings)")
    }

    // An input shorter than a header is a seed for samples.
    func input(_ random: inout FuzzRandom) -> [UInt8] {
        if random.oneIn(8) { return random.bytes(8) }
        var chunk = random.pick(seeds)
        // Header and payload apart: a byte more in the one must not move the other.
        var payload = Array(chunk[64...])
        if random.oneIn(2) {
            chunk.removeLast(payload.count)
            mutator.damage(&payload, seeds, &random)
            ChunkTarget.put(UInt64(payload.count), 4, &chunk, at: 44)
            chunk += payload
        } else {
            mutator.damage(&chunk, seeds, &random)
        }
        // A number that decides much, now and then.
        if random.oneIn(8), chunk.count >= 64 {
            let count = random.pick([0, 1, 2, 128, 65_535, 65_536, 65_537, UInt64.max])
            ChunkTarget.put(count, 4, &chunk, at: random.pick([40, 48]))
        }
        guard chunk.count >= 64, !random.oneIn(16) else { return chunk }
        ChunkTarget.put(0, 8, &chunk, at: 56)
        ChunkTarget.put(XXH64.hash(chunk.span), 8, &chunk, at: 56)
        return chunk
    }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        if input.count == 8 {
            let count = random.pick([1, 2, 3, 16, 120, 129, 240, 1000])
            try checkWay(RandomColumns.samples(count, &random), &random)
            return true
        }
        guard let (header, samples) = try read(input, &random) else { return false }
        let count = Int(header.pointCount)
        try FuzzFinding.unless(
            samples.times.count == count && samples.values.count == count,
            "\(count) samples made \(samples.times.count) times"
        )
        let times = samples.times
        try FuzzFinding.unless(
            times.first == header.startMs && times.last == header.endMs
                && zip(times, times.dropFirst()).allSatisfy { $0 < $1 },
            "times that do not ascend from \(header.startMs) to \(header.endMs): \(times)"
        )
        try checkEnd(of: input, header, &random)
        if let truth = truths[input] {
            try FuzzFinding.unless(
                ChunkTarget.isSame(samples, truth),
                "\(truth) came back as \(samples)"
            )
        }
        try checkWay(samples, &random)
        return true
    }

    // A chunk ends where its header says, and its payload where its samples end.
    private func checkEnd(
        of chunk: [UInt8],
        _ header: ChunkHeader,
        _ random: inout FuzzRandom
    ) throws(FuzzFinding) {
        var longer = chunk + [0]
        let isTaken = try read(longer, &random) != nil
        try FuzzFinding.unless(!isTaken, "a byte behind the chunk is taken")
        // A user's own compressor may leave bytes over.
        guard header.compression == .gorilla || header.compression == .columnar else { return }
        ChunkTarget.put(UInt64(header.compressedSize) + 1, 4, &longer, at: 44)
        ChunkTarget.put(0, 8, &longer, at: 56)
        ChunkTarget.put(XXH64.hash(longer.span), 8, &longer, at: 56)
        let isRead = try read(longer, &random) != nil
        try FuzzFinding.unless(!isRead, "a byte behind the last sample is taken")
    }

    // There and back through every compressor.
    private func checkWay(
        _ samples: SampleColumns,
        _ random: inout FuzzRandom
    ) throws(FuzzFinding) {
        let isPacked = random.oneIn(2)
        for compressor in ChunkTarget.compressors {
            let chunk = SealedChunk(samples, flags: [], with: compressor, isPacked: isPacked)
            guard let again = try read(ChunkTarget.bytes(of: chunk), &random)?.samples else {
                throw FuzzFinding("what \(compressor.compression) made is refused: \(samples)")
            }
            try FuzzFinding.unless(
                ChunkTarget.isSame(again, samples),
                "\(compressor.compression) made \(again) of \(samples)"
            )
        }
    }

    private static func isSame(_ one: SampleColumns, _ other: SampleColumns) -> Bool {
        one.times == other.times
            && one.values.map(\.bitPattern) == other.values.map(\.bitPattern)
    }

    // What is read is added to what is there, which stays.
    private func read(
        _ bytes: [UInt8],
        _ random: inout FuzzRandom
    ) throws(FuzzFinding) -> (header: ChunkHeader, samples: SampleColumns)? {
        var samples = SampleColumns()
        samples.append(7, 8)
        let header: ChunkHeader
        do throws(ChunkError) {
            header = try guarded.lend(bytes, atEnd: !random.oneIn(4)) { bytes throws(ChunkError) in
                try coders.read(bytes, into: &samples)
            }
        } catch {
            try FuzzFinding.unless(
                samples.times == [7] && samples.values == [8],
                "\(error) left \(samples.times.count) times and \(samples.values.count) values"
            )
            return nil
        }
        try FuzzFinding.unless(
            samples.times.first == 7 && samples.values.first == 8,
            "what was there is gone"
        )
        samples.times.removeFirst()
        samples.values.removeFirst()
        return (header, samples)
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
        var bytes = sink.bytes
        put(XXH64.hash(bytes.span), 8, &bytes, at: 56)
        return bytes
    }

    private static func put(_ value: UInt64, _ count: Int, _ bytes: inout [UInt8], at offset: Int) {
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
