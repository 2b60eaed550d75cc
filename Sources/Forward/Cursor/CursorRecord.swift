// What a destination remembers across a restart: architecture section 5, "Feed".
public import Store

/// The ends of one request that was sent: the slice of the feed that it carried.
public struct RequestBorder: Hashable, Sendable {
    /// Where the slice began.
    public var from: FeedPosition
    /// Where the feed stood behind it.
    public var to: FeedPosition
    /// Answered, but a request before it was not: it is not sent again.
    public var isAnswered: Bool
    /// The samples of an answered request: the rows count them, and the place is before them.
    public var samples: UInt32

    /// Makes the border of a request.
    public init(
        from: FeedPosition,
        to: FeedPosition,
        isAnswered: Bool = false,
        samples: UInt32 = 0
    ) {
        self.from = from
        self.to = to
        self.isAnswered = isAnswered
        self.samples = samples
    }
}

/// The place of one destination in the feed.
public struct CursorRecord: Hashable, Sendable {
    /// The most borders that a record holds, and so the most requests between `acked` and the end
    /// of what was offered.
    public static let borderLimit = 8

    /// Everything before was answered for good: stored there, refused for good, or given up.
    public var acked: FeedPosition
    /// Requests behind `acked` that were, or were about to be, sent; in order of the feed.
    public var attempted: [RequestBorder]
    /// Written at a clean stop and synced: nothing behind `attempted` was ever sent.
    public var isClosed: Bool
    /// What may have been sent already, nobody knows in which requests.
    public var doubt = ShipDoubt()
    /// The rows of the ledger, as they are at this place.
    public var account = ShipAccount()

    /// Makes a record.
    public init(
        acked: FeedPosition,
        attempted: [RequestBorder] = [],
        isClosed: Bool = false,
        doubt: ShipDoubt = ShipDoubt(),
        account: ShipAccount = ShipAccount()
    ) {
        self.doubt = doubt
        self.account = account
        precondition(
            attempted.count <= CursorRecord.borderLimit,
            "BUG: \(attempted.count) requests in a cursor for \(CursorRecord.borderLimit)"
        )
        self.acked = acked
        self.attempted = attempted
        self.isClosed = isClosed
    }

    /// What the store must know to count what waits.
    public var standing: ShipAccount.Standing {
        ShipAccount.Standing(
            account: account,
            acked: acked,
            answered: attempted.reduce(0) { $0 + ($1.isAnswered ? UInt64($1.samples) : 0) }
        )
    }

    /// Where the feed goes on with what was never offered.
    public var offered: FeedPosition { attempted.last?.to ?? acked }
}

/// Stretches of the feed that may have been sent already, in requests that nobody knows any more.
public struct ShipDoubt: Hashable, Sendable {
    /// Whatever begins before this number.
    public var until = SequenceNumber.zero
    /// The segment behind this number: it goes from its first instant because the place in it was lost.
    public var segment: SequenceNumber?

    /// Doubts nothing.
    public init() {}

    /// Whether it has something to say of what comes behind `acked`.
    func matters(behind acked: FeedPosition) -> Bool {
        acked.number < until || segment.map { acked.number <= $0 } ?? false
    }

    func covers(_ position: FeedPosition) -> Bool {
        position.number < until || position.time != nil && position.number == segment
    }

    mutating func note(until position: FeedPosition) {
        let raw = position.number.raw
        // Inside of the next batch: of that one, too.
        let isInside = position.time == nil && position.offset > 0 && raw < .max
        until = max(until, isInside ? SequenceNumber(raw: raw + 1) : position.number)
        if position.time != nil { segment = position.number }
    }
}

/// 16 bytes that name a store or a start of the machine.
public struct CursorTag: Hashable, Sendable {
    /// The 16 bytes, or all zero for "unknown".
    public let bytes: [UInt8]

    /// Takes 16 bytes; fewer are filled up with zeros, more are cut.
    public init(_ bytes: [UInt8]) {
        self.bytes =
            Array(bytes.prefix(16)) + [UInt8](repeating: 0, count: max(0, 16 - bytes.count))
    }

    /// Names nothing, and is unlike everything.
    public static let unknown = CursorTag([])

    /// Whether the two name the same, known thing.
    public func isSame(as other: CursorTag) -> Bool {
        self != .unknown && self == other
    }
}

extension CursorTag: CustomStringConvertible {
    /// 32 lower-case hex digits.
    public var description: String {
        var text = ""
        for byte in bytes {
            let digits = String(byte, radix: 16)
            text += digits.utf8.count < 2 ? "0" + digits : digits
        }
        return text
    }
}
