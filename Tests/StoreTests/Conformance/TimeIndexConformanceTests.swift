// What every time index has to do: the default, and one that keeps members as a remote one would.
import Model
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Store

/// Members by series and a set of names, as they would lie in sorted sets elsewhere.
private final class MemberTimeIndex: TimeIndex {
    private struct State {
        var members: [SeriesID: [TimeIndexEntry]] = [:]
        var names: Set<String> = []
    }

    private let state = Mutex(State())

    func names() -> [String] { state.withLock { $0.names.sorted() } }

    func add(_ segment: SegmentReader) throws(SegmentError) {
        if state.withLock({ $0.names.contains(segment.name) }) { return }
        for series in 0..<segment.seriesCount {
            let id = try segment.id(of: series)
            for chunk in try segment.chunks(of: series) {
                let entry = TimeIndexEntry(
                    segment: segment.name,
                    offset: chunk.offset,
                    start: chunk.start,
                    end: chunk.end,
                    count: Int(try segment.header(of: chunk).pointCount)
                )
                state.withLock { $0.members[id, default: []].append(entry) }
            }
        }
        state.withLock { _ = $0.names.insert(segment.name) }
    }

    func remove(_ name: String) {
        state.withLock { state in
            state.names.remove(name)
            for id in state.members.keys { state.members[id]?.removeAll { $0.segment == name } }
        }
    }

    func find(_ series: SeriesID, in range: TimeRange) -> [TimeIndexEntry] {
        state.withLock { state in
            (state.members[series] ?? []).filter {
                state.names.contains($0.segment) && $0.start <= range.end && range.start <= $0.end
            }.sorted { ($0.start, $0.segment, $0.offset) < ($1.start, $1.segment, $1.offset) }
        }
    }
}

@Suite("Time index, conformance") struct TimeIndexConformanceTests {
    static let indexes: [@Sendable () -> any TimeIndex] = [
        { SegmentTimeIndex() }, { MemberTimeIndex() },
    ]

    private func segments() throws -> [SegmentReader] {
        try (0..<4).map { number in
            let start = Int64(number) * 10_000
            let series = (0..<40).map { place in
                TestSeries(
                    labels: TestSegment.labels(["__name__": "m", "n": "\(place)"]),
                    chunks: [
                        (TestSegment.samples([start, start + 1000], [1, 2]), false),
                        (
                            TestSegment.samples(
                                [start + 4000, start + 5000, start + 6000],
                                [1, 2, 3]
                            ), false
                        ),
                        (TestSegment.samples([start - 500], [9]), true),
                    ]
                )
            }
            return try SegmentReader(
                MemoryBytes(try segmentBytes(series)),
                path: "/s/\(number).gor"
            )
        }
    }

    @Test("finds exactly the chunks that overlap, in order", arguments: indexes.indices)
    func finds(which: Int) throws {
        let index = Self.indexes[which]()
        let segments = try segments()
        for segment in segments.reversed() { try index.add(segment) }
        try index.add(segments[0])
        #expect(try index.names() == ["0.gor", "1.gor", "2.gor", "3.gor"])
        let id = SeriesIdentity.id(of: TestSegment.labels(["__name__": "m", "n": "7"]))
        for (start, end) in [(0, 0), (1001, 3999), (500, 9_600), (-1000, 40_000), (36_001, 99_000)]
            as [(Int64, Int64)]
        {
            let range = TimeRange(Timestamp(ms: start), Timestamp(ms: end))
            var expected: [TimeIndexEntry] = []
            for segment in segments {
                let place = try #require(try segment.seriesIndex(of: id))
                for chunk in try segment.chunks(of: place)
                where chunk.start.ms <= end && start <= chunk.end.ms {
                    var samples = SampleColumns()
                    try segment.decode(chunk, into: &samples)
                    expected.append(
                        TimeIndexEntry(
                            segment: segment.name,
                            offset: chunk.offset,
                            start: chunk.start,
                            end: chunk.end,
                            count: samples.count
                        )
                    )
                }
            }
            expected.sort { $0.start < $1.start }
            #expect(try index.find(id, in: range) == expected, "\(start) to \(end)")
        }
        #expect(try index.find(SeriesID(high: 1, low: 1), in: .all) == [])
    }

    @Test("a segment that was removed does not count", arguments: indexes.indices)
    func removes(which: Int) throws {
        let index = Self.indexes[which]()
        let segments = try segments()
        try index.reconcile(segments)
        let id = SeriesIdentity.id(of: TestSegment.labels(["__name__": "m", "n": "0"]))
        #expect(try index.find(id, in: .all).count == 12)
        try index.remove("1.gor")
        try index.remove("1.gor")
        try index.remove("never there")
        #expect(try index.find(id, in: .all).count == 9)
        #expect(try index.find(id, in: .all).allSatisfy { $0.segment != "1.gor" })
        try index.reconcile([segments[1], segments[3]])
        #expect(try index.names() == ["1.gor", "3.gor"])
        #expect(try index.find(id, in: .all).count == 6)
    }
}
