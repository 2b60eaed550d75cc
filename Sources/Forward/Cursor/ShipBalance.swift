// One destination's row of the ledger: what it says of itself beside what the store counts.
// Forward.docc/ledger.md
public import Store

/// The terms of a destination's equation at one moment.
public struct ShipBalance: Sendable, Equatable {
    /// Samples stored since the destination began, with what the store lost of those it has.
    public var stored: Int64
    /// What became of them; what is gone and was not passed yet is among the expired.
    public var rows: ShipRows
    /// What waits, as the store counts it.
    public var pending: Int64
    /// Answered samples that a power cut or damage took from the store.
    public var adjusted: Int64
    /// Whether the terms can be compared: not while the write buffer is replayed, or before the
    /// account was held against the store's for the first time.
    public var isSettled: Bool

    /// What is stored and in none of the terms; zero.
    public var difference: Int64 { stored - Int64(rows.total) - pending }

    /// Whether stored = acked + rejected + ambiguous + filtered + skipped + expired + pending.
    public var isBalanced: Bool { difference == 0 }

    /// Puts a destination's standing beside what the store counts behind its place.
    public init(_ standing: ShipAccount.Standing, _ found: FeedAccount) {
        let account = standing.account
        stored = Int64(found.stored) - account.anchor + account.adjusted
        rows = account.rows
        adjusted = account.adjusted
        for (reason, count) in found.gone { rows.expire(UInt64(count), reason) }
        let known = Int64(standing.answered) + Int64(account.again)
        if found.isCounted {
            pending = Int64(found.pending) - known
        } else {
            // Its segment goes from its first instant: what of it is new is known then.
            pending = max(0, stored - Int64(rows.total))
        }
        if let broken = found.broken {
            // Of the stretch that it stands in, the rest.
            let rest = stored - Int64(rows.total) - pending
            rows.expire(UInt64(min(max(0, rest), Int64(broken.most))), broken.reason)
        }
        isSettled =
            found.isComplete && account.doubt == .none && account.ledgerID == found.ledgerID
    }
}

extension ShipAccount {
    /// Why the account must be held against the store's; nil where it need not.
    func doubt(of found: FeedAccount) -> Doubt {
        if doubt == .anchor || ledgerID != found.ledgerID { return .anchor }
        if doubt == .released { return .released }
        return doubt == .losses || found.hasLosses || found.isBeyond ? .losses : .none
    }

    /// Squares the account with the store's, once, where it may differ for a known reason.
    ///
    /// The difference is the same at any moment: what was answered meanwhile left both sides.
    ///
    /// - Returns: by how many samples they differed.
    mutating func settle(_ difference: Int64, _ doubt: Doubt, _ ledgerID: UInt64) -> Int64 {
        self.doubt = .none
        self.ledgerID = ledgerID
        switch doubt {
        case .none: return 0
        case .anchor: anchor += difference
        case .losses: adjusted -= difference
        case .released:
            if difference > 0 {
                rows.expire(UInt64(difference), .removed)
            } else {
                adjusted -= difference
            }
        }
        return difference
    }
}
