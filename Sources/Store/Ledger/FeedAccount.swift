// What a store says of the samples behind a destination's place: counted from what is there, never
// worked out from what the destination says of itself. Store.docc/ledger.md

/// Why samples were gone before a destination had them.
///
/// Raw values stand in files: never reuse one.
public enum ExpiredReason: UInt8, Sendable, CaseIterable {
    /// `storage.retention_size` made room.
    case cap = 1
    /// `storage.retention_time` deleted them while nobody asked for them.
    case removed = 2
    /// A file was damaged, and the write buffer did not have them any more.
    case damage = 3

    /// The word in the ledger and in metrics.
    public var text: String {
        switch self {
        case .cap: "cap"
        case .removed: "removed"
        case .damage: "damage"
        }
    }
}

/// What is behind a place of the feed.
public struct FeedAccount: Sendable, Equatable {
    /// Names the ledger that `stored` was counted in: another one begins when its file was lost.
    public var ledgerID: UInt64 = 0
    /// Samples stored since the ledger began.
    public var stored = 0
    /// Samples behind the place that are there to be read.
    public var pending = 0
    /// Samples behind the place that are gone, of stretches that the place is not inside of.
    public var gone: [ExpiredReason: Int] = [:]
    /// The stretch that is gone and that the place is inside of.
    public var broken: BrokenStretch?
    /// Whether all that was stored is known: false while the write buffer is replayed.
    public var isComplete = true
    /// Whether `pending` could be counted: false where the place is inside an epoch whose batches are
    /// gone; its segment is sent from its first instant.
    public var isCounted = true
    /// Whether the place lies behind all that the last start found: a power cut took what came before
    /// it.
    public var isBeyond = false
    /// Whether the last start found damage or lost batches.
    public var hasLosses = false

    /// An empty account.
    public init() {}

    /// All samples of whole stretches that are gone.
    public var goneTotal: Int { gone.values.reduce(0, +) }

    /// What was stored before everything behind the place: meaningful where that is not broken.
    public var before: Int { stored - pending - goneTotal }
}

/// A stretch of the feed that is gone, and that a place is inside of.
///
/// How much of it was before the place only the one knows who stood there.
public struct BrokenStretch: Sendable, Equatable {
    /// Why it is gone.
    public var reason: ExpiredReason
    /// All its samples.
    public var most: Int

    /// Makes one.
    public init(reason: ExpiredReason, most: Int) {
        self.reason = reason
        self.most = most
    }
}

/// Where the feed did not go on with what follows a place.
public struct FeedJump: Sendable, Hashable {
    /// What lies between the place and this one is gone.
    public var goneTo: FeedPosition?
    /// The place inside of an epoch is lost: its segment, which begins behind this number, goes from
    /// its first instant.
    public var restart: SequenceNumber?

    /// No jump.
    public init() {}
}

/// What a jump means in samples.
public struct FeedHole: Sendable, Equatable {
    /// Samples of whole stretches that were passed, by reason.
    public var gone: [ExpiredReason: Int] = [:]
    /// A stretch that the place was inside of, and all that was stored up to its end.
    public var broken: (stretch: BrokenStretch, endTotal: Int)?
    /// What was stored up to the place from which a segment goes once more.
    public var restartTotal: Int?

    /// Nothing.
    public init() {}

    public static func == (one: FeedHole, other: FeedHole) -> Bool {
        one.gone == other.gone && one.restartTotal == other.restartTotal
            && one.broken?.stretch == other.broken?.stretch
            && one.broken?.endTotal == other.broken?.endTotal
    }
}

/// Counts what is behind a place.
///
/// All calls may read files: never on the event loop.
public protocol FeedLedger: AnyObject, Sendable {
    /// What is behind `place` now.
    ///
    /// - Throws: `.cannot`, `.damaged` when a segment that the place is inside of cannot be read.
    func account(after place: FeedPosition) throws(StoreError) -> FeedAccount

    /// What a slice that begins at `place` with this jump has passed.
    ///
    /// - Throws: as `account`.
    func hole(at place: FeedPosition, _ jump: FeedJump) throws(StoreError) -> FeedHole

    /// The place before the oldest batch that is there.
    var oldest: FeedPosition { get }

    /// Whether batches of earlier starts are still on their way back: accounts are not complete.
    var isReplaying: Bool { get }
}
