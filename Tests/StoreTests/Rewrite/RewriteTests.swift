// The cold rewrite in a store: the same samples before and after, whatever crashes, pins or damage.
import Model
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Store

@Suite("Rewrite") struct RewriteTests {
    private var store = SpineFixture()

    init() {
        store.options.rewrite.delayMs = 0
        store.options.rewrite.minAgeMs = 0
    }

    // Epochs of `series`, one segment each; every third one brings late samples too.
    private func fill(_ database: Database, epochs: Int, series count: Int = 3) throws {
        let series = store.series(count)
        let stream = database.openStream(.host)
        for epoch in 0..<Int64(epochs) {
            for step in 0..<4 as Range<Int64> {
                let time = 1_000_000 + epoch * 100_000 + step * 15_000
                let values = series.indices.map { Double(epoch * 10 + step) + Double($0) / 10 }
                _ = try store.append(database, stream, series, time: time, values)
            }
            if epoch % 3 == 2 {
                let late = 1_000_000 + epoch * 100_000 - 150_001
                _ = try store.append(database, stream, [series[0]], time: late, [-1])
                // Sealed already with another value: stored as late, hidden by reads.
                _ = try store.append(
                    database,
                    stream,
                    [series[1]],
                    time: 1_000_000 + (epoch - 1) * 100_000,
                    [-2]
                )
            }
            database.rotate()
            database.sealPending()
        }
    }

    private func segments() throws -> [String] { try store.disk.base.list("/data/segments") }

    @Test("merges neighbours into one cold segment with the same samples and the same ledger")
    func merges() throws {
        let database = try store.open()
        try fill(database, epochs: 6)
        let before = try samples(database)
        let ledger = database.statistics().ledger
        #expect(try segments().count == 6)
        #expect(database.rewrite() == 1)
        let names = try segments()
        #expect(names.count == 1)
        #expect(names[0].hasSuffix(".gor.snappy"))
        #expect(try samples(database) == before)
        #expect(database.rewrite() == 0, "a merged segment is not merged again")
        let statistics = database.statistics()
        #expect(statistics.rewrite.segments == 1)
        #expect(statistics.rewrite.inputs == 6)
        #expect(statistics.coldSegmentCount == 1)
        #expect(statistics.ledger == ledger)
        let reader = try SegmentReader(store.disk, path: "/data/segments/\(names[0])")
        try reader.verify()
        #expect(reader.replaced.count == 6)
        #expect(reader.summary.lateSampleCount == 0, "nobody waits for late samples apart")
        #expect(try Ledger(reader.ledgerBytes) == ledger)
        for series in 0..<reader.seriesCount { #expect(try reader.chunks(of: series).count == 1) }

        let again = try store.open()
        #expect(try samples(again) == before)
        #expect(again.statistics().ledger == ledger)
    }

    @Test("a crash at any call leaves the old ones or the new one", arguments: PowerCut.allCases)
    func crash(cut: PowerCut) throws {
        var call = 1
        var isDone = false
        var crashes = 0
        while !isDone {
            let store = RewriteTests().store
            let (before, ledger) = try RewriteTests.prepare(store)
            do {
                let database = try store.open()
                store.disk.halt(atCall: store.disk.calls + call)
                isDone = database.rewrite() == 1 && store.disk.calls < call + 1_000_000
                // A merge whose last removals failed is done as well.
                isDone = isDone && database.statistics().rewrite.failures == 0
                if isDone { isDone = try !RewriteTests.isHalted(store) }
            }
            var random = SeededRandom(seed: UInt64(call))
            store.disk.powerCut(cut, using: &random)
            crashes += 1
            let database = try store.open()
            #expect(try samples(database) == before, "call \(call)")
            #expect(database.statistics().ledger == ledger, "call \(call)")
            // The empty new buffer file may be torn; no segment ever is.
            let aside =
                try database.fileSystem.exists("/data/quarantine")
                ? store.disk.base.list("/data/quarantine") : []
            #expect(!aside.contains(where: StoreLayout.isSegment), "call \(call)")
            // And it goes on from there.
            database.rewrite()
            #expect(try samples(database) == before, "call \(call)")
            #expect(try store.disk.base.list("/data/segments").count == 1, "call \(call)")
            call += 1
            try #require(call < 200)
        }
        #expect(crashes > 20)
    }

    private static func prepare(
        _ store: SpineFixture
    ) throws -> ([Labels: [Int64: UInt64]], Ledger) {
        let database = try store.open()
        try RewriteTests().fillInto(store, database)
        let before = try samples(database)
        let ledger = database.statistics().ledger
        try database.close()
        return (before, ledger)
    }

    private func fillInto(_ other: SpineFixture, _ database: Database) throws {
        var copy = self
        copy.store = other
        try copy.fill(database, epochs: 4)
    }

    // Every sample there is, bit by bit.
    private func samples(_ database: Database) throws -> [Labels: [Int64: UInt64]] {
        try RewriteTests.samples(database)
    }

    private static func samples(_ database: Database) throws -> [Labels: [Int64: UInt64]] {
        try SpineFixture().read(database).mapValues { columns in
            Dictionary(
                uniqueKeysWithValues: zip(columns.times, columns.values.map(\.bitPattern))
            )
        }
    }

    private static func isHalted(_ store: SpineFixture) throws -> Bool {
        do throws(Errno) {
            _ = try store.disk.list("/data")
            return false
        } catch {
            return true
        }
    }

    @Test("what a destination is inside of, or was offered, stays as it is")
    func pins() throws {
        let database = try store.open()
        let start = database.end
        try fill(database, epochs: 8)
        let ranges = database.sealed.withLock { $0.map(\.range) }
        // Inside the third: 0..<2 and 3..<8 are merged.
        database.pin("d", at: FeedPosition(number: ranges[2].after, time: 1_000_000))
        #expect(database.rewrite() == 2)
        #expect(
            database.sealed.withLock { $0.map(\.range) } == [
                SequenceRange(after: ranges[0].after, through: ranges[1].through), ranges[2],
                SequenceRange(after: ranges[3].after, through: ranges[7].through),
            ]
        )
        let late = database.sealed.withLock { $0[2].summary.lateSampleCount }
        #expect(late == 2, "late samples stay apart while somebody waits for them")
        // At the end of the third, with a part of the merged one on its way.
        database.pin("d", at: FeedPosition(number: ranges[2].through))
        database.offer("d", through: FeedPosition(number: ranges[2].through, time: 2_000_000))
        #expect(database.rewrite() == 1, "the third goes cold by itself: one stands behind it")
        #expect(database.sealed.withLock { $0.count } == 2)
        // Everything arrived.
        database.pin("d", at: database.end)
        #expect(database.rewrite() == 1)
        #expect(database.sealed.withLock { $0.map(\.range) }.first?.after == start.number)
        #expect(database.sealed.withLock { $0.map(\.summary.lateSampleCount) } == [0])
    }

    @Test("a segment that the feed gave a part of is not merged before every destination has it")
    func given() throws {
        var store = store
        store.options.feedMemoryBytes = 0
        let database = try store.open()
        let start = database.end
        try fill(database, epochs: 4)
        try database.close()
        let again = try store.open()
        for path in try store.files("buffer", suffix: ".gorb") { try store.disk.remove(path) }
        var position = start
        again.pin("d", at: start)
        // The first segment holds the cursor; the feed hands out the second as well.
        while position.number < again.sealed.withLock({ $0[1].range.after }) || position.time == nil
        {
            let slice = try #require(try again.next(after: position, limit: 5))
            position = slice.to
        }
        let count = again.sealed.withLock { $0.count }
        #expect(again.rewrite() == 1)
        #expect(again.sealed.withLock { $0.count } == count - 1, "the last two, and no more")
    }

    @Test(
        "the feed gives every sample once, across merges while it is under way",
        arguments: 0..<20
    )
    func feed(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var fixture = self
        fixture.store.options.feedMemoryBytes = 0
        let database = try fixture.store.open()
        let start = database.end
        database.pin("d", at: start)
        try fixture.fill(database, epochs: 9)
        var counts: [Labels: [Int64]] = [:]
        var position = start
        while let slice = try database.next(
            after: position,
            limit: Int.random(in: 1...7, using: &random)
        ) {
            #expect(!slice.mayBeResend, "seed \(seed)")
            let same = try database.slice(from: slice.from, to: slice.to)
            #expect(same?.times == slice.times && same?.values == slice.values, "seed \(seed)")
            for index in 0..<slice.count {
                counts[slice.table.labels(of: slice.series[index]), default: []].append(
                    slice.times[index]
                )
            }
            position = slice.to
            if Bool.random(using: &random) { database.pin("d", at: position) }
            if Int.random(in: 0..<4, using: &random) == 0 { database.rewrite() }
        }
        #expect(counts.values.reduce(0) { $0 + $1.count } == 9 * 12 + 6, "seed \(seed)")
    }

    @Test("a damaged input is left alone, the others are merged")
    func damage() throws {
        let path: String
        do {
            let database = try store.open()
            try fill(database, epochs: 5)
            path = try store.files("segments", suffix: ".gor")[2]
            try database.close()
        }
        let reader = try SegmentReader(store.disk, path: path)
        let chunk = try reader.chunks(of: 0)[0]
        try store.disk.base.flip(path, at: chunk.offset + ChunkHeader.byteCount)
        let database = try store.open()
        let before = try samples(database)
        database.rewrite()
        #expect(try segments().count == 3)
        #expect(try segments().contains(FilePath.name(path)))
        #expect(try samples(database) == before)
        #expect(database.rewrite() == 0)
    }

    @Test("a full disk stops a merge and leaves nothing behind; it is done when there is room")
    func fullDisk() throws {
        let database = try store.open()
        try fill(database, epochs: 3)
        let before = try samples(database)
        store.disk.fail(.allocate, path: ".snappy", with: .noSpace)
        #expect(database.rewrite() == 0)
        #expect(database.statistics().rewrite.failures == 1)
        #expect(try segments().count == 3)
        store.disk.heal()
        #expect(database.rewrite() == 1)
        #expect(try samples(database) == before)
    }

    @Test("segments whose removal failed are removed before the merged one is merged again")
    func leftOver() throws {
        let database = try store.open()
        try fill(database, epochs: 2)
        store.disk.fail(.remove, path: "segments", with: .readOnlyFileSystem)
        #expect(database.rewrite() == 1)
        #expect(try segments().count == 3)
        try fill(database, epochs: 2)
        database.rewrite()
        #expect(try segments().count == 6, "the first merged one is not touched")
        store.disk.heal()
        let before = try samples(database)
        database.rewrite()
        #expect(try segments().count == 1)
        #expect(try samples(try store.open()) == before)
    }

    @Test("a store that closes does not wait for a merge")
    func stops() throws {
        let database = try store.open()
        try fill(database, epochs: 3)
        var pace = RewritePace(store.options.rewrite) { _ in true }
        #expect(database.rewriteDue(&pace) == 0)
        #expect(try segments().count == 3)
        #expect(database.statistics().rewrite.failures == 0)
    }

    @Test("no more chunks are read than max_chunks_per_scan before the next interval")
    func pace() {
        var options = RewriteOptions()
        options.chunksPerScan = 10
        options.bytesPerSecond = 1 << 20
        let waits = Mutexed<[Int64]>([])
        var pace = RewritePace(options) { ms in
            if ms > 0 { waits.update { $0 + [ms] } }
            return false
        }
        for _ in 0..<4 {
            let goesOn = pace.spend(chunks: 5, bytes: 100)
            #expect(goesOn)
        }
        #expect(waits.value == [300_000, 300_000])
        _ = pace.spend(chunks: 1, bytes: 4 << 20)
        #expect(waits.value.last == 4000)
    }
}
