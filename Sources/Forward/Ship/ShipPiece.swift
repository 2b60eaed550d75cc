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
        var suspicion = Suspicion()

        /// It goes only when all before it in the feed is answered: one of these has its series.
        var waits = false
        /// Parts of one stretch of time: the next stretch comes when they are done.
        var stretch = 0

        /// Some of its samples as a request.
        func cut(to range: Range<Int>, waits: Bool = false) -> Part {
            Part(
                range: range,
                mayHaveArrived: mayHaveArrived,
                waits: self.waits || waits,
                stretch: stretch
            )
        }

        /// The same samples as two requests.
        var halves: [Part] {
            let middle = range.lowerBound + range.count / 2
            return [cut(to: range.lowerBound..<middle), cut(to: middle..<range.upperBound)]
        }
    }

    /// A request that passed.
    struct Proof: Sendable {
        let id: UInt64
        let range: Range<Int>
    }

    let id: UInt64
    let from: FeedPosition
    let to: FeedPosition
    let oldestMs: Int64
    let newestMs: Int64
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
    /// It failed with 5xx so often that its samples may be the reason.
    var isSuspect = false
    /// What passed last, of this or of another, while it is suspect.
    var proof: Proof?
    /// What passed goes, or went, once more, to see whether the receiver is there.
    var isProbing = false
    /// Counts the requests: when it was sent last.
    var lastTry: UInt64 = 0
    /// Keeps the table's identity from meaning another one; what its numbers stand for.
    let tableObject: (any FeedSeriesTable)?
    /// Which of its series fail in requests of other tables; nil when nobody looked.
    let failing: Set<UInt64>?

    init(id: UInt64, facts: SliceFacts, isResend: Bool, phase: Phase) {
        self.id = id
        from = facts.from
        to = facts.to
        oldestMs = facts.oldestMs
        newestMs = facts.newestMs
        table = facts.table
        series = facts.series
        filtered = facts.filtered
        unsent = ShipRows()
        unsent.skippedWindow = UInt64(facts.skippedWindow)
        unsent.skippedFormat = UInt64(facts.skippedFormat)
        isJump = facts.hole != nil
        self.phase = phase
        tableObject = facts.tableObject
        failing = facts.failing
        isAlone = isResend
        let ends = facts.cuts + [facts.series.count]
        parts = zip([0] + facts.cuts, ends).enumerated().map { stretch, range in
            Part(range: range.0..<range.1, mayHaveArrived: isResend, stretch: stretch)
        }
    }

    /// The parts that may go in any order now.
    var currentParts: ArraySlice<Part> {
        parts.prefix { $0.stretch == parts[0].stretch }
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

    /// Whether `other`, should it arrive first, makes this one too old for the receiver.
    func isOutdated(by other: ShipPiece, spreadMs: Int64) -> Bool {
        FeedSlice.isWider(oldestMs, other.newestMs, than: spreadMs)
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
