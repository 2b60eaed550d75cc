import Testing

@testable import Forward

@Suite("Rate limit") struct RateLimitTests {
    static let secondNs: Int64 = 1_000_000_000

    @Test("no limit waits for nothing")
    func none() {
        var limit = RateLimit(bytesPerSecond: 0)
        for _ in 0..<10 { #expect(limit.take(1 << 40, at: 0) == 0) }
    }

    @Test("a second's worth goes at once, the rest at the rate")
    func burst() {
        var limit = RateLimit(bytesPerSecond: 1000)
        #expect(limit.take(600, at: 0) == 0)
        #expect(limit.take(400, at: 0) == 0)
        #expect(limit.take(100, at: 0) == RateLimitTests.secondNs / 10)
        // Half a second later half of it is back, of which a tenth is spoken for.
        #expect(limit.take(400, at: RateLimitTests.secondNs / 2) == 0)
        #expect(limit.take(1, at: RateLimitTests.secondNs / 2) == RateLimitTests.secondNs / 1000)
        // After a long pause there is no more than a second's worth.
        #expect(limit.take(1000, at: 60 * RateLimitTests.secondNs) == 0)
        #expect(limit.take(500, at: 60 * RateLimitTests.secondNs) == RateLimitTests.secondNs / 2)
    }

    @Test("a body that is larger than a second's worth goes, and is paid for afterwards")
    func large() {
        var limit = RateLimit(bytesPerSecond: 10)
        #expect(limit.take(100, at: 0) == 0)
        #expect(limit.take(1, at: 0) == 91 * RateLimitTests.secondNs / 10)
        #expect(limit.take(100, at: 0) == 101 * RateLimitTests.secondNs / 10)
    }

    @Test("over time no more than the rate goes out, whatever the sizes", arguments: 1...20)
    func rate(seed: Int) {
        var limit = RateLimit(bytesPerSecond: 5000)
        var (nowNs, sent) = (Int64(0), 0)
        for step in 0..<500 {
            let size = 1 + (step * seed * 7919) % 4000
            nowNs += limit.take(size, at: nowNs)
            sent += size
        }
        let allowed = 5000 * (Double(nowNs) / 1e9 + 1)
        #expect(Double(sent) <= allowed + 1)
        #expect(Double(sent) >= allowed - 5001)
    }
}
