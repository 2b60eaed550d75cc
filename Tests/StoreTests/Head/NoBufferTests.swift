// A store that keeps no buffer: in memory until sealed, with every count as with one.
import Model
import Platform
import Store
import TestSupport
import Testing

@Suite("No buffer")
struct NoBufferTests {
    // Batches in order, late, doubled, in conflict, generated, and with drops of their own.
    private func fill(_ store: SpineFixture, _ database: Database) throws -> [AppendOutcome] {
        let series = store.series(3)
        let sources = [SourceName.host, .scrape(job: "a"), .scrape(job: "b")]
        let streams = sources.map { database.openStream($0) }
        var outcomes: [AppendOutcome] = []
        let times: [Int64] = [10, 20, 15, 20, 20, 30, 30, 40]
        for (index, time) in times.enumerated() {
            let values = [1, 2, index == 4 ? 7 : 3].map(Double.init)
            var batch = try store.batch(database, streams[index % 3], series, time: time, values)
            batch.generatedTail = index % 2
            if index % 4 == 1 { batch.droppedBefore = [DropCount(.labelLimit, 2)] }
            outcomes.append(database.append(batch))
        }
        return outcomes
    }

    @Test("outcomes, samples and counts are those of a store with a buffer, without a file of it")
    func same() throws {
        var plain = SpineFixture()
        let recorded = try plain.open()
        let expected = try fill(plain, recorded)
        plain = SpineFixture()
        plain.options.keepsBuffer = false
        let database = try plain.open()
        #expect(try fill(plain, database) == expected)
        let samples = try plain.read(database)
        let wanted = try plain.read(recorded)
        #expect(samples.mapValues(\.times) == wanted.mapValues(\.times))
        #expect(samples.mapValues(\.values) == wanted.mapValues(\.values))
        let ledger = database.statistics().ledger
        #expect(ledger == recorded.statistics().ledger)
        #expect(ledger.rows["scrape/a"]?.dropped[.labelLimit] == 2)
        let brought = ledger.rows.values.reduce(0) { $0 + $1.brought }
        #expect(brought == 8 * 3 + 2 * 2)
        #expect(try plain.files("buffer", suffix: "").isEmpty)
        #expect(database.end == recorded.end)
    }

    @Test("what was sealed is there after a kill, the open epoch is not, and numbers go on")
    func killed() throws {
        var store = SpineFixture()
        store.options.keepsBuffer = false
        let series = store.series(2)
        var database = try store.open()
        var stream = database.openStream(.host)
        #expect(
            try store.append(database, stream, series, time: 1, [1, 2]) == .stored(2, dropped: [])
        )
        database.rotate()
        database.sealPending()
        #expect(
            try store.append(database, stream, series, time: 2, [3, 4]) == .stored(2, dropped: [])
        )
        let end = database.end
        database = try store.open()
        #expect(try store.read(database)[series[0]]?.times == [1])
        #expect(database.statistics().ledger.rows["host"]?.stored == 2)
        stream = database.openStream(.host)
        #expect(
            try store.append(database, stream, series, time: 3, [5, 6]) == .stored(2, dropped: [])
        )
        #expect(database.end > end)
        try database.close()
        database = try store.open()
        #expect(try store.read(database)[series[1]]?.values == [2, 6])
        #expect(database.statistics().ledger.rows["host"]?.stored == 4)
    }

    @Test("a reader that fell behind the memory ring gets what it missed from the segment")
    func behind() throws {
        var store = SpineFixture()
        store.options.keepsBuffer = false
        store.options.feedMemoryBytes = 300
        let series = store.series(2)
        let database = try store.open()
        let stream = database.openStream(.host)
        let begin = database.end
        for time in 1...20 as ClosedRange<Int64> {
            _ = try store.append(database, stream, series, time: time, [Double(time), 0])
        }
        #expect(try database.next(after: begin, limit: 1000)?.count == nil)
        database.rotate()
        database.sealPending()
        var times: [Int64] = []
        var place = begin
        while let slice = try database.next(after: place, limit: 7) {
            times += slice.times
            place = slice.to
        }
        #expect(times == (1...20).flatMap { [$0, $0] })
    }

    @Test("counts of many sources survive rotations and seals to the last sample")
    func tallies() throws {
        let store = SpineFixture()
        let series = store.series(1)
        let database = try store.open()
        let streams = (0..<5).map { database.openStream(.scrape(job: "j\($0 % 4)")) }
        var expected = Ledger()
        #expect(database.statistics().ledger == expected)
        var stored: [String: Int] = [:]
        for time in 1...60 as ClosedRange<Int64> {
            let place = Int(time * time % 5)
            let outcome = try store.append(database, streams[place], series, time: time, [0])
            #expect(outcome == .stored(1, dropped: []))
            stored["scrape/j\(place % 4)", default: 0] += 1
            if time % 11 == 0 { database.rotate() }
            if time % 13 == 0 { database.sealPending() }
            if time % 7 == 0 {
                expected = database.statistics().ledger
                #expect(expected.rows.mapValues(\.stored) == stored)
            }
        }
        try database.close()
        let reopened = try store.open()
        #expect(reopened.statistics().ledger.rows.mapValues(\.stored) == stored)
    }
}
