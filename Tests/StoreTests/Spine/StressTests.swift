// Everything at once: appends, queries, a follower, rotation, sealing, closing streams, retention.
import Glibc
import Model
import Platform
import Store
import Synchronization
import TestSupport
import Testing

@Suite("Stress")
struct StressTests {
    private static let width = 40

    private struct Findings {
        var problems: [String] = []
        var isOver = false
    }

    @Test("batches are whole to every query and follower while everything else goes on")
    func everything() throws {
        var store = SpineFixture()
        store.options.feedMemoryBytes = 60_000
        let database = try store.open()
        let findings = Mutex(Findings())
        let rounds = 400
        var threads: [NamedThread] = []
        let note: @Sendable (String) -> Void = { text in
            findings.withLock { if $0.problems.count < 5 { $0.problems.append(text) } }
        }
        let isOver: @Sendable () -> Bool = { findings.withLock { $0.isOver } }
        for writer in 0..<2 {
            let series = store.series(StressTests.width, "writer_\(writer)")
            threads.append(
                try NamedThread(name: "append-\(writer)") { [store] in
                    var stream = database.openStream(.host)
                    for step in 0..<rounds {
                        // Streams come and go: nothing pins the series in between.
                        if step % 7 == 6 {
                            database.closeStream(stream)
                            stream = database.openStream(.host)
                        }
                        let values = series.map { _ in Double(step) }
                        while true {
                            let outcome = try? store.append(
                                database,
                                stream,
                                series,
                                time: Int64(step),
                                values
                            )
                            if case .unknownSeries = outcome { continue }
                            if outcome != .stored(StressTests.width, dropped: []) {
                                note("step \(step): \(outcome as Any)")
                            }
                            break
                        }
                    }
                }
            )
        }
        let writers = threads.count
        for reader in 0..<2 {
            threads.append(
                try NamedThread(name: "query-\(reader)") {
                    let matcher = LabelMatcher("__name__", equals: "writer_\(reader)")
                    while !isOver() {
                        guard let selection = try? database.select([matcher], in: .all)
                        else { return note("no selection") }
                        var first: [Int64]?
                        for index in 0..<selection.count {
                            var columns = SampleColumns()
                            selection.read(at: index, in: .all, into: &columns)
                            if first == nil { first = columns.times }
                            if columns.times != first {
                                note("\(columns.times.count) and \(first?.count ?? 0) samples")
                            }
                        }
                        let end = Int64(first?.count ?? 0)
                        if first ?? [] != Array(0..<end) { note("a hole before \(end)") }
                    }
                }
            )
        }
        threads.append(
            try NamedThread(name: "seal") {
                while !isOver() {
                    database.rotate()
                    database.maintain()
                }
            }
        )
        threads.append(
            try NamedThread(name: "follow") {
                var place = FeedPosition(number: .zero)
                var samples = 0
                database.pin("follower", at: place)
                while true {
                    let isLast = isOver()
                    while let slice = try? database.next(after: place, limit: 100) {
                        samples += slice.mayBeResend ? 0 : slice.count
                        for series in Set(slice.series)
                        where slice.table.labels(of: series).isEmpty {
                            note("a sample without labels in the feed")
                        }
                        place = slice.to
                        database.pin("follower", at: place)
                    }
                    if isLast { break }
                }
                if samples != 2 * rounds * StressTests.width { note("followed \(samples) samples") }
            }
        )
        for thread in threads.prefix(writers) { thread.join() }
        findings.withLock { $0.isOver = true }
        for thread in threads.dropFirst(writers) { thread.join() }
        #expect(findings.withLock { $0.problems } == [])
        let read = try store.read(database)
        #expect(read.count == 2 * StressTests.width)
        #expect(read.values.allSatisfy { $0.times == Array(0..<Int64(rounds)) })
        try database.close()
    }

    @Test(
        "queries see neither hole nor half batch while segments merge, expire or meet the cap",
        arguments: [true, false]
    )
    func shrinking(byAge: Bool) throws {
        var store = SpineFixture()
        if !byAge {
            store.options.retentionMs = 0
            store.options.retentionSize = 130_000
        }
        store.options.rewrite.minAgeMs = 0
        store.options.rewrite.delayMs = 0
        let database = try store.open()
        let findings = Mutex(Findings())
        let rounds = 480
        let hourMs: Int64 = 3_600_000
        // From before what retention keeps until just now.
        let firstMs = store.clock.nowMs() - Int64(rounds) * hourMs
        let note: @Sendable (String) -> Void = { text in
            findings.withLock { if $0.problems.count < 5 { $0.problems.append(text) } }
        }
        let isOver: @Sendable () -> Bool = { findings.withLock { $0.isOver } }
        // All series of a writer have the same instants: an unbroken run of hours.
        let check: @Sendable (Database, Int) -> ClosedRange<Int64>? = { database, writer in
            let matcher = LabelMatcher("__name__", equals: "writer_\(writer)")
            guard let selection = try? database.select([matcher], in: .all) else {
                note("no selection")
                return nil
            }
            var all: [Int64]?
            for index in 0..<selection.count {
                var columns = SampleColumns()
                selection.read(at: index, in: .all, into: &columns)
                let times = columns.times
                if times != all ?? times { note("\(times.count) and \(all?.count ?? 0) samples") }
                if all == nil {
                    for pair in zip(times, times.dropFirst()) where pair.1 - pair.0 != hourMs {
                        note("a hole of \(pair.1 - pair.0) ms")
                    }
                }
                if columns.values != times.map({ Double(($0 - firstMs) / hourMs) }) {
                    note("a value of another instant")
                }
                all = times
            }
            guard let first = all?.first, let last = all?.last else { return nil }
            return first...last
        }
        var threads: [NamedThread] = []
        let cycles = Atomic<Int>(0)
        for writer in 0..<2 {
            let series = store.series(StressTests.width, "writer_\(writer)")
            threads.append(
                try NamedThread(name: "append-\(writer)") { [store] in
                    let stream = database.openStream(.host)
                    for step in 0..<rounds {
                        var outcome: AppendOutcome?
                        repeat {
                            outcome = try? store.append(
                                database,
                                stream,
                                series,
                                time: firstMs + Int64(step) * hourMs,
                                series.map { _ in Double(step) }
                            )
                            // Series that nothing pins yet may go before their first batch.
                        } while step == 0 && outcome == .unknownSeries(Array(series.indices))
                        if outcome != .stored(StressTests.width, dropped: []) {
                            note("step \(step): \(outcome as Any)")
                        }
                        // In step with the one that makes room.
                        while cycles.load(ordering: .relaxed) < step / 8 {
                            sched_yield()
                        }
                    }
                }
            )
        }
        let writers = threads.count
        for writer in 0..<2 {
            threads.append(
                try NamedThread(name: "query-\(writer)") {
                    var newest = Int64.min
                    while !isOver() {
                        guard let range = check(database, writer) else { continue }
                        if range.upperBound < newest { note("the newest sample went away") }
                        newest = range.upperBound
                    }
                }
            )
        }
        threads.append(
            try NamedThread(name: "shrink") {
                while !isOver() {
                    database.rotate()
                    database.maintain()
                    database.rewrite()
                    cycles.add(1, ordering: .relaxed)
                }
            }
        )
        for thread in threads.prefix(writers) { thread.join() }
        findings.withLock { $0.isOver = true }
        for thread in threads.dropFirst(writers) { thread.join() }
        #expect(findings.withLock { $0.problems } == [])
        database.rotate()
        database.maintain()
        let statistics = database.statistics()
        #expect(statistics.rewrite.segments > 0 && statistics.rewrite.failures == 0)
        #expect((byAge ? statistics.segmentsDeleted : statistics.segmentsDeletedByCap) > 0)
        #expect(statistics.epochsDroppedByCap == 0)
        let read = try store.read(database)
        #expect(check(database, 0)?.upperBound == firstMs + Int64(rounds - 1) * hourMs)
        #expect(check(database, 1)?.upperBound == firstMs + Int64(rounds - 1) * hourMs)
        try database.close()
        let again = try store.open()
        let found = try store.read(again)
        #expect(found.mapValues(\.times) == read.mapValues(\.times))
        #expect(found.mapValues(\.values) == read.mapValues(\.values))
        try again.close()
        #expect(findings.withLock { $0.problems } == [])
    }
}
