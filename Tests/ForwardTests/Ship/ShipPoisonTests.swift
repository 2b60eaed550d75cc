import Store
import TestSupport
import Testing

@testable import Forward

@Suite("Samples that alone fail with 5xx") struct ShipPoisonTests {
    /// A receiver that cannot take some series, and may be down besides.
    struct Receiver {
        var driver = ShipStateTests.Driver()
        var poison: Set<UInt64> = []
        var isDown: (Int) -> Bool = { _ in false }
        var requests = 0
        var stored: [UInt64: Int] = [:]

        /// Answers up to `limit` requests; timers come at once.
        mutating func run(_ limit: Int = 10_000) {
            for _ in 0..<limit {
                if driver.sent.isEmpty {
                    guard driver.wakeAt != nil else { return }
                    driver.waitForTimer()
                    if driver.sent.isEmpty { return }
                }
                let (id, part) = driver.sent[0]
                let series = driver.series[id, default: []][part]
                requests += 1
                if isDown(requests) || series.contains(where: { poison.contains($0) }) {
                    driver.answer(.failed(code: 500, afterMs: nil))
                } else {
                    for one in series { stored[one, default: 0] += 1 }
                    driver.answer(.stored)
                }
            }
        }
    }

    @Test(
        "they are found by halving and set aside, all others arrive",
        arguments: [[617], [1], [1000], [3, 4], [1, 500, 1000], [10, 20, 30, 40, 50]] as [[UInt64]]
    )
    func found(poison: [UInt64]) {
        var receiver = Receiver()
        receiver.poison = Set(poison)
        receiver.driver.slices = [(1, Array(1...1000)), (2, Array(2000...2100))]
        receiver.driver.tell(.started)
        receiver.run()
        let totals = receiver.driver.state.totals
        #expect(totals.setAside == UInt64(poison.count))
        #expect(totals.rejected == [500: UInt64(poison.count)])
        #expect(totals.acked == UInt64(1101 - poison.count))
        #expect(receiver.stored.count == 1101 - poison.count)
        #expect(receiver.driver.notes.contains(.setAside(code: 500)))
        #expect(receiver.driver.state.isInStep)
        #expect(receiver.driver.state.acked == ShipStateTests.at(2))
        #expect(receiver.requests < 60 * poison.count, "\(receiver.requests) requests")
        #expect(receiver.driver.nowNs < 60_000_000_000)
    }

    @Test("a request of such a sample alone waits until another passed beside it")
    func lonely() {
        var receiver = Receiver()
        receiver.poison = [1]
        receiver.driver.slices = [(1, [1])]
        receiver.driver.tell(.started)
        receiver.run(50)
        #expect(receiver.driver.state.totals.setAside == 0)
        #expect(receiver.requests == 50)
        #expect(receiver.stored.isEmpty)
    }

    @Test(
        "what shares its series goes beside it without them",
        arguments: [1, 2, 4]
    )
    func shared(inFlight: Int) {
        var receiver = Receiver()
        receiver.driver = ShipStateTests.Driver(inFlight: inFlight)
        receiver.poison = [1]
        receiver.driver.slices = [(1, [1]), (2, [5, 1, 7]), (3, [1, 5, 7])]
        receiver.driver.tell(.started)
        receiver.run(400)
        let totals = receiver.driver.state.totals
        #expect(totals.setAside == 3)
        #expect(totals.acked == 4)
        #expect(receiver.driver.state.isInStep)
    }

    @Test("nothing is set aside while the receiver is down, and few requests more are sent then")
    func down() {
        var receiver = Receiver()
        receiver.isDown = { $0 <= 700 }
        receiver.driver.slices = (1...20).map { ($0, Array(1...1000)) }
        receiver.driver.tell(.started)
        receiver.run()
        let totals = receiver.driver.state.totals
        #expect(receiver.driver.nowNs > 3_000_000_000_000)
        #expect(totals.setAside == 0)
        #expect(totals.rejected.isEmpty)
        #expect(totals.acked == 20_000)
        #expect(receiver.stored.values.allSatisfy { $0 == 20 })
        #expect(receiver.requests - 700 < 60)
    }

    @Test("nor while it comes and goes", arguments: 1...60)
    func unsteady(seed: Int) {
        var receiver = Receiver()
        let random = Chance(seed: UInt64(seed))
        receiver.isDown = { _ in random.next() }
        receiver.driver.slices = (1...30).map { number in
            (UInt32(number), number % 3 == 0 ? [UInt64(number)] : Array(1...64))
        }
        receiver.driver.tell(.started)
        receiver.run()
        #expect(receiver.driver.state.totals.setAside == 0)
        #expect(receiver.driver.state.isInStep)
    }

    /// Every second answer is a failure, by chance.
    final class Chance {
        private var random: SeededRandom
        init(seed: UInt64) { random = SeededRandom(seed: seed) }
        func next() -> Bool { Bool.random(using: &random) }
    }
}
