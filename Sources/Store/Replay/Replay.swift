// Puts the batches of the buffer that are in no segment back into the head, in the order of their
// numbers, while queries go on. Store.docc/crash-story.md, "A start"
import Codec
import Model
import Platform

/// What a start has to replay.
struct ReplayPlan: Sendable {
    /// The parts of the buffer, in order.
    var parts: [BufferPart]
    /// The ranges of the valid segments, and of those that were deleted.
    var sealed: [SequenceRange]
    /// The ranges of segments that are counted and not there.
    var missing: [SequenceRange] = []
    /// What opening found so far.
    var report: RecoveryReport
}

/// Replays the parts of the buffer in sequence.
///
/// The head grows no further than a running one: at `head_size_limit` the epoch is cut and sealed.
struct Replay: ~Copyable {
    // So many records between two looks at whether the store is being closed.
    private static let recordsOfStep = 64
    // A forged buffer must not make an epoch, and so a segment, of every batch.
    private static let maxClockSteps = 16

    private var report: RecoveryReport
    private var parts: ArraySlice<BufferPart>
    private var part: PartReplay?
    private var gaps: ReplayGaps
    // Samples of the open epoch that were counted before: their segment is missing.
    private var healed = 0
    // Where the open epoch lies; empty before its first batch.
    private var gap = SequenceRange(after: .zero, through: .zero)
    private var newest = SequenceNumber.zero
    // Batches up to here were looked at in the part at hand before it is read again.
    private var rereadThrough = SequenceNumber.zero
    // Bytes of parts that are through.
    private var readBytes: Int64 = 0
    // Bytes of the open epoch in the buffer, and what of the part at hand is in them.
    private var epochBytes: Int64 = 0
    private var countedBytes: Int64 = 0
    // When the first part that has a batch of the open epoch was begun.
    private var epochSinceMs: Int64?
    private var cutBytes: Int
    // What the clock showed when the part at hand was begun.
    private var shownMs: Int64?
    private var clockSteps = 0

    init(_ plan: ReplayPlan, _ options: StoreOptions) {
        report = plan.report
        parts = plan.parts[...]
        gaps = ReplayGaps(sealed: plan.sealed, missing: plan.missing)
        cutBytes = options.headSizeLimit
    }

    /// Goes a step on; false when it is over.
    mutating func step(_ database: Database) -> Bool {
        if database.replay.isStopping {
            database.endReplay(.interrupted, report)
            return false
        }
        guard let part else {
            if let next = parts.popFirst() {
                begin(next, database)
                return true
            }
            finish(database)
            return false
        }
        for _ in 0..<Replay.recordsOfStep {
            let found: PartReplay.Found
            do throws(Errno) {
                found = try part.next(&report, database.quarantine, database.log)
            } catch {
                giveUp(part.kept.part, behind: part.newest, part.place, "\(error)", database)
                return true
            }
            let number: SequenceNumber
            switch found {
            case .other: continue
            case .end:
                end(part, database)
                return true
            case .batch(let batch): number = batch.number
            case .passed(let passed): number = passed
            case .lost(let lost): number = lost
            }
            // Read again from its start: these were passed the first time.
            if number <= rereadThrough { continue }
            // Where the next part could not be begun as it should be, this one went on behind it.
            if case .passed = found, number > newest, !gaps.isSealed(number) {
                reread(part, database)
                return true
            }
            // Each number once, whatever a forged file says.
            guard number > newest, number > part.newest else {
                report.damagedStretches += 1
                part.kept.hasHoles = true
                continue
            }
            part.newest = number
            part.kept.last = number
            let before = newest
            newest = number
            switch found {
            case .batch(let batch): apply(batch, behind: before, part, database)
            case .passed:
                report.sealedBatches += 1
                countedBytes = part.readBytes
            default: if !gaps.isSealed(number) { report.lostBatches += 1 }
            }
        }
        database.replay.note(readBytes: readBytes + part.readBytes, report)
        return true
    }

    // MARK: Parts

    private mutating func begin(_ next: BufferPart, _ database: Database) {
        note(shownMs: next.createdMs, behind: next.after, database)
        shownMs = next.createdMs
        rereadThrough = .zero
        // What one segment has all of need not be decoded.
        let through = parts.first?.after ?? .max
        let isSealed = gaps.isSealed(SequenceRange(after: next.after, through: through))
        countedBytes = 0
        do throws(StoreError) {
            let source = try database.buffer.read(next)
            do throws(Errno) {
                part = try PartReplay(next, source, decodes: !isSealed)
            } catch {
                throw .cannot(action: "read", path: next.name, cause: error)
            }
        } catch {
            giveUp(next, behind: next.after, (next.name, 0), "\(error)", database)
        }
    }

    // From its start, and this time what is in no segment is decoded.
    private mutating func reread(_ passed: PartReplay, _ database: Database) {
        rereadThrough = max(newest, passed.newest)
        let part = passed.kept.part
        countedBytes = 0
        do throws(StoreError) {
            let source = try database.buffer.read(part)
            do throws(Errno) {
                let reading = try PartReplay(part, source, decodes: true)
                reading.kept.last = passed.kept.last
                reading.newest = passed.newest
                self.part = reading
            } catch {
                throw .cannot(action: "read", path: part.name, cause: error)
            }
        } catch {
            giveUp(part, behind: passed.newest, (part.name, 0), "\(error)", database)
        }
    }

    private mutating func end(_ part: PartReplay, _ database: Database) {
        readBytes += part.kept.bytes
        database.head.withLock { part.unpin(&$0) }
        database.writer.withLock { $0.parts.append(part.kept) }
        self.part = nil
        database.replay.note(readBytes: readBytes, report)
    }

    // What the medium does not give now a later start may find: no epoch may claim it. The part stays
    // where it is.
    private mutating func giveUp(
        _ part: BufferPart,
        behind number: SequenceNumber,
        _ place: (path: String, offset: Int64),
        _ cause: String,
        _ database: Database
    ) {
        let number = max(number, newest)
        let reading = self.part
        var kept = reading?.kept ?? KeptPart(part: part, last: part.after, bytes: 0)
        // The feed reads no further.
        kept.bytes = reading?.readBytes ?? 0
        let end = parts.first?.after ?? database.firstOfStart
        let unread = SequenceRange(after: number, through: max(number, end))
        report.unreadParts += 1
        if !gaps.isSealed(unread), unread.after < unread.through {
            kept.unreadThrough = unread.through
            closeGap(through: number, database)
            gaps.noteUnread(unread)
        }
        database.log.error(
            "the rest of a part of the buffer cannot be read now, it stays for the next start",
            ("path", place.path),
            ("offset", "\(place.offset)"),
            ("after", "\(unread.after)"),
            ("through", "\(unread.through)"),
            ("cause", cause),
            ("next", "check the disk with `dmesg`")
        )
        if let reading {
            reading.kept = kept
            self.end(reading, database)
        } else {
            database.writer.withLock { $0.parts.append(kept) }
        }
    }

    // MARK: Batches

    private mutating func apply(
        _ batch: BufferBatch,
        behind before: SequenceNumber,
        _ part: PartReplay,
        _ database: Database
    ) {
        guard !gaps.isSealed(batch.number) else {
            report.sealedBatches += 1
            countedBytes = part.readBytes
            return
        }
        if !gap.contains(batch.number) {
            closeGap(through: gap.through, database)
            gap = gaps.gap(of: batch.number)
            let after = gap.after
            database.writer.withLock { $0.epochAfter = after }
        }
        let (slots, tellsOfStep) = database.head.withLock { head in
            let slots = part.slots(of: batch, &head)
            return (slots, clockSteps < Replay.maxClockSteps && head.tellsOfStep(batch, slots))
        }
        if tellsOfStep {
            clockSteps += 1
            stepBack(behind: before, database)
        }
        if epochSinceMs == nil { epochSinceMs = part.kept.part.createdMs }
        let (lost, used) = database.head.withLock { head in
            var lost = 0
            for index in batch.values.indices {
                let time = batch.timeMs(index)
                let isLate = !batch.isLate.isEmpty && batch.isLate[index]
                let bits = batch.values[index].bitPattern
                let slot = slots[index]
                if slot < 0 || !head.replay(slot, isLate: isLate, time: time, value: bits) {
                    lost += 1
                }
            }
            return (lost, head.sampleBytes)
        }
        let stored = batch.values.count - lost
        report.replayedBatches += 1
        report.replayedSamples += stored
        report.lostSamples += lost
        report.headBytes = max(report.headBytes, used)
        epochBytes += part.readBytes - countedBytes
        countedBytes = part.readBytes
        let generated = min(batch.generated, stored)
        let wasCounted = gaps.isMissing(batch.number)
        database.writer.withLock { writer in
            writer.lastNumber = max(writer.lastNumber, batch.number)
            writer.openCounts.append(batch.number, stored)
            writer.count(
                batch.source,
                stored: stored,
                generated: generated,
                batch.drops,
                wasCounted: wasCounted
            )
        }
        if wasCounted { healed += stored }
        if used >= cutBytes { cut(through: batch.number, used, database) }
    }

    // MARK: Epochs

    // The head is as large as a running one may get: what is in it becomes a segment first.
    private mutating func cut(through number: SequenceNumber, _ used: Int, _ database: Database) {
        if database.options.isReadOnly { return }
        database.replay.note(readBytes: readBytes + (part?.readBytes ?? 0), report)
        let rest = SequenceRange(after: number, through: gap.through)
        closeGap(through: number, database)
        gap = rest
        database.writer.withLock { $0.epochAfter = number }
        database.sealPending()
        // Where it cannot be sealed it stays in memory, as in a running store.
        let isSealed = database.writer.withLock { $0.closing.isEmpty }
        if isSealed { healed = 0 }
        let limit = database.options.headSizeLimit
        cutBytes = isSealed ? limit : max(limit, 2 * used)
    }

    // A clock that was set back while nothing was open, or nobody looked, is known by the times of parts.
    private mutating func note(
        shownMs nowMs: Int64,
        behind number: SequenceNumber,
        _ database: Database
    ) {
        guard let shownMs, Database.isLargeStepBack(from: shownMs, to: nowMs) else { return }
        stepBack(behind: max(newest, number), database)
    }

    // The clock was set back by a large step behind this batch: what follows is in an epoch of its own.
    private mutating func stepBack(behind number: SequenceNumber, _ database: Database) {
        let number = max(number, gap.after)
        let rest = SequenceRange(after: number, through: gap.through)
        database.writer.withLock { $0.clockStep = max($0.clockStep, number) }
        closeGap(through: number, database)
        gap = rest
        database.writer.withLock { $0.epochAfter = number }
        database.head.withLock { $0.forgetLastTimes() }
    }

    // Ends the open epoch, if anything is in it.
    private mutating func closeGap(through number: SequenceNumber, _ database: Database) {
        let range = SequenceRange(after: gap.after, through: min(gap.through, number))
        if healed > 0, range.through == gap.through {
            let healed = healed
            database.book.withLock { $0.note(healed: healed, in: range) }
            self.healed = 0
        }
        gap = SequenceRange(after: .zero, through: .zero)
        epochBytes = 0
        epochSinceMs = nil
        database.writer.withLock { writer in
            let ledger = writer.epochLedger
            guard range.after < range.through, ledger != Ledger() else { return }
            let closed = database.head.withLock { head -> UInt32 in
                defer { head.openEpoch += 1 }
                return head.openEpoch
            }
            writer.close(closed, range, ledger)
            writer.epochLedger = Ledger()
        }
    }

    private mutating func finish(_ database: Database) {
        // All that was replayed may lie before the open epoch.
        if gap.through != .max {
            closeGap(through: gap.through, database)
            gap = gaps.gap(of: .max)
        }
        note(shownMs: database.wallClock.nowMs(), behind: newest, database)
        let (newest, after) = (newest, gap.after)
        let (bytes, sinceMs) = (epochBytes, epochSinceMs)
        database.openForAppends { writer in
            writer.lastNumber = max(writer.lastNumber, newest, after)
            writer.epochAfter = after
            writer.foundThrough = writer.lastNumber
            writer.epochBytes = bytes
            if let sinceMs { writer.epochSinceMs = min(writer.epochSinceMs, sinceMs) }
        }
        database.endReplay(.done, report)
    }
}
