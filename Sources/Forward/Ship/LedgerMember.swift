// What the ledger asks of a destination, whatever its kind. Forward.docc/ledger.md
public import Platform
public import Store

/// A destination with rows in the ledger.
///
/// Its rows, its place and what was answered behind it stand in one record, which changes at once: see
/// `ShipAccount`. At its start it is held against the store's counts, once (`squared`).
public protocol LedgerMember: Actor {
    /// Where it stands at this moment; nil before its cursor is open.
    func standing() -> ShipAccount.Standing?
}

extension LedgerMember {
    /// The destination's row of the ledger now; nil before its cursor is open.
    ///
    /// The store counts on a thread of `pool`.
    /// - Throws: what the store says where it cannot read the segment that the place is inside of.
    public func balance(
        against feed: any FeedLedger,
        on pool: BlockingPool
    ) async throws(StoreError) -> ShipBalance? {
        var balance: ShipBalance?
        // Where the place moved on while the store counted, its epoch may be gone: then once more.
        for _ in 0..<3 {
            guard let standing = standing() else { return nil }
            let found = try await pool.run { () throws(StoreError) in
                try feed.account(after: standing.acked)
            }
            balance = ShipBalance(standing, found)
            if found.isCounted { break }
        }
        return balance
    }

    /// How the account differs from the store's, and why it may; nil while that cannot be known.
    ///
    /// - Throws: as `balance`.
    func comparison(
        with feed: any FeedLedger,
        on pool: BlockingPool
    ) async throws(StoreError) -> ShipComparison? {
        guard !feed.isReplaying, let standing = standing() else { return nil }
        let found = try await pool.run { () throws(StoreError) in
            try feed.account(after: standing.acked)
        }
        guard found.isComplete else { return nil }
        return ShipComparison(
            difference: ShipBalance(standing, found).difference,
            doubt: standing.account.doubt(of: found),
            ledgerID: found.ledgerID,
            isNews: standing.account.doubt != .none
                || standing.account.doubt(of: found) != .none
        )
    }
}

/// By how much an account differs from the store's.
struct ShipComparison: Sendable {
    var difference: Int64
    var doubt: ShipAccount.Doubt
    var ledgerID: UInt64
    /// Whether there is a reason to square it.
    var isNews: Bool
}
