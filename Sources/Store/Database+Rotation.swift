// Rotation cuts the head as a whole; durability of the buffer; what the clock makes due.
// Architecture section 5, "Rotation".
internal import Model
internal import Platform
internal import Synchronization

extension Database {
    /// Closes the open epoch: what comes from now on belongs to the next one. O(1).
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
            ClosingEpoch(epoch: closed, range: range, ledger: writer.epochLedger))
        writer.epochAfter = range.through
        writer.epochLedger = Ledger()
        // Without a new file the old one goes on: recovery goes by ranges, not by files.
        openBufferFile(&writer)
        sealing.withLock { $0.rotations += 1 }
        maintenance.nudge()
        return true
    }

    /// Whether a limit of the open epoch is reached.
    func isRotationDue(_ writer: WriterState, usedBytes: Int) -> Bool {
        // One epoch at a time on its way to disk: a slow disk makes epochs larger, not more.
        guard writer.closing.isEmpty else { return false }
        return usedBytes >= options.headSizeLimit
            || writer.offset >= options.bufferMaxSize
            || wallClock.nowMs() - writer.epochSinceMs >= options.chunkTimeLimitMs
            || writer.distrustsFile
    }

    /// Makes the buffer durable up to what was written when it was called.
    ///
    /// - Throws: `.cannot` when fsync(2) failed: that file is not trusted again, its epoch is sealed
    ///   from memory into a new file.
    public func syncBuffer() throws(StoreError) {
        let (file, offset, isDirty) = writer.withLock {
            ($0.file, $0.offset, $0.syncedOffset < $0.offset)
        }
        guard let file, isDirty else { return }
        do throws(Errno) {
            try file.file.syncData()
            writer.withLock { writer in
                if writer.file === file { writer.syncedOffset = max(writer.syncedOffset, offset) }
            }
        } catch {
            log.error(
                "cannot sync the buffer; its epoch is sealed from memory", ("path", file.path),
                ("cause", "\(error)"))
            writer.withLock { writer in
                writer.failures += 1
                if writer.file === file { writer.distrustsFile = true }
            }
            rotate()
            throw .cannot(action: "sync", path: file.path, cause: error)
        }
    }

    /// Does what the clock makes due: rotation by age, sealing, retention. Called by the store's own
    /// thread, or by the owner of a store that has none.
    public func maintain() {
        let used = head.withLock { $0.memory.usedBytes }
        writer.withLock { writer in
            if isRotationDue(writer, usedBytes: used) { rotate(&writer) }
        }
        sealPending()
        deleteExpired()
    }
}
