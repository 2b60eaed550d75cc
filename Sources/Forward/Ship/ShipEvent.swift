// What the shipping of one destination reacts to, and what it wants done: the border between the pure
// `ShipState` and the `Shipper` that does the I/O.
public import Store

/// What `ShipState` has to know of a slice of the feed; samples and bytes stay with the shell.
public struct SliceFacts: Sendable {
    /// Where the slice begins.
    public var from: FeedPosition
    /// Where the feed stands behind it.
    public var to: FeedPosition
    /// The series in it, one a sample; numbers of `table`.
    public var series: [UInt64]
    /// What the numbers in `series` mean; numbers of different tables cannot be compared.
    public var table: ObjectIdentifier
    /// Whether the feed says that the samples may have been sent before.
    public var mayBeResend: Bool
    /// The earliest sample's time, milliseconds since 1970 UTC.
    public var oldestMs: Int64
    /// The latest sample's time.
    public var newestMs: Int64
    /// Places in the slice at which a request of its own begins: times in one must not lie too far apart.
    public var cuts: [Int] = []
    /// The table itself: while it lives no other one has its identity.
    public var tableObject: (any FeedSeriesTable)?
    /// Which of `series` are among `ShipState.failingSeries`; nil when that said nothing.
    public var failing: Set<UInt64>?
    /// Samples between the same positions that are not to be sent: `write_relabel_configs` says so.
    public var filtered: Int
    /// Samples between the same positions that are older than the receiver's window.
    public var skippedWindow = 0
    /// Samples between the same positions that the format cannot say.
    public var skippedFormat = 0
    /// What the slice's jump means in samples; nil where it follows what was before it.
    public var hole: FeedHole?

    /// Makes facts.
    public init(
        from: FeedPosition,
        to: FeedPosition,
        series: [UInt64],
        table: ObjectIdentifier,
        mayBeResend: Bool,
        oldestMs: Int64,
        newestMs: Int64? = nil,
        filtered: Int = 0
    ) {
        self.from = from
        self.to = to
        self.series = series
        self.table = table
        self.mayBeResend = mayBeResend
        self.oldestMs = oldestMs
        self.newestMs = newestMs ?? oldestMs
        self.filtered = filtered
    }

    /// The facts of `slice`, from which `filtered` samples were taken.
    ///
    /// The slice is one that `inTimeOrder` gave for the same `spreadMs`.
    public init(
        of slice: FeedSlice,
        filtered: Int = 0,
        hole: FeedHole? = nil,
        spreadMs: Int64 = .max
    ) {
        self.init(
            from: slice.from,
            to: slice.to,
            series: slice.series,
            table: ObjectIdentifier(slice.table),
            mayBeResend: slice.mayBeResend,
            oldestMs: slice.times.min() ?? 0,
            newestMs: slice.times.max() ?? 0,
            filtered: filtered
        )
        self.hole = hole
        cuts = slice.cuts(spreadMs: spreadMs)
        tableObject = slice.table
    }
}

/// Something happened.
public enum ShipEvent: Sendable {
    /// Begin; comes once, first.
    case started
    /// The feed has something new.
    case woken
    /// A fetch ended: the slice under the id that the action gave it, or nothing (nothing new, or a
    /// resend that is no longer there).
    case fetched(id: UInt64, facts: SliceFacts?)
    /// A fetch failed: ask again later.
    case fetchFailed(id: UInt64)
    /// The record that was asked for is in the file.
    case cursorWritten
    /// It could not be written: shipping goes on, and the next record is tried later.
    case cursorNotWritten
    /// A request was answered, or ended without an answer.
    case answered(id: UInt64, verdict: Verdict)
    /// The time that `wakeAt` asked for has come.
    case timer
    /// The account was held against the store's: they differ by so many samples, for the reason given.
    case settled(difference: Int64, ShipAccount.Doubt, ledgerID: UInt64)
    /// End: finish what is under way.
    case stop
    /// End at once; what is not answered is sent again after the next start.
    case stopNow
}

/// Something to do.
public enum ShipAction: Sendable, Equatable {
    /// Get the next slice; answered by `fetched` or `fetchFailed`.
    case fetch(id: UInt64, after: FeedPosition, limit: Int)
    /// Get the very slice that an earlier request carried; answered likewise.
    case refetch(id: UInt64, border: RequestBorder)
    /// Write the cursor; answered by `cursorWritten` or `cursorNotWritten`. Never two at
    /// a time.
    case writeCursor(CursorRecord, sync: Bool)
    /// Send samples `part` of slice `id`; answered by `answered`.
    case send(id: UInt64, part: Range<Int>, isRetry: Bool)
    /// Slice `id` is no longer needed.
    case forget(id: UInt64)
    /// Come back with `timer` at this steady time; replaces the one asked for before.
    case wakeAt(ns: Int64)
    /// Everything up to here is answered and written down: the store may forget it.
    case pin(FeedPosition)
    /// Tell the operator.
    case tell(ShipNote)
    /// All is written; nothing more comes.
    case finished
}

/// Something that an operator may want to know.
public enum ShipNote: Sendable, Equatable {
    /// A request failed and is tried again; the number of failures in a row.
    case failing(failures: Int)
    /// The destination refuses everything until something is changed.
    case parked(code: Int)
    /// Requests succeed again.
    case resumed(failures: Int)
    /// Samples were refused for good.
    case rejected(code: Int, samples: Int)
    /// Samples that were sent again were refused: most likely they are there already.
    case ambiguous(samples: Int)
    /// A sample was refused with 5xx time and again while all others passed: it is given up.
    case setAside(code: Int)
    /// A request was too large and goes in two parts.
    case split(samples: Int)
    /// The account differed from the store's by so many samples, and was squared with it.
    case squared(Int64, ShipAccount.Doubt)
    /// What an earlier request carried is no longer there to be sent again.
    case gone(RequestBorder)
}

/// Counts since the destination was started; samples unless the name says otherwise.
public struct ShipTotals: Sendable, Equatable {
    /// Handed to the network, repetitions included.
    public var sent: UInt64 = 0
    /// Of these: repetitions.
    public var retried: UInt64 = 0
    /// Taken by the receiver.
    public var acked: UInt64 = 0
    /// Refused by the receiver, by status.
    public var rejected: [Int: UInt64] = [:]
    /// Of these: refused with 5xx time and again while all others passed.
    public var setAside: UInt64 = 0
    /// Refused when sent again: most likely stored the first time.
    public var ambiguous: UInt64 = 0
    /// Not sent, as `write_relabel_configs` says.
    public var filtered: UInt64 = 0
    /// Requests that were sent.
    public var requests: UInt64 = 0
    /// Requests that failed and were, or will be, tried again.
    public var failures: UInt64 = 0

    /// Starts at zero.
    public init() {}
}
