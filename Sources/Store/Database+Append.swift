// The write path: check against the head, record, apply, answer. Architecture section 5.
internal import Codec
public import Model
internal import Platform
internal import Synchronization

extension Database {
    /// Stores one batch: all of it that is acceptable becomes visible at once.
    ///
    /// On return the batch is acknowledged as `options.sync` says. The order of calls is the order of
    /// the sequence. Waits while the buffer of the last start is replayed.
    ///
    /// - Returns: what became of it. `.refused(.bufferUnavailable)` when the disk does not take it:
    ///   it is counted as dropped and not stored; the next batch tries again. The same where
    ///   `fsync = "always"` and the sync failed: the batch may be stored, it is not acknowledged.
    ///   `.refused(.overload)`, counted too, while epochs cannot be sealed and the head has grown to
    ///   twice `options.headSizeLimit`.
    public func append(_ batch: SampleBatch) -> AppendOutcome {
        let outcome = store(batch)
        guard case .stored = outcome else { return outcome }
        return acknowledge() ? outcome : .refused(.bufferUnavailable)
    }

    /// Stores batches in order, and makes them durable together where `options.sync` asks for it.
    ///
    /// - Returns: what became of each, as `append` says.
    public func append(contentsOf batches: some Collection<SampleBatch>) -> [AppendOutcome] {
        var outcomes: [AppendOutcome] = []
        var hasStored = false
        for batch in batches {
            let outcome = store(batch)
            if case .stored = outcome { hasStored = true }
            outcomes.append(outcome)
        }
        if !hasStored || acknowledge() { return outcomes }
        return outcomes.map { outcome in
            if case .stored = outcome { return .refused(.bufferUnavailable) }
            return outcome
        }
    }

    private func store(_ batch: SampleBatch) -> AppendOutcome {
        replay.wait()
        return writer.withLock { writer -> AppendOutcome in
            if writer.isClosed { return .refused(.bufferUnavailable) }
            return append(batch, &writer)
        }
    }

    // Makes what was stored as safe as is asked for, and tells the feed's readers of it; false when
    // that could not be done.
    private func acknowledge() -> Bool {
        if options.keepsBuffer {
            do throws(StoreError) {
                try secure(against: options.sync == .always ? .powerCut : .kill)
            } catch {
                return false
            }
        }
        // Whoever subscribes reads the ring afterwards, whose lock this batch has passed already: a reader
        // that is not seen here sees the batch there.
        if hasSubscribers.load(ordering: .relaxed) {
            for wake in subscribers.withLock({ $0.all }) { wake() }
        }
        return true
    }

    private func append(_ batch: SampleBatch, _ writer: inout WriterState) -> AppendOutcome {
        precondition(
            batch.series.count == batch.count
                && (batch.times.isEmpty || batch.times.count == batch.count),
            "BUG: a batch whose columns differ in length"
        )
        guard batch.count <= BufferFormat.maxBatchSamples else { return .refused(.overload) }
        let nowMs = wallClock.recentMs()
        note(nowMs: nowMs, &writer)
        guard hasBuffer(&writer) else { return refuse(batch, .bufferUnavailable, &writer) }
        if isHeadFull(&writer) { return refuse(batch, .overload, &writer) }
        let window = timeWindow(nowMs)
        let (source, isPlain, bytes) = head.withLock { head in
            let source = head.streams.source(of: batch.stream)
            let isPlain = source != nil && head.advance(batch, window, &writer.check)
            if isPlain {
                head.pin(batch)
                // Where nothing is recorded nothing can fail any more.
                if !options.keepsBuffer { head.apply(batch, &writer.check) }
            }
            return (source, isPlain, head.sampleBytes)
        }
        guard let source else { return .refused(.overload) }
        if !isPlain {
            let unknown = checkSlowly(batch, window, &writer)
            guard unknown.isEmpty else { return .unknownSeries(unknown) }
        }
        let drops = allDrops(batch, &writer.check)
        let number = writer.nextNumber
        let stored = writer.check.storedCount
        if stored == 0 && drops.isEmpty { return .stored(0, dropped: []) }
        if options.keepsBuffer, !record(batch, number, source, drops, &writer) {
            head.withLock { $0.undo(batch, writer.check) }
            return refuse(batch, .bufferUnavailable, &writer)
        }
        writer.lastNumber = number
        writer.count(source, stored: stored, generated: writer.check.generatedCount, drops) {
            head.withLock { $0.streams.name(ofSource: source) }
        }
        writer.openCounts.append(number, stored)
        var used = bytes
        if options.keepsBuffer || !isPlain {
            used = head.withLock { head in
                head.apply(batch, &writer.check)
                return head.sampleBytes
            }
        }
        keepForFeed(batch, number, &writer.check)
        if isRotationDue(&writer, usedBytes: used, nowMs: nowMs) { rotate(&writer) }
        return .stored(stored, dropped: drops)
    }

    // Decides about a batch that is not of the usual kind; gives back the places of series that are not
    // known, where nothing was decided.
    @inline(never)
    private func checkSlowly(
        _ batch: SampleBatch,
        _ window: TimeWindow,
        _ writer: inout WriterState
    ) -> [Int] {
        let asked = head.withLock { $0.locate(batch, &writer.check) }
        guard writer.check.unknown.isEmpty else { return writer.check.unknown }
        // Slots cannot change hands meanwhile: series are let go under the writer's lock only.
        if !asked.isEmpty { lookUpLastTimes(asked, after: writer.clockStep) }
        head.withLock { head in
            head.check(batch, window, &writer.check)
            head.pin(batch)
        }
        return []
    }

    // Whether epochs wait for a disk that does not take them while the head has grown to twice its
    // limit: memory is bounded, what is there is served and shipped, and the next seal makes room.
    private func isHeadFull(_ writer: inout WriterState) -> Bool {
        if writer.closing.isEmpty { return false }
        return head.withLock { $0.sampleBytes } / 2 >= options.headSizeLimit
    }

    // Counts a batch that was not taken.
    private func refuse(
        _ batch: SampleBatch,
        _ reason: DropReason,
        _ writer: inout WriterState
    ) -> AppendOutcome {
        guard let source = head.withLock({ $0.streams.source(of: batch.stream) }) else {
            return .refused(.overload)
        }
        let drops = batch.droppedBefore + [DropCount(reason, batch.count)]
        writer.count(source, stored: 0, generated: 0, drops) {
            head.withLock { $0.streams.name(ofSource: source) }
        }
        return .refused(reason)
    }

    private func timeWindow(_ nowMs: Int64) -> TimeWindow {
        TimeWindow(
            oldestMs: options.maxSampleAgeMs > 0 ? nowMs &- options.maxSampleAgeMs : nil,
            newestMs: isClockSynchronised() ? nowMs &+ options.maxAheadMs : nil
        )
    }

    private func allDrops(_ batch: SampleBatch, _ check: inout BatchCheck) -> [DropCount] {
        if check.drops.isEmpty { return batch.droppedBefore }
        return batch.droppedBefore
            + check.drops.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                DropCount($0.key, $0.value)
            }
    }

    // The newest batches stay in memory in the feed's order: samples in order first, then the late ones.
    private func keepForFeed(
        _ batch: SampleBatch,
        _ number: SequenceNumber,
        _ check: inout BatchCheck
    ) {
        if check.storedCount == batch.count, check.lateCount == 0 {
            ring.withLock { ring in
                ring.append(
                    number,
                    stream: batch.stream.raw,
                    timeMs: batch.time.ms,
                    series: batch.series,
                    times: batch.times,
                    values: batch.values,
                    lateFrom: batch.count
                )
            }
            return
        }
        let inOrder = batch.values.indices.filter { check.verdicts[$0] == .inOrder }
        let late = batch.values.indices.filter { check.verdicts[$0] == .late }
        let order = inOrder + late
        ring.withLock { ring in
            ring.append(
                number,
                stream: batch.stream.raw,
                timeMs: batch.time.ms,
                series: order.map { batch.series[$0] },
                times: batch.times.isEmpty ? [] : order.map { batch.times[$0] },
                values: order.map { batch.values[$0] },
                lateFrom: inOrder.count
            )
        }
    }

    // A series that enters the head takes its last time from the newest segment that has it, of those
    // since the clock was set back.
    private func lookUpLastTimes(
        _ asked: [(slot: Int, id: SeriesID)],
        after clockStep: SequenceNumber
    ) {
        let segments = sealed.withLock { $0 }
        let times = asked.map { one -> Int64? in
            for segment in segments.reversed() where segment.range.after >= clockStep {
                if let time = segment.lastTime(of: one.id) { return time }
            }
            return nil
        }
        head.withLock { head in
            for (index, one) in asked.enumerated() {
                head.setLastTime(one.slot, one.id, times[index])
            }
        }
    }
}
