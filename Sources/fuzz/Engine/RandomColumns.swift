// Samples of every kind that the codecs have a code for, and some that none was made for.
import Model

/// Times and values at random.
struct RandomColumns {
    private static let stale = StaleMarker.value
    private static let odd: [Double] = [
        0, -0.0, .nan, stale, .infinity, -.infinity, 1e308, -1e308, .leastNonzeroMagnitude,
        .leastNormalMagnitude, 9_007_199_254_740_991, 9_007_199_254_740_992, -9_007_199_254_740_992,
        0.1, 1.0 / 3, 1e-12, 123_456.789_012,
    ]

    /// At least one sample, in strictly ascending time.
    static func samples(_ count: Int, _ random: inout FuzzRandom) -> SampleColumns {
        var samples = SampleColumns()
        let times = times(count, &random)
        let values = values(count, &random)
        for index in 0..<count { samples.append(times[index], values[index]) }
        return samples
    }

    /// Ascending times: on a grid, around it, with missed places, or wild.
    static func times(_ count: Int, _ random: inout FuzzRandom) -> [Int64] {
        let step = random.pick([1, 1000, 15_000, 15_000, 60_000, 3_600_000] as [Int64])
        let jitter = random.pick([0, 0, 1, 3, 200] as [Int64])
        let missing = random.pick([0, 0, 20, 6, 2])
        let isWild = random.oneIn(8)
        var time: Int64 = random.pick([0, 1_700_000_000_000, -5, .min])
        var times: [Int64] = []
        for _ in 0..<count {
            times.append(time)
            var interval = step
            if jitter > 0 { interval += Int64(random.below(Int(2 * jitter + 1))) - jitter }
            if missing > 0, random.oneIn(missing) { interval += step * Int64(random.below(200)) }
            if isWild { interval = 1 << Int64(random.below(50)) }
            time += max(1, interval)
        }
        return times
    }

    /// Values as a few kinds of sources bring them, one kind after the other, odd ones in between.
    static func values(_ count: Int, _ random: inout FuzzRandom) -> [Double] {
        var values: [Double] = []
        while values.count < count {
            // The codecs work in blocks of 128: a source changes anywhere, and where a block ends.
            let rest = count - values.count
            let length = random.pick([rest, rest, 1 + random.below(rest), min(rest, 128)])
            values += source(length, &random)
        }
        return values
    }

    private static func source(_ count: Int, _ random: inout FuzzRandom) -> [Double] {
        let scale = random.pick([1, 1, 10, 100, 1000, 1e6, 1e-3])
        let kind = random.below(8)
        let rarity = random.pick([0, 0, 0, 40, 10, 2])
        var integer = Double(random.pick([0, 0, 100, 1 << 40, -77, 1 << 52]))
        var step = Double(random.pick([1, 8, 4096, 1_000_003]))
        return (0..<count).map { _ in
            switch kind {
            case 0: break
            case 1: integer += step
            case 2: integer += step * Double(random.below(100))
            case 3: integer += Double(random.below(7) - 3)
            case 4: integer = random.oneIn(20) ? 0 : integer + Double(random.below(1000))
            case 5:
                // Small ones, and now and then one with many more bits.
                let isLarge = random.oneIn(16)
                let large = random.next() >> UInt64(12 + random.below(40))
                integer = isLarge ? Double(large) : Double(random.below(16))
            case 6:
                // Faster and faster.
                integer += step
                step += Double(3 + random.below(2))
            default: return Double(bitPattern: random.next())
            }
            return rarity > 0 && random.oneIn(rarity) ? random.pick(odd) : integer / scale
        }
    }
}
