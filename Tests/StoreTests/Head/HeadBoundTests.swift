// The head does not grow for ever while epochs cannot be sealed.
import Model
import Platform
import Store
import TestSupport
import Testing

@Suite("Head bound")
struct HeadBoundTests {
    @Test("at twice its limit a head that cannot be sealed takes no more, counted, until it can")
    func bound() throws {
        var store = SpineFixture()
        store.options.headSizeLimit = 8000
        let series = store.series(8)
        let database = try store.open()
        let stream = database.openStream(.host)
        var random = SeededRandom(seed: 3)
        store.disk.fail(.rename, path: "segments", with: .noSpace)
        var times: [Int64] = []
        var refused: AppendOutcome?
        var bytesAtRotation = 0
        for time in 1...2000 as ClosedRange<Int64> where refused == nil {
            let values = series.map { _ in Double(Int.random(in: 0..<1 << 50, using: &random)) }
            let outcome = try store.append(database, stream, series, time: time, values)
            if outcome == .stored(8, dropped: []) { times.append(time) } else { refused = outcome }
            if bytesAtRotation == 0, database.statistics().rotations > 0 {
                bytesAtRotation = database.statistics().headChunkBytes
            }
            database.sealPending()
        }
        #expect(refused == .refused(.overload))
        // It went on after the rotation, within its bound.
        let statistics = database.statistics()
        #expect(statistics.rotations == 1)
        #expect(statistics.headChunkBytes > bytesAtRotation)
        #expect(statistics.headChunkBytes <= 2 * 8000 + 8 * 64)
        #expect(statistics.ledger.rows["host"]?.stored == times.count * 8)
        #expect(statistics.ledger.rows["host"]?.dropped == [.overload: 8])
        #expect(try store.read(database)[series[5]]?.times == times)
        store.disk.heal()
        database.sealPending()
        #expect(
            try store.append(database, stream, series, time: 3000, series.map { _ in 1 })
                == .stored(8, dropped: [])
        )
        #expect(try store.read(database)[series[5]]?.times == times + [3000])
    }
}
