// Which series a target's raw lines are: open addressing over one arena of bytes, no String, no class.
internal import Codec
internal import Model

/// Finds a series by the raw bytes of its `name{labels}`.
///
/// The series of one scrape usually come in the order of the last: the caller passes the slot it
/// expects, and then a known series costs one compare; else it costs a hash and a compare.
struct SeriesCache {
    enum State: UInt8 {
        /// Not admitted yet, or no longer: its labels have to be looked at.
        case pending
        case admitted
        /// The store does not want it: `refusal` says why.
        case refused
        /// The job's rules drop it.
        case dropped
    }

    struct Slot {
        let hash: UInt64
        let offset: UInt32
        let length: UInt32
        var handle: UInt64 = 0
        /// The scrape that had it last, failed ones included.
        var lastSeen: UInt32 = 0
        /// The successful scrape that had it last.
        var lastStored: UInt32 = 0
        var state = State.pending
        var refusal: UInt8 = 0
        /// Gets a stale marker when it goes.
        var isTracked = false
    }

    private(set) var slots: [Slot] = []
    private var arena: [UInt8] = []
    // Slot + 1, 0 is free; the count is a power of two.
    private var table = [UInt32](repeating: 0, count: 64)

    /// The slot of the series that lies in `range`, nil when it is unknown.
    func find(_ bytes: Span<UInt8>, _ range: Range<Int>, expecting guess: Int) -> Int? {
        if guess < slots.count, holds(guess, bytes, range) { return guess }
        let hash = XXH64.hash(bytes.extracting(range))
        var place = Int(truncatingIfNeeded: hash) & (table.count - 1)
        while table[place] != 0 {
            let slot = Int(table[place]) - 1
            if slots[slot].hash == hash, holds(slot, bytes, range) { return slot }
            place = (place + 1) & (table.count - 1)
        }
        return nil
    }

    /// The length of the series in `slot` if its bytes begin at `offset`, with more behind them; else 0.
    func length(of slot: Int, at offset: Int, in bytes: Span<UInt8>) -> Int {
        guard slot < slots.count else { return 0 }
        let length = Int(slots[slot].length)
        guard bytes.count - offset > length else { return 0 }
        return holds(slot, bytes, offset..<offset + length) ? length : 0
    }

    /// Adds a series that is unknown.
    mutating func insert(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Int {
        if (slots.count + 1) * 4 > table.count * 3 { rehash(table.count * 2) }
        let hash = XXH64.hash(bytes.extracting(range))
        let slot = Slot(
            hash: hash,
            offset: UInt32(arena.count),
            length: UInt32(range.count)
        )
        SeriesCache.grow(&arena, by: range.count)
        for index in range { arena.append(bytes[index]) }
        SeriesCache.grow(&slots, by: 1)
        slots.append(slot)
        link(slots.count - 1)
        return slots.count - 1
    }

    /// Changes what is known of a series.
    mutating func update(_ slot: Int, _ change: (inout Slot) -> Void) { change(&slots[slot]) }

    /// The raw bytes of a series.
    func raw(_ slot: Int) -> [UInt8] {
        let start = Int(slots[slot].offset)
        return Array(arena[start..<start + Int(slots[slot].length)])
    }

    /// Forgets the series that are not kept; slots get new numbers, their order stays.
    mutating func sweep(keeping keep: (Slot) -> Bool) {
        guard slots.contains(where: { !keep($0) }) else { return }
        var kept: [Slot] = []
        var bytes: [UInt8] = []
        let left = slots.lazy.filter(keep)
        kept.reserveCapacity(left.count)
        bytes.reserveCapacity(left.reduce(0) { $0 + Int($1.length) })
        for slot in slots where keep(slot) {
            var moved = Slot(hash: slot.hash, offset: UInt32(bytes.count), length: slot.length)
            moved.handle = slot.handle
            moved.lastSeen = slot.lastSeen
            moved.lastStored = slot.lastStored
            moved.state = slot.state
            moved.refusal = slot.refusal
            moved.isTracked = slot.isTracked
            let start = Int(slot.offset)
            bytes.append(contentsOf: arena[start..<start + Int(slot.length)])
            kept.append(moved)
        }
        slots = kept
        arena = bytes
        var size = 64
        while slots.count * 2 > size { size *= 2 }
        rehash(size)
    }

    // Most targets grow once, in their first scrape, so that what an array has to spare stays: an
    // eighth of it, where `append` by itself takes as much again.
    private static func grow<Element>(_ array: inout [Element], by count: Int) {
        let wanted = array.count + count
        if wanted > array.capacity { array.reserveCapacity(wanted + wanted / 8 + 16) }
    }

    private func holds(_ slot: Int, _ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        let length = Int(slots[slot].length)
        guard length == range.count else { return false }
        let start = Int(slots[slot].offset)
        let known = arena.span
        var index = 0
        while index + 8 <= length {
            let one = ByteLoads.u64(known, start + index)
            if one != ByteLoads.u64(bytes, range.lowerBound + index) { return false }
            index += 8
        }
        while index < length {
            if known[start + index] != bytes[range.lowerBound + index] { return false }
            index += 1
        }
        return true
    }

    private mutating func rehash(_ size: Int) {
        table = [UInt32](repeating: 0, count: size)
        for slot in slots.indices { link(slot) }
    }

    private mutating func link(_ slot: Int) {
        var place = Int(truncatingIfNeeded: slots[slot].hash) & (table.count - 1)
        while table[place] != 0 { place = (place + 1) & (table.count - 1) }
        table[place] = UInt32(slot + 1)
    }
}
