// One slice of the feed on its way: usually one request, more after a 413.
internal import Store

struct ShipPiece: Sendable {
    enum Phase: Sendable, Equatable {
        /// Its border is not in the cursor file yet.
        case recording
        /// It may be sent.
        case ready
        /// Its current part is under way.
        case inFlight
        /// All parts are answered.
        case answered
    }

    /// A part of the slice that is one request.
    struct Part: Sendable {
        var range: Range<Int>
        var tries = 0
        /// The receiver may have it from an earlier try.
        var mayHaveArrived: Bool
    }

    let id: UInt64
    let from: FeedPosition
    let to: FeedPosition
    let oldestMs: Int64
    let table: ObjectIdentifier
    let series: [UInt64]
    let filtered: Int
    /// What else is counted for it, and was never sent: skipped, or gone before it.
    var unsent: ShipRows
    /// What became of the parts that are answered.
    var outcome = ShipRows()
    /// It begins behind what is gone, or before what was answered: nothing may be under way before it.
    let isJump: Bool
    /// Answered samples that it, and what comes behind it, bring once more.
    var again: UInt64 = 0
    var phase: Phase
    /// It goes only when nothing else is under way, and nothing new goes before it is answered.
    var isAlone: Bool
    /// It may hold samples that were sent in other company, beside such that never were.
    var isCutAnew = false
    /// The first is the one that is, or will be, under way.
    var parts: [Part]

    init(id: UInt64, facts: SliceFacts, isResend: Bool, phase: Phase) {
        self.id = id
        from = facts.from
        to = facts.to
        oldestMs = facts.oldestMs
        table = facts.table
        series = facts.series
        filtered = facts.filtered
        unsent = ShipRows()
        unsent.skippedWindow = UInt64(facts.skippedWindow)
        unsent.skippedFormat = UInt64(facts.skippedFormat)
        isJump = facts.hole != nil
        self.phase = phase
        isAlone = isResend
        parts = [Part(range: 0..<facts.series.count, mayHaveArrived: isResend)]
    }

    var isOpen: Bool { phase != .answered }

    /// All samples between its borders that are there.
    var samples: UInt64 {
        UInt64(series.count + filtered) + unsent.skippedWindow + unsent.skippedFormat
    }

    /// All that it adds to the rows.
    var total: UInt64 { UInt64(series.count + filtered) + unsent.total }

    /// No byte of it left this process in this run or, as far as is known, in one before.
    var wasNeverSent: Bool {
        (phase == .recording || phase == .ready)
            && parts.allSatisfy { $0.tries == 0 && !$0.mayHaveArrived } && !isAlone
    }

    /// Whether the two may hold a common series.
    ///
    /// Of different tables nobody knows.
    func mayShareSeries(with other: ShipPiece) -> Bool {
        guard table == other.table else { return true }
        let mine = Set(series)
        return other.series.contains { mine.contains($0) }
    }
}
