// A clock that is set back by more than a minute: what comes is in order again.
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Clock steps")
struct ClockStepTests {
    private static let yearMs: Int64 = 365 * 86_400_000

    private var store = SpineFixture()
    private let series: [Labels]

    init() {
        store.options.maxAheadMs = 0
        store.options.chunkTimeLimitMs = 7_200_000
        series = store.series(2)
    }

    private func open() throws -> Database {
        try Database(
            store.options,
            fileSystem: store.disk,
            wallClock: store.clock,
            isClockSynchronised: { false }
        )
    }

    /// Appends one sample of the first series a second, from the clock's time on; gives back the times.
    private func append(_ count: Int, _ database: Database, series place: Int = 0) throws -> [Int64]
    {
        let stream = database.openStream(.host)
        var times: [Int64] = []
        for _ in 0..<count {
            let time = store.clock.nowMs()
            let outcome = try store.append(
                database,
                stream,
                [series[place]],
                time: time,
                [Double(time)]
            )
            #expect(outcome == .stored(1, dropped: []))
            times.append(time)
            store.clock.stepWall(byMs: 1000)
        }
        return times
    }

    private struct Fed: Equatable {
        var times: [Int64] = []
        var late = 0
    }

    private func feed(_ database: Database) throws -> Fed {
        var place = FeedPosition(number: .zero)
        var fed = Fed()
        while let slice = try database.next(after: place, limit: 1000) {
            fed.times += slice.times
            if slice.isLate { fed.late += slice.times.count }
            place = slice.to
        }
        return fed
    }

    private func steps(_ database: Database) -> [SequenceNumber] {
        database.sealed.withLock { $0.map(\.summary.clockStep) }
    }

    private func seal(_ database: Database) {
        database.rotate()
        database.maintain()
    }

    @Test(
        "after a year back new samples are in order, in an epoch of their own, and shipped behind"
    )
    func yearBack() throws {
        let database = try open()
        let before = try append(3, database)
        let last = database.statistics().lastNumber
        store.clock.stepWall(byMs: -ClockStepTests.yearMs)
        let after = try append(3, database)
        #expect(database.statistics().lateSamples == 0)
        #expect(database.statistics().rotations == 1)
        #expect(try feed(database) == Fed(times: before + after, late: 0))
        seal(database)
        #expect(steps(database) == [last, last])
        #expect(database.sealed.withLock { $0.map(\.summary.lateSampleCount) } == [0, 0])
        #expect(try store.read(database)[series[0]]?.times == after + before)
        #expect(try feed(database) == Fed(times: before + after, late: 0))
    }

    @Test("a step back within a minute is none: what it puts behind is late")
    func smallStep() throws {
        let database = try open()
        let before = try append(3, database)
        // From the last look at the clock, a second before.
        store.clock.stepWall(byMs: -Database.smallStepBackMs - 1000)
        let after = try append(1, database)
        #expect(after[0] == before[2] - Database.smallStepBackMs)
        #expect(database.statistics().lateSamples == 1)
        #expect(database.statistics().rotations == 0)
        #expect(try feed(database) == Fed(times: before + after, late: 1))
    }

    @Test("a step back by a millisecond more than a minute ends the epoch, and nothing is late")
    func leastStep() throws {
        let database = try open()
        let before = try append(3, database)
        store.clock.stepWall(byMs: -Database.smallStepBackMs - 1001)
        let after = try append(1, database)
        #expect(after[0] == before[2] - Database.smallStepBackMs - 1)
        #expect(database.statistics().lateSamples == 0)
        #expect(database.statistics().rotations == 1)
        #expect(try feed(database) == Fed(times: before + after, late: 0))
    }

    @Test("a step forward is none; the way back from it is one")
    func forward() throws {
        let database = try open()
        let before = try append(2, database)
        store.clock.stepWall(byMs: 3_600_000)
        let ahead = try append(2, database)
        #expect(database.statistics().rotations == 0)
        store.clock.stepWall(byMs: -3_600_000)
        let after = try append(2, database)
        #expect(database.statistics().rotations == 1)
        #expect(database.statistics().lateSamples == 0)
        #expect(try feed(database) == Fed(times: before + ahead + after, late: 0))
    }

    @Test("nothing that was sealed before the step gives a last time, also to later starts")
    func sealedBefore() throws {
        var database = try open()
        let before = try append(2, database, series: 0) + append(2, database, series: 1)
        seal(database)
        let last = database.statistics().lastNumber
        store.clock.stepWall(byMs: -ClockStepTests.yearMs)
        // Nothing is open: the next segment must say it.
        database.maintain()
        let after = try append(2, database, series: 0)
        seal(database)
        #expect(steps(database) == [.zero, last])
        try database.close()
        for path in try store.files("buffer", suffix: ".gorb") { try store.disk.remove(path) }
        database = try open()
        let again = try append(1, database, series: 1)
        #expect(database.statistics().lateSamples == 0)
        // The segment behind the step is as good as any.
        store.clock.stepWall(byMs: -3000)
        _ = try append(1, database, series: 0)
        #expect(database.statistics().lateSamples == 1)
        #expect(try store.read(database)[series[1]]?.times == again + before[2...])
        #expect(after.count == 2)
    }

    // A year shows in the times of the parts, half an hour only in those of the samples.
    @Test(
        "a killed store finds the step in its buffer again",
        arguments: [ClockStepTests.yearMs, 1_800_000]
    )
    func replayed(stepMs: Int64) throws {
        var before: [Int64] = []
        var after: [Int64] = []
        var last = SequenceNumber.zero
        do {
            let database = try open()
            store.clock.stepWall(byMs: 3_600_000)
            before = try append(3, database)
            last = database.statistics().lastNumber
            store.clock.stepWall(byMs: -stepMs)
            after = try append(3, database)
        }
        let database = try open()
        #expect(database.statistics().lateSamples == 0)
        #expect(database.recovery.lostSamples == 0)
        #expect(try feed(database) == Fed(times: before + after, late: 0))
        seal(database)
        #expect(database.sealed.withLock { $0.map(\.range.through) }.first == last)
        #expect(steps(database) == [last, last])
        #expect(try store.read(database)[series[0]]?.times == after + before)
    }

    @Test(
        "a clock that was set back while the store was closed is noticed at the start",
        arguments: [true, false]
    )
    func whileClosed(isSealed: Bool) throws {
        var before: [Int64] = []
        do {
            let database = try open()
            before = try append(3, database)
            try database.close(sealing: isSealed)
        }
        store.clock.stepWall(byMs: -ClockStepTests.yearMs)
        let database = try open()
        let after = try append(3, database)
        #expect(database.statistics().lateSamples == 0)
        #expect(try feed(database) == Fed(times: before + after, late: 0))
        seal(database)
        #expect(database.sealed.withLock { $0.map(\.summary.lateSampleCount) } == [0, 0])
        #expect(try store.read(database)[series[0]]?.times == after + before)
    }

    @Test(
        "a step behind which nothing is sealed yet is known to later starts",
        arguments: [true, false]
    )
    func unsealed(isRunning: Bool) throws {
        do {
            let database = try open()
            _ = try append(2, database, series: 0) + append(2, database, series: 1)
            seal(database)
            if isRunning {
                store.clock.stepWall(byMs: -ClockStepTests.yearMs)
                database.maintain()
                _ = try append(1, database)
            } else {
                try database.close()
                store.clock.stepWall(byMs: -ClockStepTests.yearMs)
            }
        }
        // Two kills: the first of them forgets what only the running store knew.
        for _ in 0..<2 {
            let database = try open()
            _ = try append(1, database, series: 0)
            #expect(database.statistics().lateSamples == 0)
        }
        let database = try open()
        _ = try append(1, database, series: 1)
        #expect(database.statistics().lateSamples == 0)
        seal(database)
        #expect(database.sealed.withLock { $0.map(\.summary.lateSampleCount) } == [0, 0])
    }

    @Test("a clock that is set back before every batch gives each an epoch, after a kill too")
    func often() throws {
        let count = 40
        do {
            let database = try open()
            for number in 0..<count {
                if number > 0 { store.clock.stepWall(byMs: -ClockStepTests.yearMs / 100) }
                _ = try append(1, database)
            }
            #expect(database.statistics().rotations == count - 1)
        }
        let database = try open()
        #expect(database.writer.withLock { $0.closing.count } == count - 1)
        #expect(database.statistics().lateSamples == 0)
        #expect(try store.read(database)[series[0]]?.times.count == count)
    }
}
