// The ledger's equation for one life of a destination, at every step: what was stored between two places
// is what was settled between them.
import Forward
import Store

/// Counts settled samples against what the store was given.
struct LaneLedger {
    private struct Ahead {
        let to: FeedPosition
        var settled: UInt64
    }

    // Settled by requests that `acked` has not passed.
    private var ahead: [UInt64: Ahead] = [:]
    // Where counting began, and what was settled then.
    private var base: (number: SequenceNumber, settled: UInt64)?
    // What the last process left: it is passed without being settled in this one.
    private var leftBehind: FeedPosition
    private var lostUntil: FeedPosition?

    init(_ record: CursorRecord = CursorRecord(acked: FeedPosition(number: .zero))) {
        leftBehind = record.offered
    }

    /// Notes that samples of a request were settled.
    mutating func settle(_ id: UInt64, _ count: UInt64, _ border: RequestBorder) {
        ahead[id, default: Ahead(to: border.to, settled: 0)].settled += count
    }

    /// The place inside of an epoch is lost: some of it is settled twice, until `acked` is behind
    /// `position`, or inside of the segment where that is inside.
    mutating func noteLostPlace(until position: FeedPosition? = nil) {
        base = nil
        if let position { lostUntil = position }
    }

    /// Checks the equation where the place can be counted from.
    mutating func check(
        _ name: String,
        _ acked: FeedPosition,
        _ settled: UInt64,
        _ truth: ShipTruth
    ) throws(BrokenPromise) {
        ahead = ahead.filter { acked < $0.value.to }
        if let until = lostUntil {
            guard until.time != nil ? acked.time != nil : until <= acked else { return }
            lostUntil = nil
        }
        guard acked.time == nil, acked.offset == 0, acked >= leftBehind else { return }
        let passed = settled - ahead.values.reduce(0) { $0 + $1.settled }
        guard let base else {
            return base = (acked.number, passed)
        }
        let stored = truth.count(from: base.number, to: acked.number)
        try BrokenPromise.unless(
            stored.contains(passed - base.settled),
            "\(name): \(passed - base.settled) samples settled up to \(acked.number) of \(stored)"
        )
    }
}
