// Chunks of one series in, chunks in order of time out: against a dictionary that says what to expect.
import Model
import TestSupport
import Testing

@testable import Store

@Suite("Series merge") struct SeriesMergeTests {
    private func run(_ chunks: [SampleColumns]) -> (chunks: [SampleColumns], hidden: Int) {
        var merge = SeriesMerge()
        var merged: [SampleColumns] = []
        let sources = chunks.indices.map { index in
            let times = chunks[index].times
            return SeriesMerge.Source(
                startMs: times[0],
                rank: index,
                segment: index,
                chunk: ChunkRef(
                    offset: 64,
                    byteCount: 65,
                    start: Timestamp(ms: times[0]),
                    end: Timestamp(ms: times[times.count - 1]),
                    isLate: false
                )
            )
        }
        merge.run(sources) { source, samples in
            samples.times += chunks[source.segment].times
            samples.values += chunks[source.segment].values
        } emit: { samples in
            merged.append(samples)
        }
        return (merged, merge.hiddenCount)
    }

    private func ascending(_ times: some Sequence<Int64>, _ value: Double) -> SampleColumns {
        var columns = SampleColumns()
        for time in times { columns.append(time, value) }
        return columns
    }

    @Test("any chunks: every time once, the value of the lowest rank", arguments: 0..<60)
    func random(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        var expected: [Int64: Double] = [:]
        var count = 0
        let span = Int64.random(in: 20...20_000, using: &random)
        let chunks = (0..<Int.random(in: 1...12, using: &random)).map { rank in
            let start = Int64.random(in: -span...span, using: &random)
            let step = Int64.random(in: 1...50, using: &random)
            let times = (0..<Int64.random(in: 1...3000, using: &random)).map { start + $0 * step }
            for time in times where expected[time] == nil { expected[time] = Double(rank) }
            count += times.count
            return ascending(times, Double(rank))
        }
        let (merged, hidden) = run(chunks)
        let times = merged.flatMap(\.times)
        #expect(times == expected.keys.sorted(), "seed \(seed)")
        #expect(merged.flatMap(\.values) == times.map { expected[$0] }, "seed \(seed)")
        #expect(hidden == count - times.count, "seed \(seed)")
        for chunk in merged {
            #expect((1...8000).contains(chunk.count))
            if times.count >= 4000 { #expect(chunk.count >= 2000, "seed \(seed)") }
        }
    }

    @Test("a day of scrapes becomes one chunk, a longer run chunks of about the same size")
    func sizes() {
        let day = (0..<24).map { hour in
            ascending((0..<240).map { Int64(hour * 240 + $0) * 15_000 }, 1)
        }
        #expect(run(day).chunks.map(\.count) == [5760])
        let long = (0..<100).map { part in
            ascending((0..<1000).map { Int64(part * 1000 + $0) }, 1)
        }
        let counts = run(long).chunks.map(\.count)
        #expect(counts.reduce(0, +) == 100_000)
        #expect(counts.allSatisfy { (6000...8000).contains($0) })
    }

    @Test("the ends of time")
    func ends() {
        let (merged, hidden) = run([
            ascending([.min, 0, .max], 1), ascending([.min, 5, .max], 2),
        ])
        #expect(merged.map(\.times) == [[.min, 0, 5, .max]])
        #expect(merged.map(\.values) == [[1, 1, 2, 1]])
        #expect(hidden == 2)
    }
}
