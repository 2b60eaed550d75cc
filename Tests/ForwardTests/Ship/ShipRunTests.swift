import TestSupport
import Testing

@Suite("Lives of an agent that ships") struct ShipRunTests {
    @Test(
        "every promise is kept through failures, kills, power cuts, reloads and new disks",
        arguments: 1...6
    )
    func lives(part: Int) throws {
        var sum = ShipRun.Tally()
        for number in 0..<8 {
            let seed = UInt64(part * 100_000 + number)
            do throws(BrokenPromise) {
                let tally = try ShipRun(seed: seed).run()
                sum.samples += tally.samples
                sum.cuts += tally.cuts
                sum.repeated += tally.repeated
            } catch {
                Issue.record("seed \(seed): \(error)")
            }
        }
        #expect(sum.samples > 1_000)
        #expect(sum.cuts > 0)
        #expect(sum.repeated > 0)
    }
}
