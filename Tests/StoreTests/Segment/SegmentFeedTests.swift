// A segment by time: the windows that it is read in change nothing, and times without samples cost
// nothing.
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Segment feed") struct SegmentFeedTests {
    private struct Fact: Equatable {
        let time: Int64
        let series: UInt64
        let value: UInt64
        let isLate: Bool
    }

    private func open(_ series: [TestSeries]) throws -> SegmentReader {
        let disk = FaultyFileSystem()
        try disk.makeDirectory("/s")
        try TestSegment.write(series, disk, "/s/x.gor")
        return try TestSegment.open(try disk.readAll("/s/x.gor", limit: 1 << 24))
    }

    private func drain(_ feed: consuming SegmentFeed, limit: Int) throws -> [Fact] {
        var facts: [Fact] = []
        var position = FeedPosition(number: feed.segment.range.after)
        while position.number < feed.segment.range.through {
            let slice = try feed.slice(after: position, until: nil, limit: limit)
            if slice.count == 0 { break }
            #expect(position < slice.to)
            facts += (0..<slice.count).map {
                Fact(
                    time: slice.times[$0],
                    series: slice.series[$0],
                    value: slice.values[$0].bitPattern,
                    isLate: slice.isLate
                )
            }
            position = slice.to
        }
        return facts
    }

    @Test("windows of any size give the same samples in the same order", arguments: 0..<40)
    func windows(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var wanted: [Fact] = []
        let series = (0..<Int.random(in: 1...12, using: &random)).map { number in
            // Some of the series begin long before the others, or come in bursts.
            var time = Int64.random(in: 0...1, using: &random) * -1_000_000_000_000
            let chunks = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                var samples = SampleColumns()
                for _ in 0..<Int.random(in: 1...60, using: &random) {
                    time += Int64.random(in: 1...3, using: &random)
                    samples.append(time, Double(number))
                }
                time += [0, 1_000_000, 3_600_000_000].randomElement(using: &random) ?? 0
                return (samples: samples, isLate: Int.random(in: 0..<4, using: &random) == 0)
            }
            let sorted = chunks.filter { !$0.isLate } + chunks.filter { $0.isLate }
            return TestSeries(labels: Labels([Label("__name__", "m\(number)")]), chunks: sorted)
        }
        let segment = try open(series)
        for number in 0..<segment.seriesCount {
            for chunk in try segment.chunks(of: number) {
                var samples = SampleColumns()
                try segment.decode(chunk, into: &samples)
                for index in 0..<samples.count {
                    wanted.append(
                        Fact(
                            time: samples.times[index],
                            series: UInt64(number),
                            value: samples.values[index].bitPattern,
                            isLate: chunk.isLate
                        )
                    )
                }
            }
        }
        wanted.sort {
            ($0.isLate ? 1 : 0, $0.time, $0.series) < ($1.isLate ? 1 : 0, $1.time, $1.series)
        }
        for (smallest, count, largest) in [(131_072, 32, 2 << 20), (1, 8, 2), (10, 3, 20)] {
            let size = SegmentFeed.WindowSize(smallest: smallest, count: count, largest: largest)
            let found = try drain(SegmentFeed(segment, size), limit: 7)
            #expect(found == wanted, "windows of \(smallest) to \(largest)")
        }
    }

    @Test("a chunk over all of time is read within a few windows", .timeLimit(.minutes(1)))
    func allOfTime() throws {
        var samples = SampleColumns()
        for time in [Int64.min, -5, 0, 7, Int64.max] { samples.append(time, 1) }
        let one = TestSeries(
            labels: Labels([Label("__name__", "a")]),
            chunks: [(samples: samples, isLate: false)]
        )
        let size = SegmentFeed.WindowSize(smallest: 1, count: 8, largest: 2)
        let found = try drain(SegmentFeed(try open([one]), size), limit: 3)
        #expect(found.map(\.time) == samples.times)
    }
}
