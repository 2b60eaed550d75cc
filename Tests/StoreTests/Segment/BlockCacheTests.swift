// A bounded cache, also under many readers.
import Model
import Testing

@testable import Store

@Suite("Block cache") struct BlockCacheTests {
    private func key(_ number: Int) -> BlockCache.Key {
        BlockCache.Key(segment: 1, offset: number)
    }

    @Test("keeps what is used and lets go of the rest")
    func bound() {
        let cache = BlockCache(limitBytes: 1000)
        for number in 0..<100 {
            cache.keep([UInt8](repeating: 1, count: 100), as: key(number))
            #expect(cache.block(key(0)) != nil, "used all the time, gone after \(number)")
        }
        let kept = (0..<100).filter { cache.block(key($0)) != nil }.count
        #expect(kept <= 10)
        #expect(kept >= 5)
        cache.removeAll()
        #expect(cache.block(key(0)) == nil)
    }

    @Test("a block beyond half the limit is not kept")
    func large() {
        let cache = BlockCache(limitBytes: 1000)
        cache.keep([UInt8](repeating: 1, count: 501), as: key(1))
        #expect(cache.block(key(1)) == nil)
    }

    @Test("many readers of one segment do not disturb each other")
    func concurrent() async throws {
        let series = (0..<2000).map { number in
            TestSeries(
                labels: TestSegment.labels([
                    "__name__": "metric_\(number)", "group": "\(number % 7)",
                ]),
                chunks: [(TestSegment.samples([1, 2], [3, 4]), false)]
            )
        }
        let bytes = try segmentBytes(series)
        let segment = try SegmentReader(
            MemoryBytes(bytes),
            path: "/s/x.gor",
            cache: BlockCache(limitBytes: 64 << 10)
        )
        let counts = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<7 {
                group.addTask {
                    let matcher = LabelMatcher("group", equals: "\(number)")
                    let found = try segment.select([matcher], in: .all)
                    return try found.filter { index in
                        try segment.labels(of: index)["group"] == "\(number)"
                    }.count
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(counts == 2000)
    }
}
