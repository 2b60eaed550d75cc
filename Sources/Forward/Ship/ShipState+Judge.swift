// What an answer does to the request and to the destination.

extension ShipState {
    mutating func judge(
        _ id: UInt64,
        _ verdict: Verdict,
        _ nowNs: Int64,
        _ random: inout some RandomNumberGenerator,
        _ actions: inout [ShipAction]
    ) {
        guard let index = window.firstIndex(where: { $0.id == id && $0.phase == .inFlight }) else {
            return
        }
        let part = window[index].parts[0]
        switch verdict {
        case .stored:
            totals.acked += UInt64(part.range.count)
            finishPart(index, &actions)
        case .partly(let acked, let code):
            // Each sample was judged alone: what is there already took nothing else down.
            let acked = min(max(0, acked), part.range.count)
            totals.acked += UInt64(acked)
            if acked < part.range.count { reject(part, code, part.range.count - acked, &actions) }
            finishPart(index, &actions)
        case .notUnderstood:
            // It goes again by the rule of the first try: nobody has anything of it.
            window[index].phase = .ready
        case .rejected(400) where window[index].isCutAnew && part.range.count > 1:
            // A sample that is there already takes others down that are not: until each stands alone.
            noteAlive(&actions)
            halve(index, part)
        case .rejected(let code):
            reject(part, code, part.range.count, &actions)
            finishPart(index, &actions)
        case .tooLarge:
            if part.range.count > 1 {
                split(index, part, &actions)
            } else {
                reject(part, 413, part.range.count, &actions)
                finishPart(index, &actions)
            }
        case .retry(let afterMs, let mayHaveArrived):
            fail(index, mayHaveArrived: mayHaveArrived, &actions)
            actions.append(.tell(.failing(failures: failures)))
            let pause = limits.backoffNs(failures: failures, using: &random)
            nextTryAt = nowNs + max(pause, (afterMs ?? 0) * 1_000_000)
        case .parked(let code):
            fail(index, mayHaveArrived: false, &actions)
            parkedCode = code
            actions.append(.tell(.parked(code: code)))
            nextTryAt = nowNs + limits.probeNs
        }
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
    private mutating func finishPart(_ index: Int, _ actions: inout [ShipAction]) {
        noteAlive(&actions)
        attribute(index)
        window[index].parts.removeFirst()
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
        let middle = part.range.lowerBound + part.range.count / 2
        let halves = [part.range.lowerBound..<middle, middle..<part.range.upperBound].map {
            ShipPiece.Part(range: $0, mayHaveArrived: part.mayHaveArrived)
        }
        window[index].parts.replaceSubrange(0..<1, with: halves)
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
