// `fuzz --ship`: simulated lives of an agent with destinations, one a seed.
import Platform
import TestSupport

/// The runs of `fuzz --ship`.
enum ShipRuns {
    /// Lives of `count` seeds.
    /// - Throws: the promise that was broken, with its seed.
    static func run(_ count: Int, from seed: UInt64) throws(FuzzFinding) {
        let clock = SystemClock()
        let start = clock.nowNs()
        var sum = ShipRun.Tally()
        for number in 0..<UInt64(count) {
            do throws(BrokenPromise) {
                let tally = try ShipRun(seed: seed &+ number).run()
                sum.samples += tally.samples
                sum.kills += tally.kills
                sum.cuts += tally.cuts
                sum.reloads += tally.reloads
                sum.emptied += tally.emptied
                sum.segments += tally.segments
                sum.repeated += tally.repeated
                sum.refused += tally.refused
                sum.setAside += tally.setAside
            } catch {
                throw FuzzFinding("ship: seed \(seed &+ number): \(error)")
            }
        }
        let ms = (clock.nowNs() - start) / 1_000_000
        FuzzRun.say(
            """
            ship: \(count) seeds in \(ms) ms: \(sum.kills) kills, \(sum.cuts) power cuts, \
            \(sum.reloads) reloads, \(sum.emptied) new disks; \
            \(sum.samples) samples offered, \(sum.segments) segments left; \
            \(sum.refused) refused, \(sum.setAside) of them set aside, \
            \(sum.repeated) came again where an answer was lost
            """
        )
    }
}
