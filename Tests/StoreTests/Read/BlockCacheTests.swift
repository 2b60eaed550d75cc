// A bounded cache in shards, also under many readers.
import Model
import Platform
import Testing

@testable import Store

@Suite("Block cache") struct BlockCacheTests {
    private func key(_ number: Int) -> BlockCache.Key {
        BlockCache.Key(file: 1, offset: number)
    }

    @Test("keeps what is used and lets go of what was used longest ago")
    func bound() {
        let cache = BlockCache(limitBytes: 2000)
        for number in 0..<100 {
            cache.keep([UInt8](repeating: 1, count: 88), as: key(number))
            #expect(cache.block(key(0)) != nil, "used all the time, gone after \(number)")
            #expect(cache.statistics.bytes <= 2000)
        }
        // With what it takes to find them ten blocks fit: the first, and the last nine.
        let kept = (0..<100).filter { cache.block(key($0)) != nil }
        #expect(kept == [0] + Array(91..<100))
        #expect(cache.statistics.evictions == 90)
        #expect(cache.statistics.blocks == 10)
        cache.removeAll()
        #expect(cache.block(key(0)) == nil)
        #expect(cache.statistics.bytes == 0)
    }

    @Test("counts hits and misses")
    func counts() {
        let cache = BlockCache(limitBytes: 1000)
        #expect(cache.block(key(1)) == nil)
        cache.keep([1, 2, 3], as: key(1))
        #expect(cache.block(key(1)) == [1, 2, 3])
        #expect(cache.block(key(1)) == [1, 2, 3])
        #expect(cache.statistics.hits == 2)
        #expect(cache.statistics.misses == 1)
        #expect(cache.newFile() != cache.newFile())
    }

    @Test("a block beyond half a shard is not kept")
    func large() {
        let cache = BlockCache(limitBytes: 1000)
        cache.keep([UInt8](repeating: 1, count: 501), as: key(1))
        #expect(cache.block(key(1)) == nil)
    }

    @Test("trimming goes from above the high watermark down to the low one")
    func watermarks() {
        let cache = BlockCache(
            BlockCache.Limits(maxBytes: 2000, shards: 1, lowWatermark: 0.5, highWatermark: 0.8)
        )
        for number in 0..<8 { cache.keep([UInt8](repeating: 1, count: 88), as: key(number)) }
        cache.trim()
        #expect(cache.statistics.bytes == 1600)
        cache.keep([UInt8](repeating: 1, count: 88), as: key(8))
        cache.trim()
        #expect(cache.statistics.bytes == 1000)
        #expect((0..<9).filter { cache.block(key($0)) != nil } == Array(4..<9))
    }

    @Test("shards share the work and the limit", arguments: [1, 4, 16])
    func shards(count: Int) {
        let cache = BlockCache(BlockCache.Limits(maxBytes: 64 << 10, shards: count))
        for number in 0..<5000 {
            cache.keep([UInt8](repeating: 7, count: 100), as: key(number * 4096))
        }
        #expect(cache.statistics.bytes <= 64 << 10)
        #expect(cache.statistics.bytes > 60 << 10)
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
            cache: BlockCache(BlockCache.Limits(maxBytes: 64 << 10, shards: 2))
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
