// Damage in buffer files as the database meets it: skipped, set aside, the rest replayed.
import Codec
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Buffer recovery")
struct BufferRecoveryTests {
    private let store = SpineFixture()

    // A buffer file of 100 batches of one stream, and where each record begins.
    private func fill() throws -> (path: String, records: [Int]) {
        let database = try store.open()
        let stream = database.openStream(.host)
        for step in 1...100 {
            _ = try store.append(
                database,
                stream,
                store.series(4),
                time: Int64(step),
                [1, 2, 3, Double(step)]
            )
        }
        let path = try #require(try store.files("buffer", suffix: ".gorb").first)
        let bytes = try store.disk.readAll(path, limit: 1 << 20)
        var records: [Int] = []
        var place = BufferFormat.headerBytes
        while place < bytes.count {
            records.append(place)
            place += Int(ByteLoads.u32(bytes.span, place)) + BufferFormat.frameBytes
        }
        return (path, records)
    }

    @Test("damage in the middle is skipped record by record, its bytes are set aside")
    func middle() throws {
        let (path, records) = try fill()
        // Behind the definitions: batches 1 to 100, a key at 1, 17, 33, ...
        let bytes = try store.disk.readAll(path, limit: 1 << 20)
        let damaged = records[1 + 19]
        let end = records[1 + 20]
        try store.disk.base.damage(path, at: damaged + 10, [bytes[damaged + 10] ^ 0x10])
        let database = try store.open()
        #expect(database.recovery.damagedStretches == 1)
        #expect(database.recovery.replayedBatches == 100 - 13)
        #expect(database.recovery.lostBatches == 12)
        let times = try store.read(database)[store.series(4)[3]]?.times
        #expect(times == Array(1...19) + Array(33...100))
        let kept = try store.files("quarantine", suffix: "")
        #expect(kept.count == 1 && kept[0].hasSuffix(".gorb.at-\(damaged)"))
        var expected = Array(bytes[damaged..<end])
        expected[10] ^= 0x10
        #expect(try store.disk.readAll(kept[0], limit: 1 << 20) == expected)
    }

    @Test("a torn tail is left behind and said", arguments: [1, 5, 20])
    func torn(missing: Int) throws {
        let (path, records) = try fill()
        let size = try store.disk.stat(path).size
        let file = try store.disk.open(path, .readWrite)
        try file.truncate(to: size - Int64(missing))
        let database = try store.open()
        #expect(database.recovery.tornBytes == size - Int64(missing) - Int64(records[100]))
        #expect(database.recovery.replayedBatches == 99)
        #expect(database.recovery.quarantined == 0)
    }

    @Test("one damaged copy of the header costs nothing", arguments: [0, 5, 20, 60, 64, 88, 127])
    func headerCopy(place: Int) throws {
        let (path, _) = try fill()
        let bytes = try store.disk.readAll(path, limit: 1 << 20)
        try store.disk.base.damage(path, at: place, [bytes[place] ^ 1])
        let database = try store.open()
        #expect(database.recovery.quarantined == 0)
        #expect(database.recovery.replayedBatches == 100)
    }

    @Test("two damaged copies cost the file, which goes to quarantine; the store opens")
    func header() throws {
        let (path, _) = try fill()
        for place in [0, 5, 20, 60, 90] {
            let bytes = try store.disk.readAll(path, limit: 1 << 20)
            try store.disk.base.damage(path, at: place, [bytes[place] ^ 1])
        }
        let database = try store.open()
        #expect(database.recovery.quarantined == 1)
        #expect(database.recovery.replayedBatches == 0)
        #expect(try store.files("quarantine", suffix: ".gorb").count == 1)
    }

    /// Puts records of one series into the buffer that all claim to be in order.
    private func forge(_ times: [Int64]) throws -> Labels {
        let database = try store.open()
        let path = try #require(try store.files("buffer", suffix: ".gorb").first)
        var bytes = try store.disk.readAll(path, limit: 1 << 20)
        var encoder = BufferEncoder()
        let labels = store.series(1)[0]
        let local = encoder.define(labels)
        for (index, time) in times.enumerated() {
            encoder.append(
                BufferBatchInput(
                    number: SequenceNumber(
                        start: database.end.number.start,
                        count: UInt32(index + 1)
                    ),
                    stream: StreamHandle(raw: 1),
                    source: .push,
                    timeMs: time,
                    series: [SeriesHandle(raw: 1)],
                    localSeries: [local],
                    times: [],
                    values: [Double(index)],
                    verdicts: [.inOrder],
                    lateCount: 0,
                    storedCount: 1,
                    drops: [DropCount(.conflict, .max), DropCount(.conflict, .max)],
                    generated: 0
                ),
                to: &bytes
            )
        }
        let file = try store.disk.open(path, .replace)
        try file.write(bytes.span, at: 0)
        return labels
    }

    @Test(
        "records that claim to be in order and go back are clock steps: each in its epoch, no trap"
    )
    func forged() throws {
        let labels = try forge([.max, 5, .min, 5, 9, .max])
        let again = try store.open()
        #expect(try store.read(again)[labels]?.times == [.min, 5, 9, .max])
        again.rotate()
        again.sealPending()
        // Forged ones cannot be told from those that a clock made: nothing is lost, all is in order.
        let segments = again.sealed.withLock { $0 }
        #expect(segments.map(\.summary.sampleCount) == [1, 1, 4])
        #expect(segments.map(\.summary.clockStep.count) == [1, 2, 2])
        #expect(try store.read(again)[labels]?.values == [2, 1, 4, 0])
        #expect(again.statistics().ledger.rows["push"]?.dropped == [.conflict: .max])
    }

    @Test("a buffer that claims a step before every batch is cut a few times, then all is late")
    func manySteps() throws {
        let times = (1...40).map { Int64($0) * 100_000 }
        let labels = try forge(times.reversed())
        let again = try store.open()
        #expect(again.writer.withLock { $0.closing.count } == 16)
        #expect(again.statistics().lateSamples == 40 - 17)
        #expect(try store.read(again)[labels]?.times == times)
    }
}
