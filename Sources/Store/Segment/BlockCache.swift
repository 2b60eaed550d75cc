// Unpacked symbol, series and postings blocks, shared by all segments and bounded.
import Synchronization

/// Keeps recently used blocks, so that a query does not unpack the same block for every series.
///
/// Two generations instead of a list: what is used moves to the young one, and when that holds half
/// the limit it becomes the old one and what was old goes. No order to maintain on a hit.
public final class BlockCache: Sendable {
    struct Key: Hashable {
        let segment: UInt64
        let offset: Int
    }

    private struct Generations {
        var young: [Key: [UInt8]] = [:]
        var old: [Key: [UInt8]] = [:]
        var youngBytes = 0
    }

    /// One bound for the whole process, however many segments are open.
    public static let shared = BlockCache(limitBytes: 8 << 20)

    private let limitBytes: Int
    private let generations = Mutex(Generations())
    private let segments = Atomic<UInt64>(0)

    /// Makes a cache of at most about `limitBytes`.
    public init(limitBytes: Int) {
        self.limitBytes = limitBytes
    }

    /// A number for a segment that was opened; never given out twice.
    func newSegment() -> UInt64 {
        segments.add(1, ordering: .relaxed).newValue
    }

    /// The block, if it is here.
    func block(_ key: Key) -> [UInt8]? {
        generations.withLock { state in
            if let block = state.young[key] { return block }
            guard let block = state.old.removeValue(forKey: key) else { return nil }
            insert(key, block, &state)
            return block
        }
    }

    /// Keeps a block for a while.
    func keep(_ block: [UInt8], as key: Key) {
        generations.withLock { insert(key, block, &$0) }
    }

    /// Lets all blocks go, under memory pressure.
    public func removeAll() {
        generations.withLock { $0 = Generations() }
    }

    private func insert(_ key: Key, _ block: [UInt8], _ state: inout Generations) {
        // A block beyond half the limit would only push out all others.
        guard block.count <= limitBytes / 2, state.young[key] == nil else { return }
        if state.youngBytes + block.count > limitBytes / 2 {
            state.old = state.young
            state.young = [:]
            state.youngBytes = 0
        }
        state.young[key] = block
        state.youngBytes += block.count
    }
}
