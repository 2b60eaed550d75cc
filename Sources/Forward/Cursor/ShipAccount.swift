// What a destination's cursor says became of its samples: rows of the ledger that move together with
// the place. Forward.docc/ledger.md
public import Store

/// Samples by what became of them; only of whole requests.
public struct ShipRows: Hashable, Sendable {
    /// How many statuses are told apart; further ones are counted under 0.
    public static let codeLimit = 8

    /// Taken by the receiver.
    public var acked: UInt64 = 0
    /// Refused when sent again: most likely stored the first time.
    public var ambiguous: UInt64 = 0
    /// Not sent, as `write_relabel_configs` says.
    public var filtered: UInt64 = 0
    /// Not sent: older than `accept_window`.
    public var skippedWindow: UInt64 = 0
    /// Not sent: the format cannot say it.
    public var skippedFormat: UInt64 = 0
    /// Gone before they were sent.
    public var expiredCap: UInt64 = 0
    /// Likewise.
    public var expiredRemoved: UInt64 = 0
    /// Likewise.
    public var expiredDamage: UInt64 = 0
    /// Refused for good, by status.
    public private(set) var rejected: [Int: UInt64] = [:]

    /// Zeros.
    public init() {}

    /// All of them.
    public var total: UInt64 {
        acked + ambiguous + filtered + skippedWindow + skippedFormat + expiredCap + expiredRemoved
            + expiredDamage + rejected.values.reduce(0, +)
    }

    /// Refused for good, whatever the status.
    public var rejectedTotal: UInt64 { rejected.values.reduce(0, +) }

    /// Counts samples that were refused with a status.
    public mutating func reject(_ count: UInt64, code: Int) {
        guard count > 0 else { return }
        let isKnown =
            rejected[code] != nil
            || rejected.count(where: { $0.key != 0 }) < ShipRows.codeLimit
        rejected[isKnown ? code : 0, default: 0] += count
    }

    /// Counts samples that were gone.
    public mutating func expire(_ count: UInt64, _ reason: ExpiredReason) {
        switch reason {
        case .cap: expiredCap += count
        case .removed: expiredRemoved += count
        case .damage: expiredDamage += count
        }
    }

    /// Samples that were gone, by reason.
    public func expired(_ reason: ExpiredReason) -> UInt64 {
        switch reason {
        case .cap: expiredCap
        case .removed: expiredRemoved
        case .damage: expiredDamage
        }
    }

    /// Adds other rows.
    public mutating func add(_ other: ShipRows) {
        acked += other.acked
        ambiguous += other.ambiguous
        filtered += other.filtered
        skippedWindow += other.skippedWindow
        skippedFormat += other.skippedFormat
        expiredCap += other.expiredCap
        expiredRemoved += other.expiredRemoved
        expiredDamage += other.expiredDamage
        for (code, count) in other.rejected { reject(count, code: code) }
    }

    /// Takes up to `count` samples out again, the acknowledged first; says how many.
    mutating func takeBack(_ count: UInt64) -> UInt64 {
        var left = count
        func take(_ row: inout UInt64) {
            let taken = min(row, left)
            row -= taken
            left -= taken
        }
        take(&acked)
        take(&filtered)
        take(&skippedWindow)
        take(&skippedFormat)
        take(&ambiguous)
        for code in rejected.keys.sorted() {
            take(&rejected[code, default: 0])
        }
        rejected = rejected.filter { $0.value > 0 }
        return count - left
    }
}

/// A destination's side of the ledger.
///
/// At every moment `stored - anchor + adjusted` of the store is what the rows count, what waits, and
/// what is gone and was not passed yet; of what waits behind `acked`, the answered requests of the
/// cursor and `again` were counted already.
public struct ShipAccount: Hashable, Sendable {
    /// What must be found out before the account can be compared with the store's.
    public enum Doubt: UInt8, Sendable {
        /// Nothing.
        case none = 0
        /// Where it begins: it is new, or the ledger is another.
        case anchor = 1
        /// How much a power cut or damage took of what was answered.
        case losses = 2
        /// How much went while the destination was not configured.
        case released = 3
    }

    /// What the rows count.
    public var rows = ShipRows()
    /// What the store had counted where the destination begins.
    public var anchor: Int64 = 0
    /// Answered samples that the store lost afterwards, less what it lost of others.
    public var adjusted: Int64 = 0
    /// Samples behind the place that were answered already and will be sent again.
    public var again: UInt64 = 0
    /// The store's ledger that `anchor` speaks of.
    public var ledgerID: UInt64 = 0
    /// What is to be found out.
    public var doubt = Doubt.anchor

    /// A new account.
    public init() {}

    /// What the store had counted where everything was answered that the rows count.
    var reached: Int64 { anchor - adjusted + Int64(rows.total) - Int64(again) }
}

extension ShipAccount {
    /// Where a destination stands: what the store needs to know to count what waits.
    public struct Standing: Sendable, Equatable {
        /// The rows and what belongs to them.
        public var account: ShipAccount
        /// Everything before was answered for good.
        public var acked: FeedPosition
        /// Samples of requests behind it that were answered out of order.
        public var answered: UInt64

        /// Makes a standing.
        public init(account: ShipAccount, acked: FeedPosition, answered: UInt64 = 0) {
            self.account = account
            self.acked = acked
            self.answered = answered
        }
    }
}
