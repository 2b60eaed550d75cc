// What a destination reads: the stored batches, in sequence, from wherever they are by now.
public import Model

/// A place in the sequence of samples: all before it is done.
///
/// Following batches (`time` nil), it stands behind batch `number` and behind the first `offset`
/// samples of the batch with the very next number: of no other, should that one be lost. Inside a
/// sealed segment, `number` is the segment's `after`, and it stands behind all instants before `time`
/// and the first `offset` samples at `time`. A segment's late samples come after all others; there the
/// offset carries `lateBit`.
public struct FeedPosition: Hashable, Sendable {
    /// Batches up to and including this one are done.
    public var number: SequenceNumber
    /// Inside a segment: the instant in milliseconds that comes next.
    ///
    /// Nil when following batches.
    public var time: Int64?
    /// Samples that are done of the next batch, or of the instant `time`.
    public var offset: UInt32

    /// Set in `offset` while the late samples of a segment are read.
    public static let lateBit: UInt32 = 1 << 31

    /// Whether this is a place among a segment's late samples.
    public var isAmongLate: Bool { offset & FeedPosition.lateBit != 0 }

    /// Makes a position; the default is behind the whole batch `number`.
    public init(number: SequenceNumber, time: Int64? = nil, offset: UInt32 = 0) {
        self.number = number
        self.time = time
        self.offset = offset
    }
}

extension FeedPosition {
    /// The place behind the first `offset` samples of batch `number`.
    init(inside number: SequenceNumber, offset: UInt32) {
        self.init(number: SequenceNumber(raw: number.raw - 1), offset: offset)
    }

    /// How many samples of batch `number` are done.
    func offset(in number: SequenceNumber) -> Int {
        self.number.raw &+ 1 == number.raw ? Int(offset) : 0
    }
}

extension FeedPosition: Comparable {
    public static func < (one: FeedPosition, other: FeedPosition) -> Bool {
        if one.number != other.number { return one.number < other.number }
        if one.isAmongLate != other.isAmongLate { return other.isAmongLate }
        if one.time != other.time { return (one.time ?? .min) < (other.time ?? .min) }
        return one.offset < other.offset
    }
}

/// The series that the slices of one part of the feed speak of.
///
/// Slices with the same table object use the same numbers, so a reader may cache what it makes of a
/// series by its number.
public protocol FeedSeriesTable: AnyObject, Sendable {
    /// The labels of series `series`, as stored.
    func labels(of series: UInt64) -> Labels
}

/// A run of samples between two positions: never late samples beside others, and no series twice.
public struct FeedSlice: Sendable {
    /// Where the slice begins.
    public let from: FeedPosition
    /// Where the feed stands once the slice is answered.
    public let to: FeedPosition
    /// Whether these are late samples: they go out in requests of their own.
    public let isLate: Bool
    /// Whether the samples may have been sent before by other slices (a segment sent from its first
    /// instant because the place inside it was lost): treat as a resend.
    public let mayBeResend: Bool
    /// One a sample: the series, in `table`.
    public let series: [UInt64]
    /// One a sample: milliseconds since 1970-01-01 UTC.
    public let times: [Int64]
    /// One a sample.
    public let values: [Double]
    /// What the numbers in `series` mean.
    public let table: any FeedSeriesTable
    /// Where the slice does not follow what was before it; nil where it does.
    public let jump: FeedJump?

    /// Makes a slice.
    public init(
        from: FeedPosition,
        to: FeedPosition,
        isLate: Bool,
        mayBeResend: Bool,
        series: [UInt64],
        times: [Int64],
        values: [Double],
        table: any FeedSeriesTable,
        jump: FeedJump? = nil
    ) {
        self.jump = jump
        self.from = from
        self.to = to
        self.isLate = isLate
        self.mayBeResend = mayBeResend
        self.series = series
        self.times = times
        self.values = values
        self.table = table
    }

    /// The number of samples.
    public var count: Int { values.count }
}

/// What `BatchFeed.nextInMemory` found.
public enum FeedStep: Sendable {
    /// The next slice.
    case slice(FeedSlice)
    /// Nothing new: a subscription says when there is.
    case caughtUp
    /// The next slice is not in memory: ask `next` on a thread that may wait for a disk.
    case onDisk
}

/// The stored batches in sequence.
///
/// One reader a destination; readers do not disturb each other.
public protocol BatchFeed: FeedLedger {
    /// The position behind everything stored so far.
    var end: FeedPosition { get }

    /// The next slice of at most `limit` samples out of memory; never touches a disk.
    func nextInMemory(after position: FeedPosition, limit: Int) -> FeedStep

    /// The next slice of at most `limit` samples from wherever it is; nil when there is nothing new.
    ///
    /// Where what follows `position` is gone (retention, damage), the slice begins at the next that is
    /// there. The same position and limit give the same slice inside a segment; among batches use
    /// `slice(from:to:)` for an identical repetition. May read files: never call it on the event loop.
    func next(after position: FeedPosition, limit: Int) throws(StoreError) -> FeedSlice?

    /// The very slice that `next` once gave from `from` to `to`; nil when that is no longer there.
    func slice(from: FeedPosition, to: FeedPosition) throws(StoreError) -> FeedSlice?

    /// Says that `destination` has everything up to `position`: what is behind it, and only that,
    /// may be forgotten for its sake.
    func pin(_ destination: String, at position: FeedPosition)

    /// Says that requests to `destination` with everything up to `position` may be on their way: until
    /// they are answered, the feed keeps what they were made of as it is.
    ///
    /// Said before they are sent; each call takes the place of the one before.
    func offer(_ destination: String, through position: FeedPosition)

    /// Says that `destination` is no more.
    func unpin(_ destination: String)

    /// Calls `wake` after batches were stored, from any thread, at least once after the last one;
    /// `wake` must only nudge the reader. Returns a token for `unsubscribe`.
    func subscribe(_ wake: @escaping @Sendable () -> Void) -> Int

    /// Ends a subscription.
    func unsubscribe(_ token: Int)
}
