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
