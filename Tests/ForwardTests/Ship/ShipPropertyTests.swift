import Store
import Synchronization
import TestSupport
import Testing

@testable import Forward

@Suite("Shipping under chance") struct ShipPropertyTests {
    static func limits(_ seed: Int) -> ShipLimits {
        var limits = ShipLimits()
        limits.samplesPerSend = [3, 8, 40][seed % 3]
        limits.inFlight = 1 + seed % 4
        return limits
    }

    @Test(
        "failures of every kind lose nothing, repeat nothing needlessly, keep order",
        arguments: 1...150
    )
    func failures(seed: Int) {
        var world = ShipWorld(seed: UInt64(seed), limits: ShipPropertyTests.limits(seed))
        world.begin()
        for _ in 0..<400 { world.step() }
        world.drain()
        world.checkNothingLost()
        let totals = world.state.totals
        let settled = totals.acked + totals.ambiguous + totals.rejected.values.reduce(0, +)
        let stored = world.feed.state.withLock { $0.batches.reduce(0) { $0 + $1.series.count } }
        #expect(settled == UInt64(stored), "seed \(seed)")
        #expect(totals.acked == world.saidStored, "seed \(seed)")
    }

    @Test(
        "kill -9 at any moment: nothing lost, resends first, alone and identical",
        arguments: 1...300
    )
    func crashes(seed: Int) {
        var world = ShipWorld(seed: UInt64(seed), limits: ShipPropertyTests.limits(seed))
        var chance = SeededRandom(seed: UInt64(seed) &* 977)
        world.begin()
        for _ in 0..<6 {
            for _ in 0..<Int.random(in: 0...120, using: &chance) { world.step() }
            world.crash()
        }
        world.drain()
        world.checkNothingLost()
    }

    @Test(
        "a bounded stop at any moment is closed cleanly, the next start goes on",
        arguments: 1...150
    )
    func stops(seed: Int) {
        var world = ShipWorld(seed: UInt64(seed), limits: ShipPropertyTests.limits(seed))
        world.begin()
        for _ in 0..<5 {
            for _ in 0..<60 { world.step() }
            world.tell(.stop)
            for _ in 0..<10 where !world.isFinished { world.step() }
            world.tell(.stopNow)
            if let write = world.writes.first, !write.isClosed { world.finishWrite() }
            if !world.isFinished { world.finishWrite() }
            #expect(world.isFinished, "seed \(seed)")
            #expect(world.file.isClosed, "seed \(seed)")
            world.crash()
        }
        world.drain()
        world.checkNothingLost()
    }
}
