// Whatever goes in comes out, bit for bit, whole or while the stream grows.
import Codec
import TestSupport
import Testing

@Suite("Gorilla round trip") struct GorillaRoundTripTests {
    static let edgeTimes: [Int64] = [
        .min, .min + 1, -1, 0, 1, 63, 64, 65, -64, -65, 524_287, 524_288, -524_288, -524_289,
        1_700_000_000_000, .max - 1, .max,
    ]
    static let edgeValues: [UInt64] = [
        0, 1 << 63, 1, 0x000f_ffff_ffff_ffff, 0x0010_0000_0000_0000, 0x7fef_ffff_ffff_ffff,
        0x7ff0_0000_0000_0000, 0xfff0_0000_0000_0000, 0x7ff0_0000_0000_0001,
        GorillaLayout.staleMarkerBits, 0x7ff8_0000_0000_0000, 0xfff8_0000_dead_beef,
        0x7fff_ffff_ffff_ffff, .max, 0x3ff0_0000_0000_0000, 0x4059_1999_9999_999a,
    ]

    @Test("holds for every pair of extreme times and values")
    func edges() throws {
        for first in Self.edgeTimes {
            for second in Self.edgeTimes {
                for third in Self.edgeTimes {
                    try expectRoundTrip([first, second, third], [1, 2, 1])
                }
            }
        }
        for first in Self.edgeValues {
            for second in Self.edgeValues {
                for third in Self.edgeValues {
                    try expectRoundTrip(
                        [0, 15_000, 30_000, 45_001, 45_001],
                        [first, second, third, first, second].map(Double.init(bitPattern:))
                    )
                }
            }
        }
    }

    @Test("holds for random shapes of series", arguments: 0..<60)
    func random(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let count = Int.random(in: 1...400, using: &random)
        var times: [Int64] = []
        var values: [Double] = []
        var time = Int64.random(in: .min ... .max, using: &random)
        var value = Double(Int64.random(in: -1000...1000, using: &random))
        let jitter = Int64.random(in: 0...3, using: &random) * 40
        for _ in 0..<count {
            times.append(time)
            values.append(value)
            time &+= 15_000 &+ Int64.random(in: -jitter...jitter, using: &random)
            switch Int.random(in: 0..<40, using: &random) {
            case 0..<20: break
            case 20..<30: value += 1
            case 30..<34: value += 0.01
            case 34: value = Double(bitPattern: GorillaLayout.staleMarkerBits)
            case 35: value = Double(bitPattern: random.next())
            case 36: time = Int64(bitPattern: random.next())
            case 37: time &+= 600_000
            case 38: value = -0.0
            default: value = Double.random(in: 0...1, using: &random)
            }
        }
        try expectRoundTrip(times, values, "seed \(seed)")
    }

    @Test("holds for what a reader notes between any two points", arguments: 0..<8)
    func snapshots(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: 1000)
        defer { unsafe memory.deallocate() }
        var expectedTimes: [Int64] = [5]
        var expectedValues: [UInt64] = [random.next()]
        var encoder = unsafe GorillaEncoder(time: 5, value: expectedValues[0], into: memory)
        #expect(encoder.wholeWordCount == 2)
        for index in 1..<200 {
            let change = index % 7 == 0 ? random.next() : expectedValues[index - 1]
            let time =
                expectedTimes[index - 1] &+ (index % 11 == 0 ? Int64(change & 0xfff) : 15_000)
            expectedTimes.append(time)
            expectedValues.append(change)
            let before = encoder.wholeWordCount
            unsafe encoder.append(time: time, value: change, into: memory)
            #expect(encoder.wholeWordCount - before <= GorillaLayout.maximumWordsPerPoint)
            #expect(encoder.firstTime == 5)
            #expect(encoder.lastTime == time)
            #expect(encoder.lastValue == change)
            #expect(encoder.pointCount == index + 1)
            let words = (0..<encoder.wholeWordCount).map { unsafe memory[$0] }
            var times: [Int64] = []
            var values: [Double] = []
            try GorillaDecoder.decode(
                words: words.span,
                unfinishedWord: encoder.unfinishedWord,
                bitCount: encoder.bitCount,
                count: encoder.pointCount,
                times: &times,
                values: &values
            )
            try #require(times == expectedTimes, "seed \(seed)")
            try #require(values.map(\.bitPattern) == expectedValues, "seed \(seed)")
        }
    }

    @Test("knows of its stale markers, also when they keep the base")
    func staleMarkers() {
        let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: 32)
        defer { unsafe memory.deallocate() }
        var encoder = unsafe GorillaEncoder(time: 0, value: 1, into: memory)
        #expect(!encoder.hasStaleMarkers)
        unsafe encoder.append(time: 10, value: GorillaLayout.staleMarkerBits, into: memory)
        #expect(encoder.hasStaleMarkers)
        #expect(encoder.lastValue == GorillaLayout.staleMarkerBits)
        unsafe encoder.append(time: 20, value: 1, into: memory)
        #expect(encoder.hasStaleMarkers)
        #expect(encoder.lastValue == 1)
    }

    @Test("the encoder's state stays small and plain")
    func size() {
        #expect(MemoryLayout<GorillaEncoder>.stride <= 72)
        let plain = _isPOD(GorillaEncoder.self)
        #expect(plain)
    }

    @Test("adds after what the columns hold")
    func appends() throws {
        let payload = GorillaPayload.encode(times: [1, 2].span, values: [3.0, 4.0].span)
        var times: [Int64] = [-9]
        var values: [Double] = [-8]
        try GorillaDecoder.decode(payload.span, count: 2, times: &times, values: &values)
        #expect(times == [-9, 1, 2])
        #expect(values == [-8, 3, 4])
    }

    private func expectRoundTrip(
        _ times: [Int64],
        _ values: [Double],
        _ comment: String = ""
    ) throws {
        let payload = GorillaPayload.encode(times: times.span, values: values.span)
        var gotTimes: [Int64] = []
        var gotValues: [Double] = []
        try GorillaDecoder.decode(
            payload.span,
            count: times.count,
            times: &gotTimes,
            values: &gotValues
        )
        try #require(gotTimes == times, "\(comment)")
        try #require(gotValues.map(\.bitPattern) == values.map(\.bitPattern), "\(comment)")
    }
}
