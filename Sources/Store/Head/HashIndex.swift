// Finds numbers by a hash: open addressing, 8 bytes an entry, no object an entry.

/// Numbers by the hash of what they stand for; what that is, the caller compares.
struct HashIndex {
    // Number and hash; all ones where there is none, so that no number may be `UInt32.max`.
    private var entries: [UInt64] = []
    /// Numbers in the index.
    private(set) var count = 0

    private static let empty = UInt64.max
    private static let smallest = 16

    /// Bytes of the index.
    var byteCount: Int { entries.capacity * 8 }

    /// The number of this hash that `isWanted` takes for the one.
    @inline(__always)
    func find(_ hash: UInt32, _ isWanted: (UInt32) -> Bool) -> UInt32? {
        if entries.isEmpty { return nil }
        let mask = entries.count - 1
        var place = Int(hash) & mask
        while entries[place] != HashIndex.empty {
            if UInt32(truncatingIfNeeded: entries[place]) == hash {
                let number = UInt32(entries[place] >> 32)
                if isWanted(number) { return number }
            }
            place = (place + 1) & mask
        }
        return nil
    }

    /// Adds a number.
    mutating func insert(_ number: UInt32, _ hash: UInt32) {
        if (count + 1) * 5 > entries.count * 4 {
            resize(max(HashIndex.smallest, entries.count * 2))
        }
        HashIndex.put(UInt64(number) << 32 | UInt64(hash), &entries)
        count += 1
    }

    /// Removes a number that is there.
    mutating func remove(_ number: UInt32, _ hash: UInt32) {
        let mask = entries.count - 1
        let wanted = UInt64(number) << 32 | UInt64(hash)
        var place = Int(hash) & mask
        while entries[place] != wanted {
            if entries[place] == HashIndex.empty {
                preconditionFailure("BUG: number \(number) is not in the index")
            }
            place = (place + 1) & mask
        }
        // Entries behind the hole move up unless they stand before their home then.
        var hole = place
        while true {
            place = (place + 1) & mask
            if entries[place] == HashIndex.empty { break }
            let home = Int(UInt32(truncatingIfNeeded: entries[place])) & mask
            if (place - home) & mask >= (place - hole) & mask {
                entries[hole] = entries[place]
                hole = place
            }
        }
        entries[hole] = HashIndex.empty
        count -= 1
        if entries.count > HashIndex.smallest, count * 8 < entries.count {
            resize(entries.count / 4)
        }
    }

    /// The same index with every number changed by `change`.
    func renumbered(_ change: (UInt32) -> UInt32) -> HashIndex {
        var other = HashIndex()
        var size = HashIndex.smallest
        while count * 5 > size * 4 { size *= 2 }
        other.resize(size)
        for entry in entries where entry != HashIndex.empty {
            let number = UInt64(change(UInt32(entry >> 32)))
            HashIndex.put(number << 32 | entry & 0xffff_ffff, &other.entries)
        }
        other.count = count
        return other
    }

    private mutating func resize(_ size: Int) {
        var larger = [UInt64](repeating: HashIndex.empty, count: max(size, HashIndex.smallest))
        for entry in entries where entry != HashIndex.empty { HashIndex.put(entry, &larger) }
        entries = larger
    }

    private static func put(_ entry: UInt64, _ entries: inout [UInt64]) {
        let mask = entries.count - 1
        var place = Int(UInt32(truncatingIfNeeded: entry)) & mask
        while entries[place] != empty { place = (place + 1) & mask }
        entries[place] = entry
    }
}
