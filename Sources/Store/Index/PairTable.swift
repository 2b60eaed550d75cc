// The distinct label pairs of a segment that is being written.
import Codec
import Model

/// Gives each distinct pair of name and value a number, in order of arrival, and in the end its place
/// in the order of names, then values.
///
/// One arena and one hash table instead of an array a text: a segment may have a million of them. A
/// pair is looked up by its canonical bytes, in one piece.
struct PairTable {
    private struct Pair {
        var start: Int
        var hash: UInt64
        var name: UInt32
        var valueStart: UInt32  // counted from `start`
        var end: UInt32  // counted from `start`
    }

    private var arena: [UInt8] = []
    private var pairs: [Pair] = []
    private var slots = [UInt32](repeating: .max, count: 1024)  // open addressing
    private var nameNumbers: [[UInt8]: UInt32] = [:]

    /// The number of distinct pairs.
    var count: Int { pairs.count }

    /// Takes a pair, new or known.
    ///
    /// - Parameter whole: name and value with their lengths in front, as `Labels` has them.
    /// - Returns: its number.
    mutating func intern(_ whole: Span<UInt8>) -> UInt32 {
        let hash = PairTable.hash(whole)
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] != .max {
            let known = pairs[Int(slots[slot])]
            if known.hash == hash, Int(known.end) == whole.count,
                ByteOrder.areEqual(arena.span, known.start, whole, 0, whole.count)
            {
                return slots[slot]
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        let number = UInt32(pairs.count)
        slots[slot] = number
        let (name, value) = PairTable.parts(whole)
        let text = [UInt8](copying: whole.extracting(name))
        let nameNumber = nameNumbers[text] ?? UInt32(nameNumbers.count)
        nameNumbers[text] = nameNumber
        pairs.append(
            Pair(
                start: arena.count,
                hash: hash,
                name: nameNumber,
                valueStart: UInt32(value.lowerBound),
                end: UInt32(whole.count)
            )
        )
        arena.append(copying: whole)
        if pairs.count * 2 > slots.count { grow() }
        return number
    }

    // Where name and value of a pair lie.
    private static func parts(_ whole: Span<UInt8>) -> (name: Range<Int>, value: Range<Int>) {
        var cursor = ByteCursor()
        do throws(CodecError) {
            return (try cursor.field(whole), try cursor.field(whole))
        } catch {
            preconditionFailure("BUG: a label pair of \(whole.count) bytes: \(error)")
        }
    }

    /// All names in bytewise order, each with the number of its pairs; and the numbers of all pairs in
    /// the order of names, then values.
    func sorted() -> (names: [(text: [UInt8], pairCount: Int)], order: [UInt32]) {
        let names = nameNumbers.sorted { ByteOrder.compare($0.key.span, $1.key.span) < 0 }
        var ranks = [UInt32](repeating: 0, count: names.count)
        for (rank, name) in names.enumerated() { ranks[Int(name.value)] = UInt32(rank) }
        var counts = [Int](repeating: 0, count: names.count)
        // Most compares end at the name or the first eight bytes of the value.
        var keys: [(rank: UInt32, head: UInt64, number: UInt32)] = []
        keys.reserveCapacity(pairs.count)
        for (number, pair) in pairs.enumerated() {
            let rank = ranks[Int(pair.name)]
            counts[Int(rank)] += 1
            keys.append((rank, head(of: pair), UInt32(number)))
        }
        keys.sort { one, other in
            if one.rank != other.rank { return one.rank < other.rank }
            if one.head != other.head { return one.head < other.head }
            return ByteOrder.compare(
                arena.span.extracting(valueRange(one.number)),
                arena.span.extracting(valueRange(other.number))
            ) < 0
        }
        return (
            names.indices.map { (names[$0].key, counts[$0]) },
            keys.map(\.number)
        )
    }

    /// The bytes of a pair's value.
    func withValue<R>(of number: UInt32, _ body: (Span<UInt8>) -> R) -> R {
        body(arena.span.extracting(valueRange(number)))
    }

    /// The length of a pair's value.
    private func valueRange(_ number: UInt32) -> Range<Int> {
        let pair = pairs[Int(number)]
        return pair.start + Int(pair.valueStart)..<pair.start + Int(pair.end)
    }

    // The first bytes as a number that orders as they do; the missing ones of a short text are zero,
    // so that equal heads do not mean equal texts.
    private func head(of pair: Pair) -> UInt64 {
        var head: UInt64 = 0
        let start = pair.start + Int(pair.valueStart)
        let count = min(8, Int(pair.end - pair.valueStart))
        for index in 0..<8 {
            head = head << 8 | (index < count ? UInt64(arena[start + index]) : 0)
        }
        return head
    }

    private mutating func grow() {
        var larger = [UInt32](repeating: .max, count: slots.count * 2)
        for (number, pair) in pairs.enumerated() {
            var slot = Int(truncatingIfNeeded: pair.hash) & (larger.count - 1)
            while larger[slot] != .max { slot = (slot + 1) & (larger.count - 1) }
            larger[slot] = UInt32(number)
        }
        slots = larger
    }

    // Eight bytes at a time, multiplied and folded: for a table in memory, not for files.
    private static func hash(_ bytes: Span<UInt8>) -> UInt64 {
        let factor: UInt64 = 0x9e37_79b9_7f4a_7c15
        var hash = UInt64(bytes.count) &* factor
        var offset = 0
        while offset &+ 8 <= bytes.count {
            hash = fold(hash ^ ByteLoads.u64(bytes, offset), factor)
            offset &+= 8
        }
        var rest: UInt64 = 0
        while offset < bytes.count {
            rest = rest << 8 | UInt64(bytes[offset])
            offset &+= 1
        }
        return fold(hash ^ rest, factor)
    }

    private static func fold(_ word: UInt64, _ factor: UInt64) -> UInt64 {
        let product = word.multipliedFullWidth(by: factor)
        return product.high ^ product.low
    }
}

/// Compares bytes as Prometheus and our files order texts.
enum ByteOrder {
    /// Below, at or above 0 when `one` is before, the same as or after `other`.
    static func compare(_ one: Span<UInt8>, _ other: Span<UInt8>) -> Int {
        let shared = min(one.count, other.count)
        var index = 0
        while index &+ 8 <= shared {
            let left = ByteLoads.u64BigEndian(one, index)
            let right = ByteLoads.u64BigEndian(other, index)
            if left != right { return left < right ? -1 : 1 }
            index &+= 8
        }
        while index < shared {
            if one[index] != other[index] { return Int(one[index]) - Int(other[index]) }
            index &+= 1
        }
        return one.count - other.count
    }

    /// Whether `count` bytes from `offset` on are those from `otherOffset` on.
    static func areEqual(
        _ one: Span<UInt8>,
        _ offset: Int,
        _ other: Span<UInt8>,
        _ otherOffset: Int,
        _ count: Int
    ) -> Bool {
        var index = 0
        while index &+ 8 <= count {
            if ByteLoads.u64(one, offset &+ index) != ByteLoads.u64(other, otherOffset &+ index) {
                return false
            }
            index &+= 8
        }
        while index < count {
            if one[offset &+ index] != other[otherOffset &+ index] { return false }
            index &+= 1
        }
        return true
    }
}

/// From the numbers that another table gives its pairs to those of a `PairTable`.
struct PairNumbers {
    private static let none = UInt32.max
    private var numbers: [UInt32] = []

    /// Whether a pair has a number here.
    func contains(_ pair: UInt32) -> Bool {
        Int(pair) < numbers.count && numbers[Int(pair)] != PairNumbers.none
    }

    /// The number of a pair that has one.
    subscript(pair: UInt32) -> UInt32 {
        get { numbers[Int(pair)] }
        set {
            while numbers.count <= Int(pair) { numbers.append(PairNumbers.none) }
            numbers[Int(pair)] = newValue
        }
    }
}
