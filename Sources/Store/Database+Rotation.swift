// Rotation cuts the head as a whole; what the clock makes due.
// Architecture section 5, "Rotation".
internal import Model
internal import Platform

extension Database {
    /// Closes the open epoch: what comes from now on belongs to the next one.
    ///
    /// O(1).
    ///
    /// - Returns: whether there was anything in it.
    @discardableResult
    public func rotate() -> Bool {
        if options.isReadOnly { return false }
        let rotated = writer.withLock { rotate(&$0) }
        if rotated { maintenance.nudge() }
        return rotated
    }

    @discardableResult
    func rotate(_ writer: inout WriterState) -> Bool {
        if writer.isReplaying { return false }
        let range = SequenceRange(after: writer.epochAfter, through: writer.lastNumber)
        writer.epochSinceMs = wallClock.nowMs()
        guard range.after < range.through else { return false }
        let closed = head.withLock { head -> UInt32 in
            defer { head.openEpoch += 1 }
            return head.openEpoch
        }
        writer.close(closed, range, writer.epochLedger)
        writer.epochAfter = range.through
        writer.epochLedger = Ledger()
        writer.epochBytes = 0
        // Without a new part the old one goes on: recovery goes by ranges, not by parts.
        if !writer.isClosed { beginPart(&writer) }
        sealing.withLock { $0.rotations += 1 }
        maintenance.nudge()
        return true
    }

    /// Whether a limit of the open epoch is reached.
    ///
    /// Changes nothing: `inout` spares a copy of the state.
    func isRotationDue(_ writer: inout WriterState, usedBytes: Int, nowMs: Int64) -> Bool {
        // One epoch at a time on its way to disk: a slow disk makes epochs larger, not more.
        guard writer.closing.isEmpty else { return false }
        let (age, _) = nowMs.subtractingReportingOverflow(writer.epochSinceMs)
        return usedBytes >= options.headSizeLimit
            || writer.epochBytes >= options.bufferMaxSize
            || age >= options.chunkTimeLimitMs
            || age < -Database.smallStepBackMs
            || writer.distrustsPart || writer.encoder.isCrowded
    }

    /// Does what the clock makes due: rotation by age, sealing, retention.
    ///
    /// Called by the store's own thread, or by the owner of a store that has none.
    public func maintain() {
        let used = head.withLock { $0.sampleBytes }
        let nowMs = wallClock.nowMs()
        let isClosed = writer.withLock { writer -> Bool in
            if writer.isClosed || writer.isReplaying { return true }
            note(nowMs: nowMs, &writer)
            if isRotationDue(&writer, usedBytes: used, nowMs: nowMs) { rotate(&writer) }
            return false
        }
        // The directory may be another process's by now.
        if isClosed { return }
        sealPending()
        deleteExpired()
        keepCap()
        writeBook()
        reconcileTimeIndex()
    }

    // The index may be elsewhere and away: then the next round tries again.
    private func reconcileTimeIndex() {
        let segments = sealed.withLock { $0 }
        do throws(SegmentError) {
            try engines.timeIndex.reconcile(segments)
        } catch {
            log.warn("the time index is behind, will try again", ("cause", "\(error)"))
        }
    }
}
