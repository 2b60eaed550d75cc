// What an answer does to the request and to the destination.

extension ShipState {
    mutating func judge(
        _ id: UInt64,
        _ verdict: Verdict,
        _ nowNs: Int64,
        _ random: inout some RandomNumberGenerator,
        _ actions: inout [ShipAction]
    ) {
        let found = window.firstIndex {
            $0.phase == .inFlight && ($0.isProbing ? $0.proof?.id ?? $0.id : $0.id) == id
        }
        guard let index = found else { return }
        if window[index].isProbing { return judgeProbe(index, verdict, nowNs, &random, &actions) }
        let part = window[index].parts[0]
        switch verdict {
        case .stored:
            notePassed(part)
            totals.acked += UInt64(part.range.count)
            finishPart(index, &actions, hasPassed: true)
        case .partly(let acked, let code):
            // Each sample was judged alone: what is there already took nothing else down.
            let acked = min(max(0, acked), part.range.count)
            notePassed(part)
            totals.acked += UInt64(acked)
            if acked < part.range.count { reject(part, code, part.range.count - acked, &actions) }
            finishPart(index, &actions, hasPassed: true)
        case .notUnderstood:
            // It goes again by the rule of the first try: nobody has anything of it.
            window[index].phase = .ready
        case .rejected(400) where window[index].isCutAnew && part.range.count > 1:
            // A sample that is there already takes others down that are not: until each stands alone.
            notePassed(part)
            noteAlive(&actions)
            halve(index, part)
        case .rejected(let code):
            notePassed(part)
            reject(part, code, part.range.count, &actions)
            finishPart(index, &actions, hasPassed: true)
        case .tooLarge:
            if part.range.count > 1 {
                split(index, part, &actions)
            } else {
                reject(part, 413, part.range.count, &actions)
                finishPart(index, &actions)
            }
        case .retry(let afterMs, let mayHaveArrived):
            fail(index, mayHaveArrived: mayHaveArrived, &actions)
            pause(afterMs, nowNs, &random, &actions)
        case .failed(let code, let afterMs):
            fail(index, mayHaveArrived: true, &actions)
            if noteServerFailure(index) {
                totals.setAside += 1
                totals.rejected[code, default: 0] += 1
                actions.append(.tell(.setAside(code: code)))
                finishPart(index, &actions)
            } else {
                pause(afterMs, nowNs, &random, &actions)
            }
        case .parked(let code):
            fail(index, mayHaveArrived: false, &actions)
            park(code, nowNs, &actions)
        }
    }

    // It was taken before: only whether the receiver is there is of interest.
    private mutating func judgeProbe(
        _ index: Int,
        _ verdict: Verdict,
        _ nowNs: Int64,
        _ random: inout some RandomNumberGenerator,
        _ actions: inout [ShipAction]
    ) {
        switch verdict {
        case .stored, .partly, .rejected, .tooLarge:
            noteProbe(index, hasPassed: true)
            noteAlive(&actions)
        case .notUnderstood: window[index].phase = .ready
        case .retry(let afterMs, _), .failed(_, let afterMs):
            noteProbe(index, hasPassed: false)
            failures += 1
            totals.failures += 1
            pause(afterMs, nowNs, &random, &actions)
        case .parked(let code):
            noteProbe(index, hasPassed: false)
            failures += 1
            totals.failures += 1
            park(code, nowNs, &actions)
        }
    }

    private mutating func pause(
        _ afterMs: Int64?,
        _ nowNs: Int64,
        _ random: inout some RandomNumberGenerator,
        _ actions: inout [ShipAction]
    ) {
        actions.append(.tell(.failing(failures: failures)))
        let pause = limits.backoffNs(failures: failures, using: &random)
        nextTryAt = nowNs + max(pause, (afterMs ?? 0) * 1_000_000)
    }

    private mutating func park(_ code: Int, _ nowNs: Int64, _ actions: inout [ShipAction]) {
        parkedCode = code
        actions.append(.tell(.parked(code: code)))
        nextTryAt = nowNs + limits.probeNs
    }

    // `count` samples of the part are refused for good.
    private mutating func reject(
        _ part: ShipPiece.Part,
        _ code: Int,
        _ count: Int,
        _ actions: inout [ShipAction]
    ) {
        // "400 = request contained at least one invalid sample": of samples that are there already
        // Prometheus says the same.
        if code == 400, part.mayHaveArrived {
            totals.ambiguous += UInt64(count)
            actions.append(.tell(.ambiguous(samples: count)))
        } else {
            totals.rejected[code, default: 0] += UInt64(count)
            actions.append(.tell(.rejected(code: code, samples: count)))
        }
    }

    // The receiver answered for good, whatever it said: it is alive.
    private mutating func finishPart(
        _ index: Int,
        _ actions: inout [ShipAction],
        hasPassed: Bool = false
    ) {
        noteAlive(&actions)
        attribute(index)
        let part = window[index].parts.removeFirst()
        if hasPassed { noteProof(window[index], part) }
        if !window[index].parts.isEmpty {
            window[index].phase = .ready
            return
        }
        var piece = window[index]
        finish(&piece, &actions)
        window[index] = piece
        growLimit()
    }

    // What was counted since the last time became of this piece.
    private mutating func attribute(_ index: Int) {
        window[index].outcome.acked += totals.acked - attributed.acked
        window[index].outcome.ambiguous += totals.ambiguous - attributed.ambiguous
        for (code, count) in totals.rejected {
            window[index].outcome.reject(count - (attributed.rejected[code] ?? 0), code: code)
        }
        attributed = totals
    }

    private mutating func noteAlive(_ actions: inout [ShipAction]) {
        if failures > 0 { actions.append(.tell(.resumed(failures: failures))) }
        failures = 0
        parkedCode = nil
    }

    private mutating func fail(
        _ index: Int,
        mayHaveArrived: Bool,
        _ actions: inout [ShipAction]
    ) {
        failures += 1
        totals.failures += 1
        parkedCode = nil
        window[index].phase = .ready
        window[index].isAlone = true
        if mayHaveArrived { window[index].parts[0].mayHaveArrived = true }
    }

    private mutating func split(
        _ index: Int,
        _ part: ShipPiece.Part,
        _ actions: inout [ShipAction]
    ) {
        noteAlive(&actions)
        actions.append(.tell(.split(samples: part.range.count)))
        halve(index, part)
        // What comes next need not be refused first.
        sampleLimit = min(sampleLimit, max(1, part.range.count / 2))
        acksSinceSplit = 0
    }

    private mutating func halve(_ index: Int, _ part: ShipPiece.Part) {
        window[index].parts.replaceSubrange(0..<1, with: part.halves)
        window[index].phase = .ready
        window[index].isAlone = true
    }

    // A limit that was learnt from one 413 need not hold for ever: sizes differ.
    private mutating func growLimit() {
        acksSinceSplit += 1
        guard acksSinceSplit >= 256, sampleLimit < limits.samplesPerSend else { return }
        sampleLimit = min(limits.samplesPerSend, sampleLimit * 2)
        acksSinceSplit = 0
    }
}
