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
            if phase == .stopping, isDoneStopping { close(&actions) }
        }
        writeCursor(nowNs, &wakeAt, &actions)
        if wakeAt != .max, phase != .closing, timerAt != wakeAt {
            timerAt = wakeAt
            actions.append(.wakeAt(ns: wakeAt))
        }
    }

    // Something is being sent again: nothing new goes until that is answered.
    private var isBlocked: Bool { window.contains { $0.isOpen && $0.isAlone } }

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
        guard var piece = held, hasRoom, !isBlocked, resends.isEmpty,
            !window.contains(where: { $0.isOpen && $0.mayShareSeries(with: piece) }),
            !piece.isJump || window.isEmpty
        else { return }
        held = nil
        // A stretch of the feed without samples is done as soon as all before it is.
        if piece.series.isEmpty { finish(&piece, &actions) }
        window.append(piece)
        isDirty = true
    }

    private var hasRoom: Bool {
        window.count < CursorRecord.borderLimit && window.count { $0.isOpen } < limits.inFlight
    }

    private mutating func send(
        _ nowNs: Int64,
        _ wakeAt: inout Int64,
        _ actions: inout [ShipAction]
    ) {
        let isBlocked = isBlocked
        // At a stop nothing is tried again: the next start does that.
        if phase == .stopping, isBlocked, failures > 0 { return }
        for index in window.indices where window[index].phase == .ready {
            if isBlocked {
                guard window[index].isAlone else { continue }
                guard inFlight == 0 else { return }
                guard nowNs >= nextTryAt else {
                    wakeAt = min(wakeAt, nextTryAt)
                    return
                }
            }
            let part = window[index].parts[0]
            let isRetry = part.tries > 0
            window[index].phase = .inFlight
            window[index].parts[0].tries += 1
            totals.requests += 1
            totals.sent += UInt64(part.range.count)
            if isRetry || resendsBefore(index) { totals.retried += UInt64(part.range.count) }
            actions.append(.send(id: window[index].id, part: part.range, isRetry: isRetry))
            if isBlocked { return }
        }
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
        guard fetching == nil, held == nil, !isBlocked else { return }
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
