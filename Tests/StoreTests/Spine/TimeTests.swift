// Times at the ends of time, and clocks that jump.
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Times")
struct TimeTests {
    private var store = SpineFixture()

    init() {
        store.options.maxAheadMs = 0
    }

    private func open() throws -> Database {
        try Database(
            store.options,
            fileSystem: store.disk,
            wallClock: store.clock,
            isClockSynchronised: { false }
        )
    }

    @Test("samples at the first and the last time there is are stored, sealed, followed, recovered")
    func ends() throws {
        let series = store.series(1)
        let times: [Int64] = [.min, .min + 1, -1, 0, .max - 1, .max]
        do {
            let database = try open()
            let stream = database.openStream(.push)
            for (index, time) in times.enumerated() {
                let outcome = try store.append(
                    database,
                    stream,
                    series,
                    time: time,
                    [Double(index)]
                )
                #expect(outcome == .stored(1, dropped: []))
                #expect(
                    try store.append(database, stream, series, time: time, [Double(index)])
                        == .stored(0, dropped: [DropCount(.duplicate, 1)])
                )
            }
        }
        let start = FeedPosition(number: .zero)
        for round in 0..<2 {
            let database = try open()
            #expect(try store.read(database)[series[0]]?.times == times)
            var place = start
            var fed: [Int64] = []
            while let slice = try database.next(after: place, limit: 2) {
                #expect(place < slice.to)
                fed += slice.times
                place = slice.to
            }
            #expect(fed == times, "round \(round)")
            try database.close()
            // The second round reads the segment: no buffer is left.
            for path in try store.files("buffer", suffix: ".gorb") { try store.disk.remove(path) }
        }
    }

    @Test("a clock that goes back a year rotates once, takes late samples and deletes nothing")
    func back() throws {
        let series = store.series(1)
        let database = try open()
        let stream = database.openStream(.host)
        let now = store.clock.nowMs()
        _ = try store.append(database, stream, series, time: now, [1])
        store.clock.stepWall(byMs: -365 * 86_400_000)
        for step in 0..<5 {
            let time = store.clock.nowMs() + Int64(step)
            #expect(
                try store.append(database, stream, series, time: time, [2])
                    == .stored(1, dropped: [])
            )
            database.maintain()
        }
        #expect(database.statistics().rotations == 1)
        #expect(try store.read(database)[series[0]]?.times.count == 6)
    }

    @Test("a clock that jumps ahead deletes nothing for an hour, and never by its own word alone")
    func ahead() throws {
        let series = store.series(1)
        let database = try open()
        let stream = database.openStream(.host)
        _ = try store.append(database, stream, series, time: store.clock.nowMs(), [1])
        database.rotate()
        database.maintain()
        #expect(database.statistics().segmentCount == 1)
        store.clock.stepWall(byMs: 365 * 86_400_000)
        database.maintain()
        _ = try store.append(database, stream, series, time: store.clock.nowMs(), [2])
        database.rotate()
        database.maintain()
        #expect(database.statistics().segmentCount == 2)
        store.clock.stepWall(byMs: -365 * 86_400_000)
        database.maintain()
        #expect(database.statistics().segmentCount == 2)
    }

    @Test("what is older than the retention time goes, but not what a destination needs")
    func retention() throws {
        let series = store.series(1)
        let database = try open()
        let stream = database.openStream(.host)
        let first = database.end
        for _ in 0..<40 {
            _ = try store.append(database, stream, series, time: store.clock.nowMs(), [1])
            database.rotate()
            database.pin("slow", at: first)
            database.maintain()
            store.clock.advance(by: .seconds(43_200))
        }
        #expect(database.statistics().segmentCount == 40)
        database.unpin("slow")
        database.maintain()
        #expect(database.statistics().segmentCount == 31)
        #expect(database.statistics().segmentsDeleted == 9)
    }

    @Test("a large step is not time that went by")
    func retentionClock() {
        var clock = RetentionClock(nowMs: 0)
        let day: Int64 = 86_400_000
        #expect(clock.age(day, newestSampleMs: 5) == 5)
        #expect(clock.age(3 * day, newestSampleMs: 3 * day) == nil)
        #expect(clock.age(3 * day + 3_599_999, newestSampleMs: 3 * day) == nil)
        #expect(clock.age(3 * day + 3_600_000, newestSampleMs: 3 * day) == 3 * day)
        #expect(clock.age(.min, newestSampleMs: 1) == nil)
        #expect(clock.age(.max - 1, newestSampleMs: 1) == nil)
        #expect(clock.age(.max, newestSampleMs: nil) == nil)
    }
}
