// Rotation cuts the head as a whole; durability of the buffer; what the clock makes due.
// Architecture section 5, "Rotation".
internal import Model
internal import Platform
internal import Synchronization

extension Database {
    /// Closes the open epoch: what comes from now on belongs to the next one.
    ///
    /// O(1).
    ///
    /// - Returns: whether there was anything in it.
    @discardableResult
    public func rotate() -> Bool {
        let rotated = writer.withLock { rotate(&$0) }
        if rotated { maintenance.nudge() }
        return rotated
    }

    @discardableResult
    func rotate(_ writer: inout WriterState) -> Bool {
        let range = SequenceRange(after: writer.epochAfter, through: writer.lastNumber)
        writer.epochSinceMs = wallClock.nowMs()
        guard range.after < range.through else { return false }
        let closed = head.withLock { head -> UInt32 in
            defer { head.openEpoch += 1 }
            return head.openEpoch
        }
        writer.closing.append(
            ClosingEpoch(epoch: closed, range: range, ledger: writer.epochLedger)
        )
        writer.epochAfter = range.through
        writer.epochLedger = Ledger()
        writer.epochBytes = 0
        // Without a new file the old one goes on: recovery goes by ranges, not by files.
        if !writer.isClosed { openBufferFile(&writer) }
        sealing.withLock { $0.rotations += 1 }
        maintenance.nudge()
        return true
    }

    /// Whether a limit of the open epoch is reached.
    func isRotationDue(_ writer: WriterState, usedBytes: Int) -> Bool {
        // One epoch at a time on its way to disk: a slow disk makes epochs larger, not more.
        guard writer.closing.isEmpty else { return false }
        let (age, _) = wallClock.nowMs().subtractingReportingOverflow(writer.epochSinceMs)
        return usedBytes >= options.headSizeLimit
            || writer.epochBytes >= options.bufferMaxSize
            || age >= options.chunkTimeLimitMs
            || age < -Database.smallStepBackMs
            || writer.distrustsFile
    }

    /// A clock that goes back by more forces a rotation: the epoch's age says nothing any more.
    static let smallStepBackMs: Int64 = 60_000

    /// Makes the buffer durable up to what was written when it was called.
    ///
    /// - Throws: `.cannot` when fsync(2) failed: that file is not trusted again, its epoch is sealed
    ///   from memory into a new file.
    public func syncBuffer() throws(StoreError) {
        let (unsynced, file, offset, isDirty) = writer.withLock {
            ($0.unsynced, $0.file, $0.offset, $0.syncedOffset < $0.offset || $0.distrustsFile)
        }
        // A batch that made a rotation due lies in the file before the open one.
        for old in unsynced {
            do throws(Errno) {
                try old.file.file.syncData()
            } catch {
                try failSync(old.file, error)
            }
            writer.withLock { $0.unsynced.removeAll { $0.file === old.file } }
        }
        guard let file, isDirty else { return }
        do throws(Errno) {
            try file.file.syncData()
        } catch {
            try failSync(file, error)
        }
        let isTrusted = writer.withLock { writer -> Bool in
            guard writer.file === file else { return true }
            // After a failure the next sync may succeed without having written anything (fsync(2)).
            guard !writer.distrustsFile else { return false }
            writer.syncedOffset = max(writer.syncedOffset, offset)
            return true
        }
        if !isTrusted { try failSync(file, .inputOutput) }
    }

    private func failSync(_ file: BufferFile, _ cause: Errno) throws(StoreError) {
        log.error(
            "cannot sync the buffer; its epoch is sealed from memory",
            ("path", file.path),
            ("cause", "\(cause)")
        )
        writer.withLock { writer in
            writer.failures += 1
            writer.unsynced.removeAll { $0.file === file }
            guard writer.file === file else { return }
            writer.distrustsFile = true
            rotate(&writer)
        }
        maintenance.nudge()
        throw .cannot(action: "sync", path: file.path, cause: cause)
    }

    /// Does what the clock makes due: rotation by age, sealing, retention.
    ///
    /// Called by the store's own thread, or by the owner of a store that has none.
    public func maintain() {
        let used = head.withLock { $0.memory.usedBytes }
        let isClosed = writer.withLock { writer -> Bool in
            if !writer.isClosed, isRotationDue(writer, usedBytes: used) { rotate(&writer) }
            return writer.isClosed
        }
        // The directory may be another process's by now.
        if isClosed { return }
        sealPending()
        deleteExpired()
    }
}
