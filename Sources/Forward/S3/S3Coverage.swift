// Which batches an archive has, as far as names tell.
public import Store

/// Ranges of batches, joined where they meet.
public struct S3Coverage: Sendable, Equatable {
    /// In order, none touching the next.
    public private(set) var ranges: [SequenceRange] = []

    /// None.
    public init() {}

    /// Adds the batches of a range.
    public mutating func add(_ range: SequenceRange) {
        guard range.after < range.through else { return }
        var (after, through) = (range.after, range.through)
        var kept: [SequenceRange] = []
        for one in ranges {
            if one.through < after || through < one.after {
                kept.append(one)
            } else {
                (after, through) = (min(after, one.after), max(through, one.through))
            }
        }
        let place = kept.firstIndex { $0.after > after } ?? kept.count
        kept.insert(SequenceRange(after: after, through: through), at: place)
        ranges = kept
    }

    /// Whether all batches of a range are there.
    public func has(_ range: SequenceRange) -> Bool {
        ranges.contains { $0.after <= range.after && range.through <= $0.through }
    }

    /// The end of the last range.
    public var end: SequenceNumber? { ranges.last?.through }
}
