// Records of accepted batches: into the open part of the buffer, made safe, a new part where one is due.
// Architecture section 5, "Acknowledged".
internal import Codec
internal import Model
internal import Platform
internal import Synchronization

extension Database {
    /// Whether there is a part of the buffer to append to, or none is wanted; begins one where there
    /// is none that is trusted.
    func hasBuffer(_ writer: inout WriterState) -> Bool {
        if !options.keepsBuffer { return true }
        if !writer.hasPart || writer.distrustsPart { beginPart(&writer) }
        return writer.hasPart && !writer.distrustsPart
    }

    /// Appends the batch's records as it was checked; false when the buffer did not take them.
    ///
    /// - Precondition: `hasBuffer`.
    func record(
        _ batch: SampleBatch,
        _ number: SequenceNumber,
        _ source: Int,
        _ drops: [DropCount],
        _ writer: inout WriterState
    ) -> Bool {
        let isKnown = writer.encoder.knows(batch.stream, batch.series)
        if !isKnown { nameSeries(batch, &writer) }
        let input = BufferBatchInput(
            number: number,
            stream: batch.stream,
            source: head.withLock { $0.streams.name(ofSource: source) },
            timeMs: batch.time.ms,
            series: batch.series,
            localSeries: isKnown ? nil : writer.localSeries,
            times: batch.times,
            values: batch.values,
            verdicts: writer.check.verdicts,
            lateCount: writer.check.lateCount,
            storedCount: writer.check.storedCount,
            drops: drops,
            generated: writer.check.generatedCount
        )
        writer.records.removeAll(keepingCapacity: true)
        writer.encoder.append(input, to: &writer.records)
        do throws(BufferFailure) {
            try takeRoom(writer.records.count)
            try buffer.append(writer.records, number)
        } catch {
            writer.failures += 1
            writer.startOver()
            if error.mayBeStored {
                // A whole record may be left behind: neither its number nor its place is used again.
                writer.lastNumber = number
                writer.distrustsPart = true
            }
            if !writer.isFailing {
                log.error(
                    "cannot write the buffer, samples are dropped until it can be written",
                    ("path", options.basePath),
                    ("cause", "\(error.cause)")
                )
            }
            writer.isFailing = true
            return false
        }
        if writer.isFailing {
            log.info("the buffer can be written again", ("path", options.basePath))
        }
        writer.isFailing = false
        writer.encoder.commit()
        let count = Int64(writer.records.count)
        writer.epochBytes += count
        writer.bytesWritten += count
        writer.parts[writer.parts.count - 1].last = number
        writer.parts[writer.parts.count - 1].bytes += count
        if writer.records.capacity > 4 << 20 { writer.records = [] }
        return true
    }

    // The cap is kept by deleting, a second apart: this is for what comes faster, and for when nothing
    // is left to delete.
    private func takeRoom(_ count: Int) throws(BufferFailure) {
        guard quotaRoom.subtract(Int64(count), ordering: .relaxed).newValue < 0 else { return }
        quotaRoom.add(Int64(count), ordering: .relaxed)
        maintenance.nudge()
        throw BufferFailure(cause: .quotaExceeded, mayBeStored: false)
    }

    // Numbers the batch's series for the open part.
    private func nameSeries(_ batch: SampleBatch, _ writer: inout WriterState) {
        writer.localSeries.removeAll(keepingCapacity: true)
        writer.localSeries.reserveCapacity(batch.count)
        head.withLock { head in
            for handle in batch.series {
                let number = writer.seriesNumbers.number(of: handle) {
                    writer.encoder.define(head.labels(of: handle) ?? Labels())
                }
                writer.localSeries.append(number)
            }
        }
    }

    /// Begins a new part of the buffer, where one is kept; without one batches are refused.
    func beginPart(_ writer: inout WriterState) {
        if !options.keepsBuffer { return }
        let part = BufferPart(
            storeID: storeID,
            start: writer.start,
            after: writer.lastNumber,
            createdMs: wallClock.nowMs()
        )
        do throws(StoreError) {
            try buffer.begin(part)
            writer.adopt(part)
        } catch {
            writer.failures += 1
            if !writer.isFailing {
                log.error("cannot begin a part of the buffer", ("cause", "\(error)"))
            }
            if !writer.hasPart || writer.distrustsPart { writer.isFailing = true }
        }
    }

    /// Makes durable what was stored when it was called: in the buffer, or, where the buffer fails,
    /// as a segment.
    ///
    /// - Throws: `.cannot` when neither takes it; it is in memory still, and the next call tries again.
    public func syncBuffer() throws(StoreError) {
        replay.wait()
        // After a replay that was interrupted all that there is lies in the buffer as it was.
        guard replay.isDone else { return }
        try secure(against: .powerCut)
    }

    /// Makes safe what was stored when it was called, as `syncBuffer` does.
    func secure(against threat: BufferThreat) throws(StoreError) {
        do throws(BufferLoss) {
            try buffer.sync(against: threat)
        } catch {
            try seal(error)
        }
    }

    // What lost parts held is in memory: it is written anew, as the segment that it would become, and
    // they go. Nobody is told that his batch is safe before.
    private func seal(_ loss: BufferLoss) throws(StoreError) {
        let last = writer.withLock { writer -> SequenceNumber in
            writer.failures += 1
            if let open = writer.openPart, loss.parts.contains(open) { writer.distrustsPart = true }
            let last = writer.parts.last { loss.parts.contains($0.part) }?.last ?? .zero
            if last > writer.epochAfter { rotate(&writer) }
            return last
        }
        sealPending()
        let gone = writer.withLock { writer -> [BufferPart]? in
            guard writer.closing.allSatisfy({ last <= $0.range.after }) else { return nil }
            // What could not be read of a part is in no segment.
            let open = writer.openPart
            let kept = writer.parts.filter { $0.part == open || $0.unreadThrough != nil }.map(
                \.part
            )
            writer.parts.removeAll { loss.parts.contains($0.part) && !kept.contains($0.part) }
            return loss.parts.filter { !kept.contains($0) }
        }
        guard let gone else {
            throw .cannot(action: "sync", path: loss.path, cause: loss.cause)
        }
        remove(gone)
    }
}
