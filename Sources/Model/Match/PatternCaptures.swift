// What the groups of a pattern matched, in memory that is used again for the next text.

/// The byte ranges of a pattern's groups in the text that it matched; group 0 is all of it.
public struct PatternCaptures: Sendable, Equatable {
    /// Where each group begins and ends, one after the other; -1 where it took no part.
    var bounds: [Int32] = []

    /// Starts without groups.
    public init() {}

    /// The number of groups, group 0 included.
    public var count: Int { bounds.count / 2 }

    /// What the group matched; nil when it took no part, or when the pattern has no such group.
    public subscript(group: Int) -> Range<Int>? {
        guard group >= 0, group < count else { return nil }
        let (from, to) = (bounds[2 * group], bounds[2 * group + 1])
        return from >= 0 && to >= from ? Int(from)..<Int(to) : nil
    }

    /// Every group in order.
    public var ranges: [Range<Int>?] { (0..<count).map { self[$0] } }

    mutating func setWhole(_ count: Int) {
        bounds.removeAll(keepingCapacity: true)
        bounds.append(0)
        bounds.append(Int32(truncatingIfNeeded: count))
    }
}
