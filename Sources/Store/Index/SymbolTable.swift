// The distinct label names and values of a segment that is being written.
import Codec

/// Gives each distinct text a number, in order of arrival, and in the end its place in sorted order.
///
/// One arena and one hash table instead of an array a text: a segment may have a million of them.
struct SymbolTable {
    private var arena: [UInt8] = []
    private var ends: [Int] = []
    private var slots: [UInt32] = [UInt32](repeating: .max, count: 1024)  // open addressing

    /// The number of distinct texts.
    var count: Int { ends.count }

    /// The number of the text, new or known.
    mutating func intern(_ text: Span<UInt8>) -> UInt32 {
        if (ends.count + 1) * 2 > slots.count { grow() }
        var slot = Int(truncatingIfNeeded: XXH64.hash(text)) & (slots.count - 1)
        while slots[slot] != .max {
            let known = range(Int(slots[slot]))
            if ByteOrder.compare(arena.span.extracting(known), text) == 0 { return slots[slot] }
            slot = (slot + 1) & (slots.count - 1)
        }
        let number = UInt32(ends.count)
        slots[slot] = number
        for index in text.indices { arena.append(text[index]) }
        ends.append(arena.count)
        return number
    }

    /// The numbers in bytewise order of their texts.
    func sorted() -> [UInt32] {
        (0..<UInt32(ends.count)).sorted {
            ByteOrder.compare(
                arena.span.extracting(range(Int($0))),
                arena.span.extracting(range(Int($1)))
            ) < 0
        }
    }

    /// The text of a number.
    func text(_ number: UInt32) -> ArraySlice<UInt8> { arena[range(Int(number))] }

    private func range(_ number: Int) -> Range<Int> {
        (number == 0 ? 0 : ends[number - 1])..<ends[number]
    }

    private mutating func grow() {
        var larger = [UInt32](repeating: .max, count: slots.count * 2)
        for number in ends.indices {
            let hash = XXH64.hash(arena.span.extracting(range(number)))
            var slot = Int(truncatingIfNeeded: hash) & (larger.count - 1)
            while larger[slot] != .max { slot = (slot + 1) & (larger.count - 1) }
            larger[slot] = UInt32(number)
        }
        slots = larger
    }
}

/// Compares bytes as Prometheus and our files order texts.
enum ByteOrder {
    /// Below, at or above 0 when `one` is before, the same as or after `other`.
    static func compare(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Int {
        let shared = min(one.count, other.count)
        var index = 0
        while index < shared {
            if one[index] != other[index] { return Int(one[index]) - Int(other[index]) }
            index &+= 1
        }
        return one.count - other.count
    }
}
