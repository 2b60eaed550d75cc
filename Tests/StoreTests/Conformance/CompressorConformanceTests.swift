// What every compressor has to do, the store's own and a user's.
import Codec
import Model
import TestSupport
import Testing

@testable import Store

@Suite("Compressor, conformance") struct CompressorConformanceTests {
    static let compressors: [any Compressor] = [
        GorillaCompressor(), ColumnarCompressor(), PlainCompressor(),
    ]

    @Test("gives back every bit, behind whatever the columns hold", arguments: compressors.indices)
    func roundTrips(which: Int) throws {
        let compressor = Self.compressors[which]
        for (number, samples) in Self.sets().enumerated() {
            var payload: [UInt8] = [1, 2, 3]
            compressor.encode(samples.times.span, samples.values.span, to: &payload)
            #expect(payload.prefix(3) == [1, 2, 3], "set \(number): what was there is gone")
            let header = Self.header(of: samples, compressor.compression, payload.count - 3)
            var decoded = TestSegment.samples([7], [8])
            try compressor.decode(payload.span.extracting(3...), header, into: &decoded)
            #expect(decoded.times == [7] + samples.times, "set \(number)")
            #expect(
                decoded.values.map(\.bitPattern) == [Double(8).bitPattern]
                    + samples.values.map(\.bitPattern),
                "set \(number)"
            )
        }
    }

    @Test("damaged payloads are errors that change nothing", arguments: compressors.indices)
    func damage(which: Int) throws {
        let compressor = Self.compressors[which]
        var random = SeededRandom(seed: 11)
        var refused = 0
        for samples in Self.sets() where samples.count < 300 {
            var payload: [UInt8] = []
            compressor.encode(samples.times.span, samples.values.span, to: &payload)
            for _ in 0..<200 {
                var damaged = payload
                switch Int.random(in: 0..<3, using: &random) {
                case 0: damaged.removeLast(Int.random(in: 1...damaged.count, using: &random))
                case 1: damaged.append(UInt8.random(in: 0...255, using: &random))
                default:
                    let bit = Int.random(in: 0..<damaged.count * 8, using: &random)
                    damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                }
                let header = Self.header(of: samples, compressor.compression, damaged.count)
                var decoded = TestSegment.samples([7], [8])
                do throws(ChunkError) {
                    try ChunkCoders(StoreEngines(others: [compressor]))
                        .decode(damaged.span, header, into: &decoded)
                    #expect(decoded.count == 1 + samples.count)
                    #expect(decoded.times[1] == header.startMs)
                    #expect(decoded.times.last == header.endMs)
                    #expect(zip(decoded.times[1...], decoded.times[2...]).allSatisfy { $0 < $1 })
                } catch {
                    refused += 1
                    #expect(decoded.times == [7])
                    #expect(decoded.values == [8])
                }
            }
        }
        #expect(refused > 1000)
    }

    @Test("a store writes and reads with what is bound, and its segments say by what")
    func bound() throws {
        let own = PlainCompressor()
        let samples = TestSegment.samples([1000, 2000, 3000], [1, .nan, -0.0])
        let chunk = SealedChunk(samples, flags: [], with: own, isPacked: true)
        #expect(chunk.compression.rawValue == 200)
        #expect(chunk.payload.count == 48)
        var header = ChunkHeader(of: chunk, series: SeriesID(high: 1, low: 2))
        var decoded = SampleColumns()
        try ChunkCoders(StoreEngines(sealed: own))
            .decode(chunk.payload.span, header, into: &decoded)
        #expect(decoded.values.map(\.bitPattern) == samples.values.map(\.bitPattern))
        #expect(
            throws: ChunkError.unknownFeature(compression: 200, flags: 0),
            performing: {
                try ChunkCoders.standard.decode(chunk.payload.span, header, into: &decoded)
            }
        )
        // One that gives back the wrong number of samples is found out.
        header.pointCount = 2
        #expect(throws: ChunkError.self) {
            try ChunkCoders(StoreEngines(sealed: LyingCompressor()))
                .decode(chunk.payload.span, header, into: &decoded)
        }
        #expect(decoded.count == 3)
    }

    @Test("Snappy is the second stage only where it is smaller")
    func secondStage() throws {
        let flat = TestSegment.samples(
            Array(0..<5000).map { $0 * 1000 },
            (0..<5000).map { Double($0 % 2) }
        )
        let packed = SealedChunk(flat, flags: [], with: GorillaCompressor(), isPacked: true)
        #expect(packed.compression == .gorillaSnappy)
        #expect(packed.payload.count < Int(packed.uncompressedSize))
        var decoded = SampleColumns()
        try ChunkCoders.standard.decode(
            packed.payload.span,
            ChunkHeader(of: packed, series: SeriesID(high: 1, low: 2)),
            into: &decoded
        )
        #expect(decoded.times == flat.times && decoded.values == flat.values)
        var random = SeededRandom(seed: 4)
        let noise = TestSegment.samples(
            Array(0..<100).map { $0 * 1000 },
            (0..<100).map { _ in Double(bitPattern: random.next()) }
        )
        #expect(SealedChunk(noise, flags: [], isPacked: true).compression == .columnar)
    }

    private struct LyingCompressor: Compressor {
        var compression: ChunkCompression { PlainCompressor().compression }
        func encode(_ times: Span<Int64>, _ values: Span<Double>, to payload: inout [UInt8]) {}
        func decode(
            _ payload: Span<UInt8>,
            _ header: ChunkHeader,
            into samples: inout SampleColumns
        ) throws(ChunkError) {
            samples.times.append(contentsOf: [1000, 2000, 3000])
            samples.values.append(1)
        }
    }

    private static func header(
        of samples: SampleColumns,
        _ compression: ChunkCompression,
        _ bytes: Int
    ) -> ChunkHeader {
        var chunk = SealedChunk(samples, flags: [])
        chunk.compression = compression
        chunk.payload = [UInt8](repeating: 0, count: bytes)
        chunk.uncompressedSize = UInt32(bytes)
        return ChunkHeader(of: chunk, series: SeriesID(high: 1, low: 2))
    }

    // Grids, jitter, gaps, the ends of time, and values of every kind.
    private static func sets() -> [SampleColumns] {
        var random = SeededRandom(seed: 7)
        let odd: [Double] = [
            0, -0.0, 1, .infinity, -.infinity, .nan, StaleMarker.value, .leastNonzeroMagnitude,
            Double(bitPattern: 0xfff8_0000_dead_beef), .greatestFiniteMagnitude, 0.1, 1e-9,
        ]
        var sets = [
            TestSegment.samples([0], [1]), TestSegment.samples([.min], [StaleMarker.value]),
            TestSegment.samples([.min, .max], [-0.0, .nan]),
            TestSegment.samples([.min, 0, .max], [1, 1, 1]),
            TestSegment.samples([-5, -3, 100], odd.suffix(3)),
        ]
        for count in [2, 3, 120, 127, 128, 129, 240, 1000] {
            var times: [Int64] = []
            var time: Int64 = 1_700_000_000_000
            let isOnGrid = Bool.random(using: &random)
            for _ in 0..<count {
                times.append(time)
                time += 15_000 + (isOnGrid ? 0 : Int64.random(in: -5...5, using: &random))
                if Int.random(in: 0..<50, using: &random) == 0 { time += 150_000 }
            }
            sets.append(TestSegment.samples(times, Array(repeating: 42.5, count: count)))
            sets.append(TestSegment.samples(times, (0..<count).map { Double($0 * $0) / 100 }))
            sets.append(
                TestSegment.samples(
                    times,
                    (0..<count).map { _ in odd.randomElement(using: &random) ?? 0 }
                )
            )
            sets.append(
                TestSegment.samples(
                    times,
                    (0..<count).map { _ in Double(bitPattern: random.next()) }
                )
            )
        }
        return sets
    }
}
