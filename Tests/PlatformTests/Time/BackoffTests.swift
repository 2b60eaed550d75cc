// Doubling, the cap, and full jitter.
import Platform
import TestSupport
import Testing

@Suite("Backoff") struct BackoffTests {
    @Test("the ceiling doubles up to the cap, without overflow")
    func ceiling() {
        var backoff = Backoff(firstMs: 100, capMs: 1_000)
        var random = SeededRandom(seed: 1)
        var ceilings: [Int64] = []
        for _ in 0..<6 {
            ceilings.append(backoff.ceilingMs)
            _ = backoff.nextMs(using: &random)
        }
        #expect(ceilings == [100, 200, 400, 800, 1_000, 1_000])
        for _ in 0..<100 { _ = backoff.nextMs(using: &random) }
        #expect(backoff.ceilingMs == 1_000)
        backoff.reset()
        #expect(backoff.ceilingMs == 100)
    }

    @Test("waits are spread from 1 to the ceiling", arguments: 1...5)
    func spread(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var waits: [Int64] = []
        for _ in 0..<1_000 {
            var backoff = Backoff(firstMs: 100, capMs: .max)
            waits.append(backoff.nextMs(using: &random))
        }
        #expect(waits.allSatisfy { (1...100).contains($0) }, "seed \(seed)")
        #expect(waits.contains { $0 < 10 } && waits.contains { $0 > 90 }, "seed \(seed)")
    }
}
