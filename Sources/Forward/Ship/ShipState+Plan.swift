// What can be done now: move on, write the cursor, send, fetch, and when to come back.
internal import Store

extension ShipState {
    mutating func plan(_ nowNs: Int64, _ actions: inout [ShipAction]) {
        guard phase != .finished else { return }
        var wakeAt = Int64.max
        if phase != .closing {
            admit(&actions)
            advance()
            send(nowNs, &wakeAt, &actions)
            fetch(nowNs, &wakeAt, &actions)
            forgetProofs(&actions)
            if phase == .stopping, isDoneStopping { close(&actions) }
        }
        writeCursor(nowNs, &wakeAt, &actions)
        if wakeAt != .max, phase != .closing, timerAt != wakeAt {
            timerAt = wakeAt
            actions.append(.wakeAt(ns: wakeAt))
        }
    }

    // Something is being sent again: nothing new goes until that is answered.
    var isBlocked: Bool { window.contains { $0.isOpen && $0.isAlone } }

    // Moves `acked` over the answered requests at the front, of this run and of the one before.
    private mutating func advance() {
        while let first = window.first, first.phase == .answered {
            acked = first.to
            account.again += first.again
            window.removeFirst()
            isDirty = true
        }
        while window.isEmpty, let border = resends.first, border.isAnswered {
            acked = border.to
            resends.removeFirst()
            isDirty = true
        }
    }

    private mutating func admit(_ actions: inout [ShipAction]) {
        guard var piece = held, hasRoom, !isBlocked || isProbeWanted, resends.isEmpty,
            !piece.isJump || window.isEmpty
        else { return }
        if window.contains(where: { $0.isOpen && mustPrecede($0, piece) }) {
            guard isProbeWanted else { return }
            guard let cut = cutForProbe(piece) else { return fetchAnew(piece, &actions) }
            piece = cut
        }
        held = nil
        // A stretch of the feed without samples is done as soon as all before it is.
        if piece.series.isEmpty { finish(&piece, &actions) }
        window.append(piece)
        isDirty = true
    }

    // It was fetched before anybody asked which series fail.
    private mutating func fetchAnew(_ piece: ShipPiece, _ actions: inout [ShipAction]) {
        guard piece.failing == nil else { return }
        actions.append(.forget(id: piece.id))
        held = nil
        position = piece.from
        hasNews = true
    }

    // What is an hour older than its newest sample a Prometheus receiver refuses: what is fetched behind a
    // gap does not go beside what lies before it.
    private func mustPrecede(_ one: ShipPiece, _ next: ShipPiece) -> Bool {
        one.isOutdated(by: next, spreadMs: limits.spreadMs) || one.mayShareSeries(with: next)
    }

    // What may be the only one that fails is not waited for by the one request that can tell.
    var isProbeWanted: Bool {
        wantsProbe && !window.contains { $0.isOpen && !$0.isAlone }
    }

    private var hasRoom: Bool {
        window.count < CursorRecord.borderLimit
            && window.count { $0.isOpen }
                < (isProbeWanted ? max(2, limits.inFlight) : limits.inFlight)
    }

    private mutating func send(
        _ nowNs: Int64,
        _ wakeAt: inout Int64,
        _ actions: inout [ShipAction]
    ) {
        let isBlocked = isBlocked
        // At a stop nothing is tried again: the next start does that.
        if phase == .stopping, isBlocked, failures > 0 { return }
        guard isBlocked else {
            for index in window.indices where isDue(index) { send(index, &actions) }
            return
        }
        guard inFlight == 0, let index = nextAlone() else { return }
        guard nowNs >= nextTryAt else {
            wakeAt = min(wakeAt, nextTryAt)
            return
        }
        send(index, &actions)
    }

    private mutating func send(_ index: Int, _ actions: inout [ShipAction]) {
        let part = window[index].parts[0]
        let probe = window[index].isProbing ? window[index].proof : nil
        let range = probe?.range ?? part.range
        let isRetry = probe != nil || part.tries > 0
        totals.requests += 1
        totals.sent += UInt64(range.count)
        if isRetry || resendsBefore(index) { totals.retried += UInt64(range.count) }
        window[index].phase = .inFlight
        window[index].lastTry = totals.requests
        if probe == nil { window[index].parts[0].tries += 1 }
        actions.append(.send(id: probe?.id ?? window[index].id, part: range, isRetry: isRetry))
    }

    // A resend of the run before counts as a repetition at its first try, too.
    private func resendsBefore(_ index: Int) -> Bool {
        window[index].isAlone && window[index].parts[0].mayHaveArrived
    }

    private mutating func fetch(
        _ nowNs: Int64,
        _ wakeAt: inout Int64,
        _ actions: inout [ShipAction]
    ) {
        guard fetching == nil, held == nil, !isBlocked || isProbeWanted else { return }
        if !resends.isEmpty {
            guard window.isEmpty else { return }
        } else {
            guard hasNews, hasRoom else { return }
        }
        guard nowNs >= fetchAt else {
            wakeAt = min(wakeAt, fetchAt)
            return
        }
        let id = nextID
        nextID += 1
        fetching = id
        if let border = resends.first {
            actions.append(.refetch(id: id, border: border))
        } else {
            // News that come from here on are for the next fetch.
            hasNews = false
            actions.append(.fetch(id: id, after: position, limit: sampleLimit))
        }
    }

    private var isDoneStopping: Bool {
        if isBlocked, failures > 0 { return inFlight == 0 }
        return isInStep
    }

    // The first write is synced, so that a power cut cannot bring back the clean end of the run
    // before; later ones now and then, so that it brings back little: at the latest when the time for
    // it has come, so that a destination that falls silent holds nothing back.
    private mutating func writeCursor(
        _ nowNs: Int64,
        _ wakeAt: inout Int64,
        _ actions: inout [ShipAction]
    ) {
        guard !isWriting else { return }
        // A request is not sent before its border is written, or could not be.
        let isWaited = phase == .closing || window.contains { $0.phase == .recording }
        guard isWaited || nowNs >= writeAt else {
            wakeAt = min(wakeAt, writeAt)
            return
        }
        let record = record
        let sync = nowNs >= syncAt || record.isClosed
        guard isDirty || sync && record != syncedRecord else {
            // What was written last becomes safe, and the store's to forget, in its time.
            if record != syncedRecord { wakeAt = min(wakeAt, syncAt) }
            return
        }
        isDirty = false
        isWriting = true
        writingRecord = record
        isSyncing = sync
        if sync { syncAt = nowNs + limits.syncNs }
        actions.append(.writeCursor(record, sync: sync))
    }
}
