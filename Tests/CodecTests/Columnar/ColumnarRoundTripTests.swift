// Whatever goes in comes out, bit for bit, whichever way it was coded.
import Codec
import TestSupport
import Testing

@Suite("Columnar round trip") struct ColumnarRoundTripTests {
    static let counts = [1, 2, 3, 7, 8, 9, 64, 127, 128, 129, 240, 256, 257, 480, 1000]

    @Test("holds for constants, at a few bytes", arguments: counts)
    func constants(count: Int) throws {
        for pattern in GorillaRoundTripTests.edgeValues {
            let value = Double(bitPattern: pattern)
            let times = (0..<Int64(count)).map { 1_700_000_000_000 + $0 * 15_000 }
            let size = try expectRoundTrip(times, [Double](repeating: value, count: count))
            #expect(size <= 9)
        }
        for (value, size) in [(0.0, 2), (1.0, 2), (-3, 2), (64, 3), (0.25, 3), (1e15, 9)] {
            let times = (0..<Int64(count)).map { $0 * 15_000 }
            let got = try expectRoundTrip(times, [Double](repeating: value, count: count))
            #expect(got == size, "\(value)")
        }
    }

    @Test("holds for times of every kind", arguments: 0..<40)
    func times(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let count = Self.counts[Int(seed) % Self.counts.count]
        let values = [Double](repeating: 1, count: count)
        let step = Int64.random(in: 1...100_000, using: &random)
        let exact = (0..<Int64(count)).map { Int64.min + $0 &* step }
        #expect(try expectRoundTrip(exact, values) == 2)
        var time: Int64 = -5
        try expectRoundTrip(
            (0..<count).map { index in
                time += 15_000 * (index % 50 == 3 ? 17 : 1)
                return time
            },
            values
        )
        try expectRoundTrip(
            (0..<Int64(count)).map { $0 * 15_000 + Int64.random(in: -6...6, using: &random) },
            values
        )
        let anyTimes = (0..<count).map { _ in Int64(bitPattern: random.next()) }
        try expectRoundTrip(Set(anyTimes).sorted(), values, "seed \(seed)")
        if count > 1 {
            let extreme = [Int64.min] + Set(anyTimes).sorted().dropFirst().dropLast() + [.max]
            try expectRoundTrip(extreme, values, "seed \(seed)")
        }
    }

    @Test("holds for values of every kind and mixture", arguments: 0..<200)
    func values(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let count = Self.counts[Int(seed) % Self.counts.count]
        let times = (0..<Int64(count)).map { $0 * 1000 }
        let kind = Int.random(in: 0..<12, using: &random)
        let oddEvery = Int.random(in: 2...300, using: &random)
        let scale = Int64(1) << Int64.random(in: 0...52, using: &random)
        var whole: Int64 = Int64.random(in: -scale...scale, using: &random)
        let values = (0..<count).map { _ in
            if Int.random(in: 0..<oddEvery, using: &random) == 0 {
                let edges = GorillaRoundTripTests.edgeValues
                return Double(bitPattern: edges[Int(random.next() % UInt64(edges.count))])
            }
            whole += Int64.random(in: -scale...scale, using: &random) / 16
            return switch kind {
            case 0: Double(whole)
            case 1: Double(whole) / 100
            case 2: Double(whole) * 0.001
            case 3: Double(whole) / 1000 / 1000
            case 4: Double(whole) / 1e9
            case 5: Double(whole) * 1e-9
            case 6: Double(bitPattern: random.next())
            case 7: Double.random(in: 0...100, using: &random)
            case 8: Double(whole &* 4096)
            case 9: Double(whole) / 1024
            case 10: Double(whole).squareRoot()
            default: whole & 3 == 0 ? Double(whole) : Double(whole) / 3
            }
        }
        let size = try expectRoundTrip(times, values, "seed \(seed)")
        #expect(size <= 1 + 8 * count)
    }

    @Test("writes the example of the document")
    func example() throws {
        let stale = Double(bitPattern: GorillaLayout.staleMarkerBits)
        let times: [Int64] = [0, 15_000, 30_000, 45_000]
        let values = [0.5, 0.5, 0.75, stale]
        try expectRoundTrip(times, values)
        var payload: [UInt8] = []
        ColumnarPayload.encode(times: times.span, values: values.span, to: &payload)
        #expect(payload == [0x2c, 0x42, 0x19, 0x64, 0x21, 0x20, 0x01, 0x19])
    }

    @Test("adds after what the columns hold, and nothing for nothing")
    func appends() throws {
        var bytes: [UInt8] = [9]
        ColumnarPayload.encode(times: [1, 2].span, values: [3.0, 4.0].span, to: &bytes)
        #expect(bytes[0] == 9)
        var times: [Int64] = [-9]
        var values: [Double] = [-8]
        let payload = Array(bytes[1...])
        try ColumnarPayload.decode(
            payload.span,
            count: 2,
            start: 1,
            end: 2,
            times: &times,
            values: &values
        )
        #expect(times == [-9, 1, 2])
        #expect(values == [-8, 3, 4])
        var none: [UInt8] = []
        let noTimes: [Int64] = []
        let noValues: [Double] = []
        ColumnarPayload.encode(times: noTimes.span, values: noValues.span, to: &none)
        #expect(none.isEmpty)
        try ColumnarPayload.decode(
            none.span,
            count: 0,
            start: 0,
            end: 0,
            times: &times,
            values: &values
        )
        #expect(times.count == 3)
    }

    @discardableResult
    private func expectRoundTrip(
        _ times: [Int64],
        _ values: [Double],
        _ comment: String = ""
    ) throws -> Int {
        var payload: [UInt8] = []
        ColumnarPayload.encode(times: times.span, values: values.span, to: &payload)
        var gotTimes: [Int64] = []
        var gotValues: [Double] = []
        try ColumnarPayload.decode(
            payload.span,
            count: times.count,
            start: times[0],
            end: times[times.count - 1],
            times: &gotTimes,
            values: &gotValues
        )
        try #require(gotTimes == times, "\(comment)")
        try #require(gotValues.map(\.bitPattern) == values.map(\.bitPattern), "\(comment)")
        return payload.count
    }
}
