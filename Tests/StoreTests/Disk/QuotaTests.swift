// The cap of the directory: what goes, in which order, and how it is counted.
import Model
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Store

@Suite("Quota") struct QuotaTests {
    private static let epochs = 8
    private static let epochSamples = 200 * 6
    private var store = SpineFixture()

    init() {
        store.options.rewrite.isEnabled = false
        store.options.retentionSize = 0
    }

    private func fill(_ database: Database, epochs: Range<Int> = 0..<QuotaTests.epochs) throws {
        let series = store.series(200)
        let stream = database.openStream(.host)
        for epoch in epochs {
            for step in 0..<6 {
                let time = store.clock.nowMs() - 100_000_000 + Int64(epoch * 10 + step) * 1000
                _ = try store.append(
                    database,
                    stream,
                    series,
                    time: time,
                    (0..<200).map(Double.init)
                )
            }
            database.rotate()
            database.sealPending()
        }
    }

    private func usage() throws -> Int64 { try DiskUsage(store.disk, base: "/data").bytes() }

    // The same store with a cap that some of it is over.
    private func capped(_ share: Double) throws -> Database {
        var capped = store
        capped.options.retentionSize = Int64(Double(try usage()) * share)
        return try capped.open()
    }

    private func numbers(_ database: Database) -> [SequenceNumber] {
        database.sealed.withLock { $0.map(\.range.through) }
    }

    @Test("the oldest go, and only as many as must")
    func oldest() throws {
        let all: [SequenceNumber]
        do {
            let database = try store.open()
            try fill(database)
            all = numbers(database)
            try database.close()
        }
        let database = try capped(0.7)
        database.maintain()
        let left = numbers(database)
        #expect((2..<QuotaTests.epochs).contains(left.count))
        #expect(left == Array(all.suffix(left.count)))
        let statistics = database.statistics()
        let cap = try #require(statistics.capBytes)
        #expect(try usage() <= cap - cap / 16)
        #expect(statistics.usedBytes == (try usage()))
        #expect(statistics.segmentsDeletedByCap == QuotaTests.epochs - left.count)
        let before = left.count
        database.maintain()
        #expect(numbers(database).count == before, "nothing more goes than must")
    }

    @Test(
        "damaged files older than a day go before segments do, younger ones stay",
        arguments: [false, true]
    )
    func quarantine(isOld: Bool) throws {
        do {
            let database = try store.open()
            try fill(database)
            try database.close()
        }
        try store.disk.makeDirectory("/data/quarantine")
        let file = try store.disk.open("/data/quarantine/old", .create)
        let noise = [UInt8](repeating: 1, count: 1 << 20)
        try file.write(noise.span, at: 0)
        let database = try capped(0.95)
        if isOld { store.clock.advance(by: .seconds(2 * 86_400)) }
        database.maintain()
        #expect(try store.disk.exists("/data/quarantine/old") == !isOld)
        #expect((numbers(database).count == QuotaTests.epochs) == isOld)
        #expect(database.statistics().quarantineDeletedByCap == (isOld ? 1 : 0))
    }

    @Test("what a destination waits for goes last, and is counted for it to the sample")
    func unacknowledged() throws {
        let ranges: [SequenceRange]
        do {
            let database = try store.open()
            try fill(database)
            ranges = database.sealed.withLock { $0.map(\.range) }
            try database.close()
        }
        let database = try capped(0.4)
        // Two are past; inside the third, behind two of its six instants and ten samples.
        let third = database.sealed.withLock { $0[2] }
        database.pin(
            "d",
            at: FeedPosition(
                number: third.range.after,
                time: third.timeRange.start.ms + 2000,
                offset: 10
            )
        )
        database.pin("far", at: database.end)
        database.maintain()
        let left = numbers(database)
        #expect(left == ranges.suffix(left.count).map(\.through))
        #expect(left.count < 6)
        let gone = QuotaTests.epochs - left.count
        let place = FeedPosition(
            number: third.range.after,
            time: third.timeRange.start.ms + 2000,
            offset: 10
        )
        let account = try database.account(after: place)
        #expect(account.broken == BrokenStretch(reason: .cap, most: QuotaTests.epochSamples))
        #expect(account.gone == [.cap: (gone - 3) * QuotaTests.epochSamples])
        #expect(account.pending == left.count * QuotaTests.epochSamples)
        #expect(account.stored == QuotaTests.epochs * QuotaTests.epochSamples)
        #expect(try database.account(after: database.end).goneTotal == 0)
        // What is passed says the same.
        let slice = try #require(try database.next(after: place, limit: 1000))
        let hole = try database.hole(at: place, try #require(slice.jump))
        #expect(hole.gone == account.gone)
        let broken = try #require(hole.broken)
        #expect(broken.stretch == account.broken)
        #expect(broken.endTotal == 3 * QuotaTests.epochSamples)
    }

    @Test("an epoch that cannot be sealed is dropped and counted when nothing else is left")
    func head() throws {
        var small = store
        small.options.retentionSize = 1 << 20
        let database = try small.open()
        store.disk.fail(.rename, path: "segments", with: .noSpace)
        try fill(database, epochs: 0..<1)
        #expect(database.statistics().segmentCount == 0)
        let stored = database.statistics().ledger.stored
        #expect(stored == QuotaTests.epochSamples)
        database.quota.withLock { state in
            state.capBytes = 4096
            state.usedBytes = 8192
        }
        database.makeRoom(for: 0, dropsEpochs: true)
        let row = try #require(database.statistics().ledger.rows["host"])
        #expect(row.stored == stored, "it was stored, and is gone as a deleted segment is")
        #expect(row.dropped == [:])
        let account = try database.account(after: FeedPosition(number: .zero))
        #expect(account.gone == [.cap: stored])
        #expect(account.pending == 0)
        #expect(database.statistics().epochsDroppedByCap == 1)
        #expect(try store.read(database).isEmpty)
        // It is not replayed either.
        store.disk.heal()
        #expect(try store.read(try small.open()).isEmpty)
    }

    @Test("at the cap batches are refused and counted, and taken again when there is room")
    func refused() throws {
        var small = store
        small.options.retentionSize = 1 << 20
        let database = try small.open()
        let series = store.series(2)
        let stream = database.openStream(.host)
        database.maintain()
        database.quotaRoom.store(10, ordering: .relaxed)
        let time = store.clock.nowMs()
        let outcome = try store.append(database, stream, series, time: time, [1, 2])
        #expect(outcome == .refused(.bufferUnavailable))
        #expect(database.statistics().ledger.rows["host"]?.dropped == [.bufferUnavailable: 2])
        database.maintain()
        #expect(
            try store.append(database, stream, series, time: time, [1, 2])
                == .stored(2, dropped: [])
        )
    }

    @Test("a disk that cannot be written stops nothing; all goes on when it can")
    func readOnly() throws {
        var small = store
        small.options.retentionSize = 1 << 20
        let database = try small.open()
        try fill(database, epochs: 0..<2)
        for operation in [FileOperation.open, .write, .remove, .rename, .allocate, .list] {
            store.disk.fail(operation, path: "/data", with: .readOnlyFileSystem)
        }
        let before = try store.read(database).values.reduce(0) { $0 + $1.count }
        try fill(database, epochs: 2..<3)
        database.maintain()
        #expect(try store.read(database).values.reduce(0) { $0 + $1.count } == before)
        #expect(
            database.statistics().ledger.rows["host"]?.dropped
                == [.bufferUnavailable: QuotaTests.epochSamples]
        )
        store.disk.heal()
        try fill(database, epochs: 3..<4)
        #expect(
            try store.read(database).values.reduce(0) { $0 + $1.count }
                == before + QuotaTests.epochSamples
        )
    }
}
