// Recently used blocks of files, whole or unpacked, shared by all who read and bounded in bytes.
internal import Synchronization

/// Keeps recently used blocks, so that a block is not read and unpacked again for every question.
///
/// In shards, each with a lock and an order of use of its own, so that readers do not wait for each
/// other. It never holds more than its limit; `trim`, called now and then, makes room in advance: above
/// the high watermark it lets go of the least recently used blocks down to the low one.
///
/// Columns that were decoded from a chunk are not worth keeping: copying 16 bytes a sample takes as
/// long as decoding them again.
public final class BlockCache: Sendable {
    /// How much is kept, and in how many parts.
    public struct Limits: Sendable, Equatable {
        /// All blocks together, with what it takes to find them.
        public var maxBytes: Int
        /// Parts with a lock of their own; at least 1.
        public var shards: Int
        /// `trim` stops at this share of `maxBytes`.
        public var lowWatermark: Double
        /// `trim` does nothing up to this share of `maxBytes`.
        public var highWatermark: Double
        /// How often `trim` is to be called, in milliseconds.
        public var evictionIntervalMs: Int64

        /// The defaults of `agent.toml`.
        public init(
            maxBytes: Int = 64 << 20,
            shards: Int = 4,
            lowWatermark: Double = 0.7,
            highWatermark: Double = 0.9,
            evictionIntervalMs: Int64 = 1000
        ) {
            self.maxBytes = maxBytes
            self.shards = shards
            self.lowWatermark = lowWatermark
            self.highWatermark = highWatermark
            self.evictionIntervalMs = evictionIntervalMs
        }
    }

    /// Figures for metrics.
    public struct Statistics: Sendable, Equatable {
        /// Blocks that were here when they were asked for.
        public var hits = 0
        /// Blocks that were not.
        public var misses = 0
        /// Blocks that had to go for others, or to a watermark.
        public var evictions = 0
        /// What is held now.
        public var bytes = 0
        /// How many blocks that are.
        public var blocks = 0

        /// Nothing yet.
        public init() {}
    }

    /// Names a block.
    public struct Key: Hashable, Sendable {
        /// Of `newFile`.
        public let file: UInt64
        /// Where it begins.
        public let offset: Int

        public init(file: UInt64, offset: Int) {
            self.file = file
            self.offset = offset
        }
    }

    /// For readers that were given no cache; small.
    public static let shared = BlockCache(Limits(maxBytes: 8 << 20, shards: 1))

    private let limits: Limits
    private let shards: [Shard]
    private let files = Atomic<UInt64>(0)

    /// Makes an empty cache.
    public init(_ limits: Limits) {
        self.limits = limits
        shards = (0..<max(1, limits.shards)).map { _ in Shard() }
    }

    /// Makes a cache of at most `limitBytes`, in one part.
    public convenience init(limitBytes: Int) {
        self.init(Limits(maxBytes: limitBytes, shards: 1))
    }

    /// A number for a file that was opened; never given out twice.
    public func newFile() -> UInt64 {
        files.add(1, ordering: .relaxed).newValue
    }

    /// The block, if it is here.
    public func block(_ key: Key) -> [UInt8]? {
        shard(of: key).state.withLock { $0.find(key) }
    }

    /// Keeps a block until others were used more recently; one that would push out half of them is not kept.
    public func keep(_ block: [UInt8], as key: Key) {
        let limit = limits.maxBytes / shards.count
        shard(of: key).state.withLock { $0.insert(key, block, limit) }
    }

    /// Makes room in advance, should more than the high watermark be in use.
    public func trim() {
        let share = Double(limits.maxBytes / shards.count)
        for shard in shards {
            shard.state.withLock { state in
                guard state.bytes > Int(share * limits.highWatermark) else { return }
                state.evict(downTo: Int(share * limits.lowWatermark))
            }
        }
    }

    /// Lets all blocks go, under memory pressure.
    public func removeAll() {
        for shard in shards { shard.state.withLock { $0.evict(downTo: 0) } }
    }

    /// What happened so far, and what is here.
    public var statistics: Statistics {
        var sum = Statistics()
        for shard in shards {
            shard.state.withLock { state in
                sum.hits += state.hits
                sum.misses += state.misses
                sum.evictions += state.evictions
                sum.bytes += state.bytes
                sum.blocks += state.places.count
            }
        }
        return sum
    }

    private func shard(of key: Key) -> Shard {
        // Not the hash of the dictionary inside: that would leave some of its places unused.
        let word = (key.file &* 0x9e37_79b9_7f4a_7c15) ^ UInt64(truncatingIfNeeded: key.offset)
        let mixed = word.multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93).high
        return shards[Int(mixed % UInt64(shards.count))]
    }

    // A class because a lock cannot lie in an array.
    private final class Shard: Sendable {
        let state = Lock(ShardState())
    }

    // A list in an array: the first is the most recently used, the last goes next.
    private struct ShardState {
        private struct Node {
            var key: Key
            var block: [UInt8]
            var before: Int
            var after: Int
        }

        // What a block takes beside its bytes: its node, its place, its array's header.
        private static let overheadBytes = 112
        private static let none = -1

        private(set) var places: [Key: Int] = [:]
        private(set) var bytes = 0
        private(set) var hits = 0
        private(set) var misses = 0
        private(set) var evictions = 0
        private var nodes: [Node] = []
        private var free: [Int] = []
        private var first = none
        private var last = none

        mutating func find(_ key: Key) -> [UInt8]? {
            guard let place = places[key] else {
                misses += 1
                return nil
            }
            hits += 1
            if place != first {
                unlink(place)
                link(place)
            }
            return nodes[place].block
        }

        mutating func insert(_ key: Key, _ block: [UInt8], _ limit: Int) {
            let size = block.count + ShardState.overheadBytes
            // Two readers may have unpacked the same block at once.
            guard size <= limit / 2, places[key] == nil else { return }
            evict(downTo: limit - size)
            let node = Node(
                key: key,
                block: block,
                before: ShardState.none,
                after: ShardState.none
            )
            let place = free.popLast() ?? nodes.count
            if place == nodes.count { nodes.append(node) } else { nodes[place] = node }
            places[key] = place
            bytes += size
            link(place)
        }

        mutating func evict(downTo limit: Int) {
            while bytes > limit, last != ShardState.none {
                let place = last
                unlink(place)
                bytes -= nodes[place].block.count + ShardState.overheadBytes
                places[nodes[place].key] = nil
                nodes[place].block = []
                free.append(place)
                evictions += 1
            }
        }

        private mutating func link(_ place: Int) {
            nodes[place].before = ShardState.none
            nodes[place].after = first
            if first != ShardState.none { nodes[first].before = place }
            first = place
            if last == ShardState.none { last = place }
        }

        private mutating func unlink(_ place: Int) {
            let (before, after) = (nodes[place].before, nodes[place].after)
            if before != ShardState.none { nodes[before].after = after } else { first = after }
            if after != ShardState.none { nodes[after].before = before } else { last = before }
        }
    }
}
