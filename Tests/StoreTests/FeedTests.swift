// The feed gives out every stored sample once and in order, wherever it is by now.
import Model
import Platform
import Store
import TestSupport
import Testing

@Suite("Feed")
struct FeedTests {
    // One sample of the feed, as a key to compare by.
    private struct Fact: Hashable {
        let labels: Labels
        let time: Int64
        let value: UInt64
    }

    private func facts(_ slice: FeedSlice) -> [Fact] {
        (0..<slice.count).map {
            Fact(
                labels: slice.table.labels(of: slice.series[$0]),
                time: slice.times[$0],
                value: slice.values[$0].bitPattern
            )
        }
    }

    private func drain(
        _ feed: any BatchFeed,
        from start: FeedPosition,
        limit: Int
    ) throws -> (slices: [FeedSlice], end: FeedPosition) {
        var slices: [FeedSlice] = []
        var position = start
        while let slice = try feed.next(after: position, limit: limit) {
            #expect(slice.from == position)
            #expect(position < slice.to)
            slices.append(slice)
            position = slice.to
        }
        return (slices, position)
    }

    // Random batches of several streams, late samples among them; gives back what was stored.
    private func fill(
        _ store: StoreFixture,
        _ database: Database,
        _ random: inout SeededRandom,
        batches: Int,
        seal: Bool
    ) throws -> [Fact] {
        var facts: [Fact] = []
        let streams = (0..<3).map { _ in database.openStream(.push) }
        let base = database.statistics().ledger.stored
        for step in 0..<batches {
            let stream = Int.random(in: 0..<3, using: &random)
            let series = (0..<Int.random(in: 1...40, using: &random)).map {
                store.labels("m\(stream)", "i\($0)")
            }
            let time = Int64(base + step) * 1000 + Int64(stream)
            let values = series.map { _ in Double(Int.random(in: 0...1000, using: &random)) }
            guard
                case .stored(series.count, _) = try store.append(
                    database,
                    streams[stream],
                    series,
                    time: time,
                    values: values
                )
            else { continue }
            facts += series.indices.map {
                Fact(labels: series[$0], time: time, value: values[$0].bitPattern)
            }
            if Int.random(in: 0..<10, using: &random) == 0 {
                let late = [series[0]]
                let lateTime = time - Int64.random(in: 1...500, using: &random) * 3
                if case .stored(1, _) = try store.append(
                    database,
                    streams[stream],
                    late,
                    time: lateTime,
                    values: [0.5]
                ) {
                    facts.append(
                        Fact(labels: late[0], time: lateTime, value: (0.5).bitPattern)
                    )
                }
            }
            if seal, Int.random(in: 0..<25, using: &random) == 0 {
                database.rotate()
                database.sealPending()
            }
        }
        return facts
    }

    @Test(
        "from any source: every sample once, late ones apart, no series twice in a slice",
        arguments: [1, 2, 3, 4, 5, 6] as [UInt64]
    )
    func complete(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let store = try StoreFixture()
        store.options.feedMemoryBytes = seed % 3 == 0 ? 8 << 20 : 20_000
        let database = try store.open()
        let start = database.end
        if seed % 2 == 0 { database.pin("d", at: start) }
        let stored = try fill(store, database, &random, batches: 200, seal: true)
        let (slices, end) = try drain(database, from: start, limit: 50)
        #expect(end.number == database.end.number, "seed \(seed)")
        let got = slices.flatMap(facts)
        #expect(got.count == stored.count, "seed \(seed)")
        #expect(Set(got) == Set(stored), "seed \(seed)")
        for slice in slices {
            #expect(slice.count <= 50)
            if !slice.isLate { #expect(Set(slice.series).count == slice.count, "seed \(seed)") }
        }
        var last: [Labels: Int64] = [:]
        for slice in slices where !slice.isLate {
            for fact in facts(slice) {
                #expect(fact.time > last[fact.labels] ?? .min, "seed \(seed)")
                last[fact.labels] = fact.time
            }
        }
        try database.close()
    }

    @Test(
        "the same positions give the same slice, also after a restart",
        arguments: [11, 12, 13, 14] as [UInt64]
    )
    func repetition(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let store = try StoreFixture()
        store.options.feedMemoryBytes = seed % 2 == 0 ? 8 << 20 : 20_000
        var slices: [FeedSlice] = []
        var expected: [[Fact]] = []
        do {
            let database = try store.open(locked: false)
            let start = database.end
            if seed < 13 { database.pin("d", at: start) }
            _ = try fill(store, database, &random, batches: 120, seal: seed % 2 == 1)
            slices = try drain(database, from: start, limit: 64).slices
            expected = slices.map(facts)
            for (slice, facts) in zip(slices, expected) {
                let again = try database.slice(from: slice.from, to: slice.to)
                let isSame = again.map(self.facts) == facts
                #expect(
                    isSame,
                    "seed \(seed), \(slice.from) to \(slice.to): \(slice.count), now \(again?.count ?? -1)"
                )
            }
        }
        let database = try store.open(locked: false)
        // Without a pin what was in memory alone is gone with the process.
        for (slice, facts) in zip(slices, expected) where seed < 13 || slice.from.time != nil {
            let again = try database.slice(from: slice.from, to: slice.to)
            let isSame = again.map(self.facts) == facts
            #expect(
                isSame,
                "seed \(seed), \(slice.from) to \(slice.to): \(slice.count), now \(again?.count ?? -1)"
            )
        }
    }

    @Test("a reader that stands in a sealed epoch goes on in the buffer that its pin keeps")
    func pinned() throws {
        let store = try StoreFixture()
        store.options.feedMemoryBytes = 1000
        let database = try store.open()
        let stream = database.openStream(.host)
        let series = (0..<10).map { store.labels("m", "i\($0)") }
        var position = database.end
        for step in 0..<20 {
            _ = try store.append(
                database,
                stream,
                series,
                time: Int64(step) * 1000,
                values: series.map { _ in Double(step) }
            )
            if step == 5 { position = database.end }
        }
        database.pin("d", at: position)
        for step in 20..<60 {
            _ = try store.append(
                database,
                stream,
                series,
                time: Int64(step) * 1000,
                values: series.map { _ in Double(step) }
            )
            if step % 10 == 0 {
                database.rotate()
                database.sealPending()
            }
        }
        let (slices, _) = try drain(database, from: position, limit: 1000)
        #expect(slices.allSatisfy { !$0.mayBeResend })
        #expect(slices.reduce(0) { $0 + $1.count } == 54 * 10)
        database.unpin("d")
    }

    @Test("a reader whose place inside an epoch was lost gets the segment from its first instant")
    func lostPlace() throws {
        let store = try StoreFixture()
        store.options.feedMemoryBytes = 1000
        let database = try store.open()
        let stream = database.openStream(.host)
        let series = [store.labels("m", "a")]
        var position = database.end
        for step in 0..<40 {
            _ = try store.append(
                database,
                stream,
                series,
                time: Int64(step) * 1000,
                values: [Double(step)]
            )
            if step == 5 { position = database.end }
            if step % 10 == 9 {
                database.rotate()
                database.sealPending()
            }
        }
        let first = try database.next(after: position, limit: 1000)
        #expect(first?.mayBeResend == true)
        #expect(first?.times.first == 0)
    }

    @Test("a push with several samples of a series is cut where the series comes again")
    func pushedHistory() throws {
        let store = try StoreFixture()
        let database = try store.open()
        let start = database.end
        let stream = database.openStream(.push)
        let handles = try store.handles(
            database,
            [store.labels("m", "a"), store.labels("m", "b")]
        )
        var batch = SampleBatch(stream: stream, time: Timestamp(ms: 30))
        for time in [10, 20, 30] as [Int64] {
            for handle in handles {
                batch.series.append(handle)
                batch.times.append(time)
                batch.values.append(Double(time))
            }
        }
        #expect(database.append(batch) == .stored(6, dropped: []))
        let (slices, _) = try drain(database, from: start, limit: 1000)
        #expect(slices.map(\.times) == [[10, 10], [20, 20], [30, 30]])
        for slice in slices {
            #expect(
                facts(slice)
                    == facts(try #require(try database.slice(from: slice.from, to: slice.to)))
            )
        }
    }
}
