// The database from outside: what is appended is selected, followed, sealed and recovered.
import Model
import Platform
import Store
import TestSupport
import Testing

@Suite("Database")
struct DatabaseTests {
    @Test("an appended batch is selected as it was, head and segment alike")
    func roundTrip() throws {
        let store = try StoreFixture()
        let database = try store.open()
        let stream = database.openStream(.scrape(job: "demo"))
        let series = [store.labels("up", "a"), store.labels("up", "b")]
        for step in 0..<300 {
            let outcome = try store.append(
                database,
                stream,
                series,
                time: 1_000 * Int64(step),
                values: [1, Double(step) / 8]
            )
            #expect(outcome == .stored(2, dropped: []))
            if step == 100 {
                #expect(database.rotate())
                database.sealPending()
            }
        }
        let read = try store.read(database)
        #expect(read.count == 2)
        #expect(read[series[1]]?.times == (0..<300).map { 1_000 * Int64($0) })
        #expect(read[series[1]]?.values == (0..<300).map { Double($0) / 8 })
        #expect(database.statistics().segmentCount == 1)
        #expect(database.statistics().ledger.rows["scrape/demo"]?.stored == 600)
        try database.close()
    }

    @Test("after a kill everything acknowledged is there, once", arguments: [0, 1, 2, 3])
    func recovery(rotations: Int) throws {
        let store = try StoreFixture()
        let series = (0..<20).map { store.labels("metric", "series-\($0)") }
        var expected = 0
        for start in 0..<4 {
            let database = try store.open(locked: false)
            let stream = database.openStream(.host)
            for step in 0..<50 {
                let time = Int64(start * 50 + step) * 15_000
                let values = series.indices.map { Double(step * $0) * 0.01 }
                let outcome = try store.append(database, stream, series, time: time, values: values)
                #expect(outcome == .stored(20, dropped: []))
                expected += 20
                if rotations > 0, step % (50 / rotations) == 7 {
                    database.rotate()
                    if step % 2 == 0 { database.sealPending() }
                }
            }
            // No close: as after kill -9.
        }
        let database = try store.open(locked: false)
        let read = try store.read(database)
        #expect(read.values.reduce(0) { $0 + $1.count } == expected)
        #expect(read[series[3]]?.times == (0..<200).map { Int64($0) * 15_000 })
        #expect(
            read[series[3]]?.values == (0..<200).map { Double(($0 % 50) * 3) * 0.01 }
        )
        #expect(database.statistics().ledger.rows["host"]?.stored == expected)
    }

    @Test("late samples, duplicates and conflicts follow the rules, also after recovery")
    func late() throws {
        let store = try StoreFixture()
        let one = [store.labels("m", "a")]
        do {
            let database = try store.open(locked: false)
            let stream = database.openStream(.push)
            #expect(
                try store.append(database, stream, one, time: 100, values: [1])
                    == .stored(1, dropped: [])
            )
            #expect(
                try store.append(database, stream, one, time: 300, values: [3])
                    == .stored(1, dropped: [])
            )
            #expect(
                try store.append(database, stream, one, time: 200, values: [2])
                    == .stored(1, dropped: [])
            )
            #expect(
                try store.append(database, stream, one, time: 300, values: [3])
                    == .stored(0, dropped: [DropCount(.duplicate, 1)])
            )
            #expect(
                try store.append(database, stream, one, time: 100, values: [9])
                    == .stored(0, dropped: [DropCount(.conflict, 1)])
            )
            #expect(
                try store.append(database, stream, one, time: 200, values: [9])
                    == .stored(0, dropped: [DropCount(.conflict, 1)])
            )
            #expect(try store.read(database)[one[0]]?.values == [1, 2, 3])
            database.rotate()
            database.sealPending()
            // Sealed now: the same time again is stored as late and hidden by reads.
            #expect(
                try store.append(database, stream, one, time: 300, values: [7])
                    == .stored(1, dropped: [])
            )
            #expect(try store.read(database)[one[0]]?.values == [1, 2, 3])
        }
        let database = try store.open(locked: false)
        #expect(try store.read(database)[one[0]]?.values == [1, 2, 3])
        let row = database.statistics().ledger.rows["push"]
        #expect(row?.stored == 4)
        #expect(row?.dropped == [.duplicate: 1, .conflict: 2])
    }

    @Test("a new series in the head takes its last time from the segments")
    func lastTime() throws {
        let store = try StoreFixture()
        let one = [store.labels("m", "a")]
        do {
            let database = try store.open(locked: false)
            let stream = database.openStream(.push)
            _ = try store.append(database, stream, one, time: 1000, values: [1])
            database.closeStream(stream)
            database.rotate()
            database.sealPending()
            #expect(database.statistics().headSeries == 0)
            let again = database.openStream(.push)
            _ = try store.append(database, again, one, time: 500, values: [5])
            #expect(database.statistics().lateSamples == 1)
        }
        let database = try store.open(locked: false)
        let stream = database.openStream(.push)
        _ = try store.append(database, stream, one, time: 600, values: [6])
        #expect(database.statistics().lateSamples == 2)
        #expect(try store.read(database)[one[0]]?.times == [500, 600, 1000])
    }

    @Test("a second process is told who has the directory")
    func lock() throws {
        let store = try StoreFixture()
        let first = try store.open()
        let error = #expect(throws: StoreError.self) { try store.open() }
        #expect(error?.description.contains("pid=") == true)
        try first.close()
        _ = try store.open()
    }

    @Test("unknown handles refuse the whole batch")
    func unknownHandles() throws {
        let store = try StoreFixture()
        let database = try store.open()
        let stream = database.openStream(.push)
        let one = [store.labels("m", "a")]
        let handles = try store.handles(database, one)
        _ = try store.append(database, stream, one, time: 1, values: [1])
        database.closeStream(stream)
        database.rotate()
        database.sealPending()
        let again = database.openStream(.push)
        var batch = SampleBatch(stream: again, time: Timestamp(ms: 2))
        batch.series = handles
        batch.values = [2]
        #expect(database.append(batch) == .unknownSeries([0]))
    }

    @Test("an epoch's age counts over a restart")
    func epochAge() throws {
        let store = try StoreFixture()
        store.options.chunkTimeLimitMs = 10_000
        store.options.locksDirectory = false
        let clock = ManualClock()
        func open() throws -> Database { try Database(store.options, wallClock: clock) }
        do {
            let database = try open()
            let stream = database.openStream(.host)
            _ = try store.append(
                database,
                stream,
                [store.labels("m", "a")],
                time: clock.nowMs(),
                values: [1]
            )
        }
        clock.advance(by: .seconds(9))
        let database = try open()
        database.maintain()
        #expect(database.statistics().rotations == 0)
        clock.advance(by: .seconds(2))
        database.maintain()
        #expect(database.statistics().rotations == 1)
    }
}
