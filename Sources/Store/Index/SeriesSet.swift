// A set of a segment's series, as one bit a series.

/// Which of `count` series are meant.
struct SeriesSet {
    private var words: [UInt64]
    /// The number of series that there are.
    let universe: Int

    /// No series of `universe`.
    init(of universe: Int) {
        self.universe = universe
        words = [UInt64](repeating: 0, count: (universe + 63) / 64)
    }

    /// All series of `universe`.
    static func all(of universe: Int) -> SeriesSet {
        var set = SeriesSet(of: universe)
        for index in set.words.indices { set.words[index] = .max }
        if universe % 64 != 0 { set.words[set.words.count - 1] = 1 << UInt64(universe % 64) - 1 }
        return set
    }

    /// Whether no series is meant.
    var isEmpty: Bool { words.allSatisfy { $0 == 0 } }

    /// Adds a series, which must be below `universe`.
    mutating func insert(_ series: Int) {
        words[series / 64] |= 1 << UInt64(series % 64)
    }

    /// Adds neighbours, all below `universe`.
    mutating func insert(_ series: ClosedRange<Int>) {
        let first = series.lowerBound / 64
        let last = series.upperBound / 64
        let head = UInt64.max << UInt64(series.lowerBound % 64)
        let tail = UInt64.max >> UInt64(63 - series.upperBound % 64)
        if first == last {
            words[first] |= head & tail
            return
        }
        words[first] |= head
        for index in first + 1..<last { words[index] = .max }
        words[last] |= tail
    }

    /// Adds the series whose bits are set, the first one in the lowest bit of the first byte, and says
    /// how many those are; no bit is set from `universe` on.
    mutating func insert(bits: Span<UInt8>) -> Int {
        var count = 0
        for index in bits.indices {
            words[index / 8] |= UInt64(bits[index]) << UInt64(index % 8 * 8)
            count += bits[index].nonzeroBitCount
        }
        return count
    }

    /// Whether a series is meant.
    func contains(_ series: Int) -> Bool { words[series / 64] >> UInt64(series % 64) & 1 != 0 }

    /// Keeps what is in `other` too.
    mutating func formIntersection(_ other: SeriesSet) {
        for index in words.indices { words[index] &= other.words[index] }
    }

    /// Keeps what is not in `other`.
    mutating func subtract(_ other: SeriesSet) {
        for index in words.indices { words[index] &= ~other.words[index] }
    }

    /// The series, ascending.
    var members: [Int] {
        var members: [Int] = []
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                members.append(index * 64 + rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return members
    }
}
