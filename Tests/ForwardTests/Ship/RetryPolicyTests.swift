import TestSupport
import Testing

@testable import Forward

@Suite("Retry policy") struct RetryPolicyTests {
    @Test("pauses double from 30 ms to 5 s and never exceed the longest", arguments: 1...20)
    func doubling(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let limits = ShipLimits()
        var last: Int64 = 0
        for failures in 1...60 {
            let pause = limits.backoffNs(failures: failures, using: &random)
            let whole =
                failures > 8 ? 5_000_000_000 : min(30_000_000 << (failures - 1), 5_000_000_000)
            #expect(pause <= whole && pause >= whole - whole / 6, "seed \(seed)")
            #expect(
                Double(pause) >= Double(last) * 0.8,
                "seed \(seed): the compliance suite's ratio"
            )
            last = pause
        }
    }
}
