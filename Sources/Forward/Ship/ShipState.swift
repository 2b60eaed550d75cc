// The shipping of one destination as a pure state machine: events in, actions out, no I/O, no clock.
// The rules are architecture section 5, "Feed":
//   - a request's borders are in the cursor before it is sent;
//   - never two requests with a common series under way;
//   - `acked` moves only over answered requests at the front;
//   - what was sent and not answered is sent again as the identical request, alone.
public import Store

/// Where one destination stands, and what comes next.
public struct ShipState: Sendable {
    enum Phase: Sendable, Equatable {
        case running, stopping, closing, finished
    }

    let limits: ShipLimits
    var phase = Phase.running

    // The feed.
    var position: FeedPosition  // behind everything that was fetched
    var resends: [RequestBorder]  // requests of the run before, in order
    var doubt: ShipDoubt
    var fetching: UInt64?
    var hasNews = true
    var fetchAt: Int64 = .min
    var held: ShipPiece?
    var sampleLimit: Int
    var acksSinceSplit = 0
    var nextID: UInt64 = 1

    // Requests between `acked` and what was offered, in order of the feed.
    var window: [ShipPiece] = []

    // The cursor.
    var isDirty = true
    var isWriting = false
    var isSyncing = false
    var writingRecord: CursorRecord?
    var syncedRecord: CursorRecord?
    var syncAt: Int64 = .min
    var writeAt: Int64 = .min
    var pinned: FeedPosition?

    // Failures.
    var failures = 0
    /// Requests of which the receiver took something.
    var passes: UInt64 = 0
    /// Answered slices that are kept to be sent again, as a probe.
    var keptProofs: Set<UInt64> = []
    /// The request that passed last.
    var lastPassed: ShipPiece.Proof?
    var nextTryAt: Int64 = .min
    var timerAt: Int64?

    /// Everything before was answered for good.
    public internal(set) var acked: FeedPosition
    /// The status for which the destination is parked, nil when it is not.
    public internal(set) var parkedCode: Int?
    /// Counts since the start.
    public internal(set) var totals = ShipTotals()
    /// The rows of the ledger.
    public internal(set) var account: ShipAccount
    // Of `totals`: what is among some piece's outcome.
    var attributed = ShipTotals()

    /// Starts where `record` says: the one of the cursor file, or a new one at the end of what is
    /// stored.
    ///
    /// Where writes of the cursor may have been lost, `doubtfulUntil` is the end of what was stored at
    /// the start: what lies before may have been sent although the record does not say so.
    public init(record: CursorRecord, doubtfulUntil: FeedPosition?, limits: ShipLimits) {
        self.limits = limits
        doubt = record.doubt
        if let doubtfulUntil, !record.isClosed { doubt.note(until: doubtfulUntil) }
        acked = record.acked
        account = record.account
        // Of what was answered a power cut may have taken some.
        if doubtfulUntil != nil, !record.isClosed, account.doubt == .none {
            account.doubt = .losses
        }
        position = record.offered
        resends = record.attempted
        sampleLimit = limits.samplesPerSend
    }

    /// Requests that were sent and not yet answered.
    public var inFlight: Int { window.count { $0.phase == .inFlight } }

    /// Failures since the last answer that was none.
    public var failuresInRow: Int { failures }

    /// Whether nothing waits: all that the feed had is answered.
    public var isInStep: Bool {
        window.isEmpty && held == nil && resends.isEmpty && !hasNews && fetching == nil
    }

    /// The time of the oldest sample that was fetched and not answered, nil when there is none.
    public var oldestPendingMs: Int64? {
        for piece in window where piece.phase != .answered { return piece.oldestMs }
        return held?.oldestMs
    }

    /// Takes an event and says what to do, in this order.
    ///
    /// The time is the steady clock's.
    public mutating func handle(
        _ event: ShipEvent,
        at nowNs: Int64,
        using random: inout some RandomNumberGenerator
    ) -> [ShipAction] {
        guard phase != .finished else { return [] }
        var actions: [ShipAction] = []
        switch event {
        case .started: break
        case .woken: hasNews = true
        case .timer: timerAt = nil
        case .settled(let difference, let reason, let ledgerID):
            let found = account.settle(difference, reason, ledgerID)
            isDirty = true
            if found != 0, reason != .anchor { actions.append(.tell(.squared(found, reason))) }
        case .fetched(let id, let facts): take(id, facts, nowNs, &actions)
        case .fetchFailed(let id):
            if fetching == id { fetching = nil }
            hasNews = true
            fetchAt = nowNs + limits.backoffNs(failures: 6, using: &random)
        case .cursorWritten: noteWritten(isSafe: isSyncing, &actions)
        case .cursorNotWritten:
            isDirty = true
            writeAt = nowNs + limits.backoffNs(failures: 6, using: &random)
            noteWritten(isSafe: false, &actions)
        case .answered(let id, let verdict):
            // After the end of a bounded stop an answer changes nothing any more.
            if phase != .closing { judge(id, verdict, nowNs, &random, &actions) }
        case .stop: if phase == .running { phase = .stopping }
        case .stopNow: if phase == .running || phase == .stopping { close(&actions) }
        }
        plan(nowNs, &actions)
        return actions
    }

    // A slice arrived, or there is none.
    private mutating func take(
        _ id: UInt64,
        _ facts: SliceFacts?,
        _ nowNs: Int64,
        _ actions: inout [ShipAction]
    ) {
        guard fetching == id else { return actions.append(.forget(id: id)) }
        fetching = nil
        guard phase != .closing else { return actions.append(.forget(id: id)) }
        if let border = resends.first {
            guard let facts else { return giveUpResends(border, &actions) }
            resends.removeFirst()
            // Its border is in the file already.
            var piece = ShipPiece(id: id, facts: facts, isResend: true, phase: .ready)
            // It may have been made of what was sent in other company before.
            piece.isCutAnew = facts.mayBeResend || doubt.covers(facts.from)
            // The rules may have become others meanwhile.
            if piece.series.isEmpty { finish(&piece, &actions) }
            window.append(piece)
            return
        }
        guard let facts else { return }
        hasNews = true
        // What is gone of the stretch that the place is in only a settled account can say.
        if facts.hole != nil, account.doubt != .none {
            fetchAt = nowNs + 200_000_000
            return actions.append(.forget(id: id))
        }
        // The place inside of an epoch is lost: any sample of its segment may have been sent.
        if facts.mayBeResend, facts.to.time != nil { doubt.segment = facts.to.number }
        position = facts.to
        let isDoubtful = facts.mayBeResend || doubt.covers(facts.from)
        var piece = ShipPiece(id: id, facts: facts, isResend: isDoubtful, phase: .recording)
        piece.isAlone = false
        piece.isCutAnew = isDoubtful
        if let hole = facts.hole { book(hole, of: &piece) }
        held = piece
    }

    // What all before the piece will have come to says how much of a broken stretch is gone, and how
    // much of a segment that begins anew was answered already.
    private func book(_ hole: FeedHole, of piece: inout ShipPiece) {
        for (reason, count) in hole.gone { piece.unsent.expire(UInt64(count), reason) }
        let reached = window.reduce(account.reached) { $0 + ($1.isOpen ? Int64($1.total) : 0) }
        if let (stretch, endTotal) = hole.broken {
            let rest = min(max(0, Int64(endTotal) - reached), Int64(stretch.most))
            piece.unsent.expire(UInt64(rest), stretch.reason)
        }
        if let restartTotal = hole.restartTotal {
            piece.again = UInt64(max(0, reached - Int64(restartTotal)))
        }
    }

    /// Nothing of the piece is left to be answered.
    mutating func finish(_ piece: inout ShipPiece, _ actions: inout [ShipAction]) {
        var rows = piece.outcome
        rows.filtered += UInt64(piece.filtered)
        rows.add(piece.unsent)
        if account.again > 0 { account.again -= rows.takeBack(account.again) }
        account.rows.add(rows)
        piece.phase = .answered
        totals.filtered += UInt64(piece.filtered)
        if isProof(piece.id) {
            keptProofs.insert(piece.id)
        } else {
            actions.append(.forget(id: piece.id))
        }
        isDirty = true
    }

    // What can no longer be sent identically is taken from the feed as it is now, under suspicion.
    private mutating func giveUpResends(_ border: RequestBorder, _ actions: inout [ShipAction]) {
        actions.append(.tell(.gone(border)))
        if let last = resends.last { doubt.note(until: last.to) }
        // Those that were answered go again, too.
        for border in resends where border.isAnswered { account.again += UInt64(border.samples) }
        resends.removeAll()
        position = acked
        hasNews = true
        isDirty = true
    }

    private mutating func noteWritten(isSafe: Bool, _ actions: inout [ShipAction]) {
        guard isWriting, let record = writingRecord else { return }
        isWriting = false
        writingRecord = nil
        for index in window.indices where window[index].phase == .recording {
            // Both borders: what a request of the run before was given up for may end where that did.
            let (from, to) = (window[index].from, window[index].to)
            if record.attempted.contains(where: { $0.from == from && $0.to == to }) {
                window[index].phase = .ready
            }
        }
        if isSafe {
            syncedRecord = record
            // A power cut brings back this record at the oldest: what lies before is not asked for again.
            if pinned != record.acked {
                pinned = record.acked
                actions.append(.pin(record.acked))
            }
        }
        if record.isClosed {
            phase = .finished
            actions.append(.finished)
        }
    }

    // Gives up what was never sent; the final record follows as soon as no other is being written.
    mutating func close(_ actions: inout [ShipAction]) {
        phase = .closing
        for id in keptProofs { actions.append(.forget(id: id)) }
        keptProofs = []
        if let held { actions.append(.forget(id: held.id)) }
        held = nil
        while let last = window.last, last.wasNeverSent {
            actions.append(.forget(id: last.id))
            window.removeLast()
        }
        isDirty = true
    }

    /// What the store must know to count what waits.
    public var standing: ShipAccount.Standing { record.standing }

    /// What a cursor file must say now.
    var record: CursorRecord {
        CursorRecord(
            acked: acked,
            attempted: window.map { piece in
                RequestBorder(
                    from: piece.from,
                    to: piece.to,
                    isAnswered: !piece.isOpen,
                    samples: piece.isOpen ? 0 : UInt32(clamping: piece.samples)
                )
            } + resends,
            isClosed: phase == .closing,
            doubt: doubt.matters(behind: acked) ? doubt : ShipDoubt(),
            account: account
        )
    }
}
