// What the writer's lock guards: the sequence, the open part of the buffer, the epochs on their way
// to disk.
import Model

/// One part of the buffer, written by this start or found by recovery.
struct KeptPart {
    let part: BufferPart
    /// The number of its newest batch; `after` when it has none.
    var last: SequenceNumber
    /// Bytes of its records.
    var bytes: Int64
    /// Whether batches between `after` and `last` cannot be read: their segment may have them.
    var hasHoles = false
    /// Where the medium did not give the rest of it: batches up to here may be in it, for a later start.
    var unreadThrough: SequenceNumber?

    /// All its batches come after this number.
    var after: SequenceNumber { part.after }
}

/// A rotation's epoch, closed and waiting for its segment.
struct ClosingEpoch {
    var epoch: UInt32
    var range: SequenceRange
    var ledger: Ledger
    /// The samples of its batches.
    var counts = BatchCounts()
    /// The last batch before a large step back of the clock; `range.after` where that came before all of
    /// it, zero for none.
    var clockStep = SequenceNumber.zero
}

/// The writer: one at a time numbers and records batches.
struct WriterState {
    /// The upper half of the numbers of this start.
    let start: UInt32
    /// The number of the newest batch.
    var lastNumber: SequenceNumber
    /// M: where the open epoch begins.
    var epochAfter: SequenceNumber
    /// When the open epoch began, wall clock, in milliseconds.
    var epochSinceMs: Int64
    /// The latest time that the wall clock has shown since it was set back, in milliseconds.
    var latestMs: Int64
    /// The last batch before the latest large step back of the clock: segments up to it give no last
    /// times.
    var clockStep = SequenceNumber.zero
    /// The open epoch's counts.
    var epochLedger: Ledger {
        mutating get {
            settle()
            return settledOfEpoch
        }
        set {
            settle()
            settledOfEpoch = newValue
        }
    }
    /// All counts since the ledger began.
    var ledger: Ledger {
        mutating get {
            settle()
            return settled
        }
        set {
            settle()
            settled = newValue
        }
    }
    private var settledOfEpoch = Ledger()
    private var settled: Ledger
    // Counts that are in neither ledger yet.
    private var tally = SourceTally()

    /// Whether the last of `parts` is open: it is appended to.
    var hasPart = false
    /// The open part's number of each series that it knows.
    var seriesNumbers = SeriesNumbers()
    var encoder = BufferEncoder()
    /// All parts of the buffer, oldest first.
    var parts: [KeptPart]
    /// Bytes of the open epoch in all its parts.
    var epochBytes: Int64 = 0
    /// Epochs that were rotated and not sealed yet, oldest first.
    var closing: [ClosingEpoch] = []
    /// The samples of the open epoch's batches.
    var openCounts = BatchCounts()
    /// The same of epochs that are sealed and that a destination may be inside of.
    var keptCounts: [(range: SequenceRange, counts: BatchCounts)] = []
    /// The newest batch that the start found.
    var foundThrough = SequenceNumber.zero

    var bytesWritten: Int64 = 0
    var failures = 0
    var isFailing = false
    var isClosed = false
    /// Whether batches of earlier starts are on their way back: nothing is appended or rotated.
    var isReplaying = true
    /// Whether nothing is to be appended to the open part: it is lost, or what a failed append left
    /// could not be taken back.
    var distrustsPart = false

    // Used again for each batch. The check is worked on where it lies: moving it costs more than a sample.
    var check = BatchCheck()
    var records: [UInt8] = []
    var localSeries: [UInt32] = []

    init(
        start: UInt32,
        lastNumber: SequenceNumber,
        epochAfter: SequenceNumber,
        nowMs: Int64,
        ledger: Ledger,
        parts: [KeptPart]
    ) {
        self.start = start
        self.lastNumber = lastNumber
        self.epochAfter = epochAfter
        epochSinceMs = nowMs
        latestMs = nowMs
        settled = ledger
        self.parts = parts
        epochBytes = parts.reduce(0) { $0 + ($1.last > epochAfter ? $1.bytes : 0) }
    }

    /// Counts one batch of the source with this number in both ledgers; `name` is asked when needed.
    mutating func count(
        _ source: Int,
        stored: Int,
        generated: Int,
        _ drops: [DropCount],
        _ name: () -> SourceName
    ) {
        if drops.isEmpty {
            if !tally.knows(source) { tally.name(source, name().text) }
            return tally.count(source, stored: stored, generated: generated)
        }
        let source = name().text
        settled.count(source, stored: stored, generated: generated, drops: drops)
        settledOfEpoch.count(source, stored: stored, generated: generated, drops: drops)
    }

    /// The same for a batch of an earlier start; one that `wasCounted` is in the totals already.
    mutating func count(
        _ source: String,
        stored: Int,
        generated: Int,
        _ drops: [DropCount],
        wasCounted: Bool
    ) {
        if !wasCounted {
            settled.count(source, stored: stored, generated: generated, drops: drops)
        }
        settledOfEpoch.count(source, stored: stored, generated: generated, drops: drops)
    }

    // Before a ledger is read or set: what was counted until now belongs to the old one.
    private mutating func settle() {
        if tally.isEmpty { return }
        for row in tally.rows where row.batches > 0 {
            guard let source = row.source else { continue }
            let (stored, generated) = (row.stored, row.generated)
            settled.count(source, stored: stored, generated: generated, drops: [])
            settledOfEpoch.count(source, stored: stored, generated: generated, drops: [])
        }
        tally.clear()
    }

    /// The next number.
    ///
    /// A start has room for 2^32 - 1 batches: 136 years of one a second.
    var nextNumber: SequenceNumber {
        lastNumber.start == start
            ? SequenceNumber(start: start, count: lastNumber.count + 1)
            : SequenceNumber(start: start, count: 1)
    }

    /// Puts an epoch that was cut on its way to disk.
    mutating func close(_ epoch: UInt32, _ range: SequenceRange, _ ledger: Ledger) {
        // A step before all of it is said too, lest nobody says it.
        let isHere = range.after <= clockStep && clockStep <= range.through
        let step = isHere ? clockStep : .zero
        closing.append(
            ClosingEpoch(
                epoch: epoch,
                range: range,
                ledger: ledger,
                counts: openCounts,
                clockStep: step
            )
        )
        openCounts = BatchCounts()
    }

    /// Samples of batches behind `place` that are in no segment yet.
    func pending(after place: FeedPosition) -> Int {
        var count = 0
        for epoch in closing where epoch.range.through > place.number {
            count += WriterState.pending(of: epoch.counts, behind: epoch.range.after, place)
        }
        return count + WriterState.pending(of: openCounts, behind: epochAfter, place)
    }

    private static func pending(
        of counts: BatchCounts,
        behind start: SequenceNumber,
        _ place: FeedPosition
    ) -> Int {
        // Inside of a segment is before all of it.
        if place.number < start || place.time != nil { return counts.total }
        return max(0, counts.total - counts.count(through: place.number) - Int(place.offset))
    }

    /// The part that is appended to.
    var openPart: BufferPart? { hasPart ? parts.last?.part : nil }

    /// Puts a new part in place of the open one: every series and stream is stated anew.
    mutating func adopt(_ part: BufferPart) {
        hasPart = true
        seriesNumbers = SeriesNumbers()
        encoder = BufferEncoder()
        distrustsPart = false
        parts.removeAll { $0.part.name == part.name }
        parts.append(KeptPart(part: part, last: part.after, bytes: 0))
    }

    /// After a failed append nothing that was stated in it may be built on.
    mutating func startOver() {
        seriesNumbers = SeriesNumbers()
        encoder.startOver()
    }
}

/// Counts of batches without drops, by the number of their source: a ledger's rows take longer.
struct SourceTally {
    /// The counts of one source.
    struct Row {
        var source: String?
        var batches = 0
        var stored = 0
        var generated = 0
    }

    /// Rows by number; one without batches says nothing but its name.
    private(set) var rows: [Row] = []
    /// Whether nothing was counted.
    private(set) var isEmpty = true

    /// Whether the source of this number has a name here.
    func knows(_ number: Int) -> Bool { number < rows.count && rows[number].source != nil }

    /// Says what the source of this number is called.
    mutating func name(_ number: Int, _ source: String) {
        while rows.count <= number { rows.append(Row()) }
        rows[number].source = source
    }

    /// Counts one batch of the source of this number, which has a name.
    mutating func count(_ number: Int, stored: Int, generated: Int) {
        rows[number].batches += 1
        rows[number].stored += stored
        rows[number].generated += generated
        isEmpty = false
    }

    /// Begins again at nothing.
    mutating func clear() {
        for number in rows.indices { rows[number] = Row(source: rows[number].source) }
        isEmpty = true
    }
}

/// A part's number of each series, by the slot of its handle.
struct SeriesNumbers {
    // The handle's generation in the upper half, the number below; 0: the part does not know it.
    private var words: [UInt64] = []

    /// The series' number; `define` gives one to a series that has none.
    mutating func number(of handle: SeriesHandle, define: () -> UInt32) -> UInt32 {
        let slot = handle.slot
        if slot >= words.count {
            words.append(contentsOf: repeatElement(0, count: slot + 1 - words.count))
        }
        // Generations begin at 1, so that no word of a known series is 0.
        let word = words[slot]
        if UInt32(truncatingIfNeeded: word >> 32) == handle.generation {
            return UInt32(truncatingIfNeeded: word)
        }
        let number = define()
        words[slot] = UInt64(handle.generation) << 32 | UInt64(number)
        return number
    }
}
