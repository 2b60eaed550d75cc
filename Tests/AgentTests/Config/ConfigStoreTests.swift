// What the sections `storage` and `cache` make of the store's options.
import Platform
import Store
import Testing

@testable import Agent

@Suite("Configuration of the store") struct ConfigStoreTests {
    @Test("the block cache and how segments are read reach the store")
    func cache() throws {
        #expect(try load("").config.storeOptions.readMode == .map)
        #expect(try load("").config.storeOptions.cache == BlockCache.Limits())
        let options = try load(
            """
            [storage]
            read_mode = "pread"
            [cache]
            max_size_bytes = "3MB"
            num_shards = 2
            low_watermark = 0
            high_watermark = 0.25
            eviction_interval_ms = 50
            """
        ).config.storeOptions
        #expect(options.readMode == .pread)
        #expect(
            options.cache
                == BlockCache.Limits(
                    maxBytes: 3 << 20,
                    shards: 2,
                    lowWatermark: 0,
                    highWatermark: 0.25,
                    evictionIntervalMs: 50
                )
        )
    }

    @Test("cache_size_mb is another name for max_size_bytes")
    func cacheSize() throws {
        func maxBytes(_ text: String) throws -> Int {
            try load(text).config.storeOptions.cache.maxBytes
        }
        #expect(try maxBytes("[storage]\ncache_size_mb = 5") == 5 << 20)
        #expect(try maxBytes("[storage]\ncache_size_mb = 0") == 0)
        let both = "[storage]\ncache_size_mb = 5\n[cache]\nmax_size_bytes = "
        #expect(try maxBytes(both + "\"5MB\"") == 5 << 20)
        #expect(
            problems(both + "5") == [
                "agent.toml:2:1: storage.cache_size_mb: is 5, but cache.max_size_bytes is 5 bytes; both "
                    + "mean the same: leave one of them out"
            ]
        )
    }
}
