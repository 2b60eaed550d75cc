// The I/O of a shipper: each action is one task, each task ends with an event.
internal import HTTP
internal import Platform
internal import Store

extension Shipper {
    func perform(_ action: ShipAction) async {
        switch action {
        case .fetch(let id, let after, let limit): await fetch(id, after, limit)
        case .refetch(let id, let border): await refetch(id, border)
        case .writeCursor(let record, let sync): await writeCursor(record, sync)
        case .send(let id, let part, _): await send(id, part)
        case .wakeAt(let ns): await wait(until: ns)
        // Done at once, where they were handed out.
        case .forget, .pin, .tell, .finished: break
        }
    }

    private func fetch(_ id: UInt64, _ after: FeedPosition, _ limit: Int) async {
        let (feed, encoder, spreadMs) = (feed, encoder, options.limits.spreadMs)
        let failing = state?.failingSeries
        switch feed.nextInMemory(after: after, limit: limit) {
        case .caughtUp: take(.fetched(id: id, facts: nil))
        case .slice(let slice):
            // The store may let go of one of its series before the request is made: its batches are
            // not in memory any more then.
            let fetched = await pool.run {
                Fetched(slice, encoder, spreadMs, failing, leavingOutUnknown: false)
            }
            if let fetched { return keep(id, fetched) }
            fallthrough
        case .onDisk:
            await fetchFromDisk(id, failing) { () throws(StoreError) in
                try feed.next(after: after, limit: limit)
            }
        }
    }

    private func refetch(_ id: UInt64, _ border: RequestBorder) async {
        let feed = feed
        await fetchFromDisk(id, nil) { () throws(StoreError) in
            try feed.slice(from: border.from, to: border.to)
        }
    }

    private func fetchFromDisk(
        _ id: UInt64,
        _ failing: [FailingSeries]?,
        _ read: @escaping @Sendable () throws(StoreError) -> FeedSlice?
    ) async {
        let (feed, encoder, spreadMs) = (feed, encoder, options.limits.spreadMs)
        do throws(StoreError) {
            let fetched = try await pool.run { () throws(StoreError) in
                try Fetched(reading: read, encoder, feed, spreadMs, failing)
            }
            if let fetched {
                keep(id, fetched)
            } else {
                take(.fetched(id: id, facts: nil))
            }
        } catch {
            // What was sent before the start is sent again once the store has it back in memory.
            if error != .replaying {
                journal.cannot(error, at: wall.nowMs(), nowNs: loop.clock.nowNs())
            }
            take(.fetchFailed(id: id))
        }
    }

    private func keep(_ id: UInt64, _ fetched: Fetched) {
        payloads[id] = ShipPayload(fetched.body, count: fetched.facts.series.count)
        take(.fetched(id: id, facts: fetched.facts))
    }

    // A cursor that cannot be written stops nothing: after a kill more would be sent again.
    private func writeCursor(_ record: CursorRecord, _ sync: Bool) async {
        guard let cursor else { return take(.cursorWritten) }
        feed.offer(options.name, through: record.offered)
        do throws(ForwardError) {
            try await pool.run { () throws(ForwardError) in try cursor.write(record, sync: sync) }
        } catch {
            meters.noteCursorFailure()
            journal.cannot(error, at: wall.nowMs(), nowNs: loop.clock.nowNs())
            return take(.cursorNotWritten)
        }
        take(.cursorWritten)
    }

    private func send(_ id: UInt64, _ part: Range<Int>) async {
        guard var payload = payloads[id] else {
            preconditionFailure("BUG: nothing is kept for request \(id)")
        }
        let inVersion1 = payload.refused != nil || choice.version == .version1
        if !payload.isReady(part, inVersion1: inVersion1) {
            let old = payload
            payload = await pool.run { old.made(part, inVersion1: inVersion1) }
        }
        let (body, attempt, refused) = (payload.body, payload.tries, payload.refused)
        payload.tries += 1
        // It may have been given up meanwhile.
        if payloads[id] != nil { payloads[id] = payload }
        guard await waitForRate(body.bytes.count) else { return }
        let startNs: Int64
        do throws(ForwardError) {
            let request = try await request(body, attempt: attempt)
            meters.noteSent(bytes: body.bytes.count)
            sentBytes += UInt64(body.bytes.count)
            startNs = loop.clock.nowNs()
            do throws(HTTPClientError) {
                let response = try await client.send(request)
                meters.noteAnswer(seconds: Double(loop.clock.nowNs() - startNs) / 1e9)
                judge(id, response, sent: (body.version, part.count), refused)
            } catch {
                switch error {
                // The task group ends: nobody waits for answers any more.
                case .cancelled, .closed: take(.stopNow)
                default: take(.answered(id: id, verdict: .of(error)), saying: error.description)
                }
            }
        } catch {
            let verdict = Verdict.retry(afterMs: nil, mayHaveArrived: false)
            take(.answered(id: id, verdict: verdict), saying: error.description)
        }
    }

    /// The HTTP request for a body that was sent `attempt` times before.
    func request(
        _ body: WriteBody,
        attempt: Int
    ) async throws(ForwardError) -> ClientRequest {
        let maker = maker
        guard maker.readsFile else { return try maker.request(body, attempt: attempt) }
        return try await pool.run { () throws(ForwardError) in
            try maker.request(body, attempt: attempt)
        }
    }

    private func judge(
        _ id: UInt64,
        _ response: ClientResponse,
        sent: (version: WriteVersion, samples: Int),
        _ refused: Int?
    ) {
        let answer = WriteAnswer(response)
        let before = choice
        let verdict = choice.judge(answer, sent: sent, refused: refused)
        if choice != before { noteChoice(insteadOf: before.version) }
        switch verdict {
        case .stored, .partly: lastSuccessMs = wall.nowMs()
        case .notUnderstood: payloads[id]?.refused = answer.status
        default: break
        }
        var text = ShipJournal.text(of: response)
        if verdict == .parked(code: 415), answer.status != 415 {
            text +=
                " without X-Prometheus-Remote-Write-Samples-Written: it takes no remote write 2.0"
        }
        take(.answered(id: id, verdict: verdict), saying: text)
    }

    private func noteChoice(insteadOf before: WriteVersion) {
        if choice.isSettled { cursor?.remember(options.memo(of: choice.version)) }
        guard choice.version != before else { return }
        meters.note(version: choice.version)
        if choice.version == .version1 { journal.fallsBack() }
    }

    /// Waits until so many bytes may be sent; false when the destination ends meanwhile.
    func waitForRate(_ byteCount: Int) async -> Bool {
        let waitNs = rate.take(byteCount, at: loop.clock.nowNs())
        guard waitNs > 0 else { return true }
        meters.noteRateLimited()
        do throws(CancellationError) {
            try await loop.sleep(for: .nanoseconds(waitNs))
            return true
        } catch { return false }
    }

    private func wait(until ns: Int64) async {
        do throws(CancellationError) {
            try await loop.sleep(until: SteadyTime(ns: ns))
        } catch {
            return
        }
        take(.timer)
    }
}

// What is made of a slice away from the loop.
private struct Fetched: Sendable {
    private(set) var facts: SliceFacts
    let body: WriteBody

    // How often labels that are no longer known are looked for anew.
    private static let tryLimit = 3

    // Nil when the labels of a series are no longer known.
    init?(
        _ whole: FeedSlice,
        _ encoder: any RequestEncoder,
        _ spreadMs: Int64,
        _ failing: [FailingSeries]?,
        leavingOutUnknown: Bool
    ) {
        let slice = whole.inTimeOrder(spreadMs: spreadMs)
        guard let encoded = encoder.encode(slice, leavingOutUnknown: leavingOutUnknown) else {
            return nil
        }
        let filtered = slice.count - encoded.slice.count
        var facts = SliceFacts(of: encoded.slice, filtered: filtered, spreadMs: spreadMs)
        facts.failing = failing.map { encoded.slice.series(among: $0) }
        self.facts = facts
        body = encoded.body
    }

    // Nil when there is nothing to read. A slice out of the memory may lose its labels as it is made a
    // request; then the next one is from the disk, where they lie beside the samples.
    init?(
        reading read: () throws(StoreError) -> FeedSlice?,
        _ encoder: any RequestEncoder,
        _ feed: any FeedLedger,
        _ spreadMs: Int64,
        _ failing: [FailingSeries]?
    ) throws(StoreError) {
        for tries in 1...Fetched.tryLimit {
            guard let slice = try read() else { return nil }
            let isLast = tries == Fetched.tryLimit
            let found = Fetched(slice, encoder, spreadMs, failing, leavingOutUnknown: isLast)
            guard var made = found else { continue }
            if let jump = slice.jump { made.facts.hole = try feed.hole(at: slice.from, jump) }
            self = made
            return
        }
        return nil
    }
}
