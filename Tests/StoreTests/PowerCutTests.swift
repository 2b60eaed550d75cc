// Power cuts through a life of rotations, seals and starts; `make crash` runs a thousand seeds.
import Store
import TestSupport
import Testing

@Suite("Power cuts")
struct PowerCutTests {
    @Test("take nothing that was synced, and leave nothing twice or in part", arguments: 0..<50)
    func lives(seed: Int) throws {
        let tally = try PowerCutRun(seed: UInt64(seed)).run()
        #expect(tally.kills + tally.cuts == 5)
    }
}
