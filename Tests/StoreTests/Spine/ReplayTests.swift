// The replay of the buffer as queries, appends, the feed, a close, a kill and a bad disk meet it.
import Model
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Store

@Suite("Replay", .timeLimit(.minutes(2)))
struct ReplayTests {
    private let store: SpineFixture
    private let gate: GatedFileSystem

    init() {
        store = SpineFixture()
        gate = GatedFileSystem(store.disk)
    }

    // One start that is killed, with a batch at each of the times.
    private func write(_ times: ClosedRange<Int64>, sealing: Bool = false) throws {
        let database = try store.open()
        let stream = database.openStream(.host)
        for time in times {
            _ = try store.append(database, stream, store.series(2), time: time, [Double(time), 1])
        }
        guard sealing else { return }
        database.rotate()
        database.sealPending()
    }

    private func openInBackground() throws -> Database {
        var options = store.options
        options.replaysInBackground = true
        return try Database(options, fileSystem: gate, wallClock: store.clock)
    }

    private func times(_ database: Database) throws -> [Int64] {
        try store.read(database)[store.series(2)[0]]?.times ?? []
    }

    // Every sample that the feed gives, as often as it does.
    private func follow(_ database: Database) throws -> [Int64] {
        var position = FeedPosition(number: .zero)
        var times: [Int64] = []
        while let slice = try database.next(after: position, limit: 1_000) {
            times += slice.times
            position = slice.to
        }
        return times.sorted()
    }

    // A segment with 1 to 3, then buffers with 4 to 6 and 7 to 9; the replay stands before the last.
    private func held() async throws -> Database {
        try write(1...3, sealing: true)
        try write(4...6)
        try write(7...9)
        gate.hold(try #require(try store.files("buffer", suffix: ".gorb").last))
        let database = try openInBackground()
        let gate = gate
        try await waitUntil { gate.holds > 0 }
        return database
    }

    @Test("queries see segments and what was replayed so far, and say that there is more to come")
    func query() async throws {
        let database = try await held()
        #expect(database.isReplaying)
        #expect(try times(database) == [1, 2, 3, 4, 5, 6])
        let selection = try database.select([], in: .all)
        #expect(
            selection.warnings == [
                "the write buffer of the last start is still being replayed: "
                    + "samples of its time may be missing"
            ]
        )
        let progress = database.replayProgress
        #expect(progress.phase == .running)
        #expect(progress.readBytes > 0 && progress.readBytes < progress.totalBytes)
        #expect(database.recovery.replayedBatches == 3)
        let told = Mutex(false)
        gate.release()
        database.whenReplayed { told.withLock { $0 = true } }
        database.waitUntilReplayed()
        try await waitUntil { told.withLock { $0 } }
        #expect(!database.isReplaying && database.replayProgress.phase == .done)
        #expect(database.replayProgress.readBytes == progress.totalBytes)
        #expect(try times(database) == Array(1...9))
        #expect(try database.select([], in: .all).warnings.isEmpty)
        #expect(database.statistics().ledger.rows["host"]?.stored == 18)
    }

    @Test("an append waits until it is over, and what it brings comes behind all that was there")
    func append() async throws {
        let database = try await held()
        let outcome = Mutex<AppendOutcome?>(nil)
        let stream = database.openStream(.host)
        let batch = try store.batch(database, stream, store.series(2), time: 10, [10, 1])
        let thread = try NamedThread(name: "append") {
            let one = database.append(batch)
            outcome.withLock { $0 = one }
        }
        // The other calls answer meanwhile, and change nothing.
        #expect(!database.rotate() && database.rewrite() == 0)
        database.maintain()
        #expect(outcome.withLock { $0 } == nil)
        #expect(try times(database) == [1, 2, 3, 4, 5, 6])
        gate.release()
        thread.join()
        #expect(outcome.withLock { $0 } == .stored(2, dropped: []))
        #expect(try times(database) == Array(1...10))
        try database.close()
        #expect(try times(try store.open()) == Array(1...10))
    }

    @Test("the feed gives the segments at once and the rest afterwards, each sample once")
    func feed() async throws {
        let database = try await held()
        let woken = Mutex(0)
        let token = database.subscribe { woken.withLock { $0 += 1 } }
        defer { database.unsubscribe(token) }
        #expect(try follow(database) == [1, 1, 2, 2, 3, 3])
        // Behind all that may yet turn up: who begins at the end misses nothing and gets nothing old.
        let end = database.end
        #expect(try database.next(after: end, limit: 10) == nil)
        let sealed = FeedPosition(number: SequenceNumber(start: 1_767_225_600, count: 3))
        #expect(throws: StoreError.replaying) { try database.slice(from: sealed, to: end) }
        gate.release()
        database.waitUntilReplayed()
        try await waitUntil { woken.withLock { $0 } > 0 }
        #expect(try follow(database) == (1...9).flatMap { [$0, $0] })
        #expect(try database.next(after: end, limit: 10) == nil)
        let stream = database.openStream(.host)
        _ = try store.append(database, stream, store.series(2), time: 20, [1, 1])
        #expect(try database.next(after: end, limit: 10)?.times == [20, 20])
    }

    @Test("a close ends it: who waits is refused, and the next start finds everything")
    func close() async throws {
        let database = try await held()
        let (store, gate) = (store, gate)
        let outcome = Mutex<AppendOutcome?>(nil)
        let stream = database.openStream(.host)
        let batch = try store.batch(database, stream, store.series(2), time: 10, [10, 1])
        let appending = try NamedThread(name: "append") {
            let one = database.append(batch)
            outcome.withLock { $0 = one }
        }
        let closing = try NamedThread(name: "close") { try? database.close() }
        try await waitUntil { database.replay.isStopping }
        gate.release()
        closing.join()
        appending.join()
        #expect(outcome.withLock { $0 } == .refused(.bufferUnavailable))
        #expect(database.replayProgress.phase == .interrupted)
        #expect(try store.files("segments", suffix: ".gor").count == 1)
        let again = try store.open()
        #expect(try times(again) == Array(1...9))
        #expect(try follow(again) == (1...9).flatMap { [$0, $0] })
    }

    @Test("a store that is let go in its midst ends it too")
    func letGo() async throws {
        var database: Database? = try await held()
        weak let reference = database
        database = nil
        gate.release()
        try await waitUntil { reference == nil }
        #expect(try times(try store.open()) == Array(1...9))
    }

    // Batches of changing series, so that slots change hands when their epoch is sealed.
    private func fill(_ batches: Int, _ sync: BufferSync = .never) throws -> Int64 {
        var store = store
        store.options.sync = sync
        let database = try store.open()
        let stream = database.openStream(.host)
        for step in 0..<batches {
            let series = store.series(40, "m\(step / 25)")
            let values = series.indices.map { Double(step &* 7919 &+ $0) * 0.37 }
            _ = try store.append(database, stream, series, time: Int64(step) * 1000, values)
        }
        return Int64(database.statistics().headChunkBytes)
    }

    private func sampleCount(_ database: Database) throws -> Int {
        try store.read(database).reduce(0) { count, one in
            let (labels, columns) = one
            #expect(columns.times == columns.times.sorted(), "\(labels)")
            for (time, value) in zip(columns.times, columns.values) {
                let series = Int(labels["instance"]?.dropFirst() ?? "") ?? -1
                #expect(value == Double(Int(time / 1000) &* 7919 &+ series) * 0.37, "\(labels)")
            }
            return count + columns.count
        }
    }

    @Test("a buffer larger than the head's limit is replayed below it, epoch by epoch")
    func bound() throws {
        var store = store
        let running = try fill(400)
        store.options.headSizeLimit = Int(running) / 5
        let database = try store.open()
        let peak = database.recovery.headBytes
        // One batch goes over it.
        #expect(peak >= store.options.headSizeLimit && peak < store.options.headSizeLimit * 5 / 4)
        #expect(database.statistics().segmentCount >= 4)
        #expect(database.recovery.replayedBatches == 400)
        #expect(try sampleCount(database) == 16_000)
        #expect(try follow(database).count == 16_000)
        #expect(database.statistics().ledger.rows["host"]?.stored == 16_000)
        // A start that finds the same needs none of it any more.
        let again = try store.open()
        #expect(try sampleCount(again) == 16_000)
        #expect(again.statistics().ledger.rows["host"]?.stored == 16_000)
        #expect(again.recovery.replayedBatches < 150)
    }

    @Test("a disk that dies in its midst costs nothing", arguments: 0..<60)
    func killed(seed: Int) throws {
        var store = store
        var random = SeededRandom(seed: UInt64(seed))
        store.options.headSizeLimit = Int(try fill(100)) / 3
        store.options.sync = .interval(ms: 1000)
        for _ in 0..<3 {
            store.disk.halt(atCall: store.disk.calls + Int.random(in: 5...60, using: &random))
            _ = try? store.open()
            store.disk.heal()
        }
        let database = try store.open()
        #expect(try sampleCount(database) == 4_000, "seed \(seed)")
        #expect(try follow(database).count == 4_000, "seed \(seed)")
        #expect(database.statistics().ledger.rows["host"]?.stored == 4_000, "seed \(seed)")
    }

    @Test("a power cut in its midst costs nothing that was synced", arguments: 0..<60)
    func powerCut(seed: Int) throws {
        var store = store
        var random = SeededRandom(seed: UInt64(seed) &+ 500)
        store.options.sync = .always
        store.options.headSizeLimit = Int(try fill(100, .always)) / 3
        for cut in PowerCut.allCases {
            store.disk.halt(atCall: store.disk.calls + Int.random(in: 5...80, using: &random))
            _ = try? store.open()
            store.disk.powerCut(cut, using: &random)
        }
        let database = try store.open()
        #expect(try sampleCount(database) == 4_000, "seed \(seed)")
        #expect(try follow(database).count == 4_000, "seed \(seed)")
    }

    @Test(
        "what the disk does not give is claimed by no segment, and is there when it gives it again",
        arguments: [0, 1, 2]
    )
    func unreadable(part: Int) throws {
        try write(1...6)
        try write(7...12)
        try write(13...18)
        let path = try store.files("buffer", suffix: ".gorb")[part]
        let size = try store.disk.stat(path).size
        // The last records of the file.
        gate.fail(path, from: size - 20)
        let lost = Int64(part * 6 + 4)...Int64(part * 6 + 6)
        let database = try Database(store.options, fileSystem: gate, wallClock: store.clock)
        #expect(database.recovery.unreadParts == 1)
        let first = try times(database)
        #expect(Set((1...18).filter { !lost.contains($0) }).isSubset(of: Set(first)))
        #expect(first.count < 18 && first.count >= 15)
        let stream = database.openStream(.host)
        for time in 19...30 as ClosedRange<Int64> {
            _ = try store.append(database, stream, store.series(2), time: time, [Double(time), 1])
            if time % 4 == 2 {
                database.rotate()
                database.sealPending()
            }
        }
        // The files of sealed epochs go, the one that is waited for stays.
        #expect(try store.files("buffer", suffix: ".gorb").contains(path))
        gate.heal()
        let healed = try store.open()
        #expect(healed.recovery.unreadParts == 0)
        #expect(try times(healed) == Array(1...30))
        #expect(try follow(healed) == (1...30).flatMap { [$0, $0] })
        #expect(healed.statistics().ledger.rows["host"]?.stored == 60)
        healed.sealPending()
        try healed.close()
        #expect(try times(try store.open()) == Array(1...30))
    }
}
