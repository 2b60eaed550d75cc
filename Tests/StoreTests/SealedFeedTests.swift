// Whole segments in sequence, for destinations that take them as they are.
import Model
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Store

@Suite("Sealed feed")
struct SealedFeedTests {
    private func fill(_ store: StoreFixture, _ database: Database, from step: Int) throws {
        let stream = database.openStream(.push)
        let series = [store.labels("m", "a"), store.labels("m", "b")]
        for place in step..<step + 5 {
            let outcome = try store.append(
                database,
                stream,
                series,
                time: Int64(place) * 1000,
                values: [Double(place), 1]
            )
            #expect(outcome == .stored(2, dropped: []))
        }
        database.rotate()
    }

    private func ranges(_ feed: any SealedFeed, after start: SequenceNumber) -> [SequenceRange] {
        var ranges: [SequenceRange] = []
        var number = start
        while let segment = feed.nextSealed(after: number) {
            ranges.append(segment.range)
            number = segment.range.through
        }
        return ranges
    }

    private func facts(_ store: StoreFixture, _ database: Database) throws -> [String] {
        try store.read(database).map { "\($0) \($1.times) \($1.values)" }.sorted()
    }

    @Test("gives each segment once, without gaps, and wakes its reader")
    func sequence() throws {
        let store = try StoreFixture()
        let database = try store.open()
        let woken = Atomic<Int>(0)
        let token = database.subscribeToSealed { woken.add(1, ordering: .relaxed) }
        #expect(database.nextSealed(after: .zero) == nil)
        for step in 0..<3 { try fill(store, database, from: 5 * step) }
        #expect(database.nextSealed(after: .zero) == nil)
        database.sealPending()
        #expect(woken.load(ordering: .relaxed) == 3)
        let found = ranges(database, after: .zero)
        #expect(found.count == 3)
        for (one, next) in zip(found, found.dropFirst()) { #expect(one.through == next.after) }
        #expect(found.last?.through == database.closedEnd)
        // From inside of a segment: that one, whole.
        let inside = SequenceNumber(raw: found[1].after.raw + 2)
        #expect(database.nextSealed(after: inside)?.range == found[1])
        database.unsubscribeFromSealed(token)
        try fill(store, database, from: 15)
        database.sealPending()
        #expect(woken.load(ordering: .relaxed) == 3)
        try database.close()
    }

    @Test("a segment that is on its way back from the buffer is waited for")
    func healing() throws {
        let store = try StoreFixture()
        var database = try store.open(locked: false)
        try fill(store, database, from: 0)
        // A destination inside of the second epoch keeps its buffer.
        let inside = SequenceNumber(raw: database.closedEnd.raw + 2)
        database.pin("slow", at: FeedPosition(number: inside))
        for step in 1..<3 { try fill(store, database, from: 5 * step) }
        database.sealPending()
        let before = ranges(database, after: .zero)
        let samples = try facts(store, database)
        let path = try #require(database.nextSealed(after: before[0].through)).path
        let files = PosixFileSystem()
        let file = try files.open(path, .readWrite)
        try file.write([0, 0, 0, 0].span, at: 0)
        database = try store.open(locked: false)
        #expect(database.nextSealed(after: .zero)?.range == before[0])
        #expect(database.nextSealed(after: before[0].through) == nil)
        database.sealPending()
        #expect(ranges(database, after: .zero) == before)
        #expect(try facts(store, database) == samples)
    }

    @Test("what is gone for good is stepped over")
    func gone() throws {
        let store = try StoreFixture()
        let database = try store.open()
        for step in 0..<3 { try fill(store, database, from: 5 * step) }
        database.sealPending()
        let found = ranges(database, after: .zero)
        let middle = try #require(database.nextSealed(after: found[0].through))
        database.take(out: [middle])
        #expect(database.nextSealed(after: found[0].through)?.range == found[2])
        try database.close()
    }
}
