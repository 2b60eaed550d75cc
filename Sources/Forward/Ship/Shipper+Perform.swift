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
        let (feed, encoder) = (feed, encoder)
        switch feed.nextInMemory(after: after, limit: limit) {
        case .caughtUp: take(.fetched(id: id, facts: nil))
        case .slice(let slice):
            keep(id, await pool.run { Fetched(slice, encoder) })
        case .onDisk:
            await fetchFromDisk(id) { () throws(StoreError) in
                try feed.next(after: after, limit: limit).map { Fetched($0, encoder) }
            }
        }
    }

    private func refetch(_ id: UInt64, _ border: RequestBorder) async {
        let (feed, encoder) = (feed, encoder)
        await fetchFromDisk(id) { () throws(StoreError) in
            try feed.slice(from: border.from, to: border.to).map { Fetched($0, encoder) }
        }
    }

    private func fetchFromDisk(
        _ id: UInt64,
        _ read: @escaping @Sendable () throws(StoreError) -> Fetched?
    ) async {
        do throws(StoreError) {
            if let fetched = try await pool.run(read) {
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
        payloads[id] = Payload(
            slice: fetched.slice,
            part: 0..<fetched.slice.count,
            body: fetched.body
        )
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
        if payload.part != part {
            let (encoder, slice) = (encoder, payload.slice)
            payload.body = await pool.run { encoder.body(of: slice, part: part) }
            payload.part = part
            // It may have been given up meanwhile.
            if payloads[id] != nil { payloads[id] = payload }
        }
        let maker = maker
        let body = payload.body
        let request: ClientRequest
        do throws(ForwardError) {
            request =
                maker.readsFile
                ? try await pool.run { () throws(ForwardError) in try maker.request(body: body) }
                : try maker.request(body: body)
        } catch {
            let verdict = Verdict.retry(afterMs: nil, mayHaveArrived: false)
            return take(.answered(id: id, verdict: verdict), saying: error.description)
        }
        sentBytes += UInt64(body.count)
        meters.noteSent(bytes: body.count)
        let startNs = loop.clock.nowNs()
        do throws(HTTPClientError) {
            let response = try await client.send(request)
            let verdict = Verdict.of(
                status: response.status.code,
                retryAfterSeconds: response.retryAfterSeconds
            )
            if verdict == .stored { lastSuccessMs = wall.nowMs() }
            meters.noteAnswer(seconds: Double(loop.clock.nowNs() - startNs) / 1e9)
            take(.answered(id: id, verdict: verdict), saying: ShipJournal.text(of: response))
        } catch {
            switch error {
            // The task group ends: nobody waits for answers any more.
            case .cancelled, .closed: take(.stopNow)
            default: take(.answered(id: id, verdict: .of(error)), saying: error.description)
            }
        }
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

// A slice with all that is made of it away from the loop.
private struct Fetched: Sendable {
    let slice: FeedSlice
    let facts: SliceFacts
    let body: [UInt8]

    init(_ whole: FeedSlice, _ encoder: any RequestEncoder) {
        slice = encoder.kept(of: whole)
        facts = SliceFacts(of: slice, filtered: whole.count - slice.count)
        body = slice.count > 0 ? encoder.body(of: slice, part: 0..<slice.count) : []
    }
}
