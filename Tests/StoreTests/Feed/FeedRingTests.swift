// The ring of the newest batches, held against a plain list of all that were ever added.
import Model
import TestSupport
import Testing

@testable import Store

@Suite("Feed ring")
struct FeedRingTests {
    private struct Known: Equatable {
        var number: SequenceNumber
        var stream: UInt32
        var series: [SeriesHandle]
        var times: [Int64]
        var values: [Double]
        var lateFrom: Int
    }

    private static func known(_ batch: FeedBatch) -> Known {
        Known(
            number: batch.number,
            stream: batch.stream,
            series: Array(batch.series),
            times: batch.times.isEmpty
                ? [Int64](repeating: batch.timeMs, count: batch.count) : Array(batch.times),
            values: Array(batch.values),
            lateFrom: batch.lateFrom
        )
    }

    private static func number(_ index: Int) -> SequenceNumber {
        // Every tenth number is left out, and a new start comes in between.
        SequenceNumber(start: index < 500 ? 7 : 8, count: UInt32(index + index / 10 + 1))
    }

    // Of none, one, a few, as many as are copied, one more, and many samples.
    private static let sizes = [0, 1, 1, 1, 2, 5, 31, 32, 33, 400]

    private static func batch(_ index: Int, _ random: inout SeededRandom) -> (Known, [Int64]) {
        let size = sizes.randomElement(using: &random) ?? 0
        let timeMs = Int64(index) * 1000
        let hasTimes = Bool.random(using: &random)
        let times = (0..<size).map { hasTimes ? timeMs + Int64($0) : timeMs }
        let known = Known(
            number: number(index),
            stream: UInt32.random(in: 1...9, using: &random),
            series: (0..<size).map { SeriesHandle(slot: $0 + index, generation: 1) },
            times: times,
            values: (0..<size).map { Double(index) + Double($0) / 1000 },
            lateFrom: Int.random(in: 0...size, using: &random)
        )
        return (known, hasTimes ? times : [])
    }

    @Test(
        "has the newest batches as they came, from any place on, within its bytes",
        arguments: [1, 2000, 100_000, 4 << 20],
        [UInt64(1), 2]
    )
    func model(byteLimit: Int, seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let begin = SequenceNumber(start: 7, count: 0)
        var ring = FeedRing(after: begin, byteLimit: byteLimit)
        #expect(ring.newest == begin && ring.oldest == begin && ring.coversAfter == begin)
        var all: [Known] = []
        for index in 0..<1500 {
            let (known, times) = FeedRingTests.batch(index, &random)
            ring.append(
                known.number,
                stream: known.stream,
                timeMs: Int64(index) * 1000,
                series: known.series,
                times: times,
                values: known.values,
                lateFrom: known.lateFrom
            )
            all.append(known)
            guard index % 97 == 0 || index == 1499 else { continue }
            let from = Int.random(in: 0...index, using: &random)
            let kept = all.filter { $0.number > ring.coversAfter }
            let sampleBytes = kept.reduce(0) { $0 + $1.values.count * 16 }
            #expect(kept.count == 1 || sampleBytes <= byteLimit, "seed \(seed)")
            #expect(kept.count == all.count || sampleBytes >= byteLimit / 4 - 10_000)
            #expect(ring.oldest == kept.first?.number && ring.newest == known.number)
            for after in [begin, ring.coversAfter, all[from].number, known.number] {
                let found = ring.batches(after: after).map { $0.map(FeedRingTests.known) }
                let wanted = after < ring.coversAfter ? nil : all.filter { $0.number > after }
                #expect(found == wanted, "seed \(seed), batch \(index), after \(after)")
            }
        }
    }

    @Test("what is read stays as it was when the ring goes on")
    func readers() throws {
        var ring = FeedRing(after: .zero, byteLimit: 1000)
        func append(_ count: UInt32, to ring: inout FeedRing) {
            ring.append(
                SequenceNumber(start: 1, count: count),
                stream: 1,
                timeMs: Int64(count),
                series: [SeriesHandle(slot: Int(count), generation: 1)],
                times: [],
                values: [Double(count)],
                lateFrom: 1
            )
        }
        for count in 1...10 { append(UInt32(count), to: &ring) }
        let run = try #require(ring.batches(after: .zero))
        for count in 11...20_000 { append(UInt32(count), to: &ring) }
        #expect(run.map { $0.values.first } == (1...10).map { Double($0) })
        #expect(ring.batches(after: .zero) == nil)
        let last = try #require(ring.batches(after: SequenceNumber(start: 1, count: 19_999)))
        #expect(last.map { $0.values.first } == [20_000])
    }
}
