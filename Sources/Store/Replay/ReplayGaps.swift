// Which batches of the buffer are in no segment, and between which borders their epochs lie.
// Architecture section 5, "Recovery".

/// The gaps between what is sealed and what cannot be read.
struct ReplayGaps {
    private let sealed: [SequenceRange]
    // What no epoch may reach over: sealed ranges, and those that a later start may yet be able to read.
    private var borders: [SequenceRange]

    // Of each what is found goes into epochs of its own.
    private let missing: [SequenceRange]
    private let sealedThrough: SequenceNumber

    init(sealed: [SequenceRange], missing: [SequenceRange] = []) {
        self.sealed = sealed
        self.missing = missing
        borders = sealed + missing
        sealedThrough = sealed.map(\.through).max() ?? .zero
    }

    /// Whether a segment has the batch.
    func isSealed(_ number: SequenceNumber) -> Bool {
        number <= sealedThrough && sealed.contains { $0.contains(number) }
    }

    /// Whether one segment has all batches of a range.
    func isSealed(_ range: SequenceRange) -> Bool {
        sealed.contains { $0.after <= range.after && range.through <= $0.through }
    }

    /// Whether the batch is one of a segment that is missing.
    func isMissing(_ number: SequenceNumber) -> Bool {
        !missing.isEmpty && missing.contains { $0.contains(number) }
    }

    /// The gap that `number` lies in; the last one is open.
    func gap(of number: SequenceNumber) -> SequenceRange {
        if let whole = missing.first(where: { $0.contains(number) }) { return whole }
        var after = SequenceNumber.zero
        var through = SequenceNumber.max
        for border in borders {
            if border.through < number { after = max(after, border.through) }
            if number <= border.after { through = min(through, border.after) }
        }
        return SequenceRange(after: after, through: through)
    }

    /// Batches of `range` may be there and cannot be read: no segment may claim them.
    mutating func noteUnread(_ range: SequenceRange) {
        borders.append(range)
    }
}
