// Keeps the directory below `storage.retention_size`, and makes room in the order of architecture
// section 5, "Rewrite and retention": damaged files older than a day, then what every destination
// has, oldest first, then what one still waits for, then the oldest part of the head.
internal import Model
internal import Platform
internal import Synchronization

/// What the store knows of its room.
struct QuotaState {
    /// Allocated bytes, as last measured and with what was deleted since.
    var usedBytes: Int64 = 0
    /// The cap that holds on this disk; nil for none.
    var capBytes: Int64?
    var deletedByCap = 0
    var deletedQuarantine = 0
    var droppedEpochs = 0
    var isMeasuring = true
    var isShort = false
}

extension Database {
    /// Whether a file of so many bytes keeps within the cap as things are.
    func room(for bytes: Int64) -> Bool {
        quota.withLock { state in
            state.capBytes.map { state.usedBytes + bytes + slack($0) <= $0 } ?? true
        }
    }

    /// Room that is kept free for the buffer until the next look.
    private func slack(_ cap: Int64) -> Int64 { min(cap / 16, 16 << 20) }

    /// Measures, and makes room where the cap is near.
    func keepCap() {
        guard measure() else { return }
        makeRoom(for: 0, dropsEpochs: true)
    }

    /// Makes room for a file of `bytes`, as far as there is anything to delete.
    ///
    /// - Parameters:
    ///   - bytes: what it is to have.
    ///   - dropsEpochs: whether the head is among what may go; not while an epoch is sealed.
    /// - Returns: whether it fits now.
    @discardableResult
    func makeRoom(for bytes: Int64, dropsEpochs: Bool) -> Bool {
        guard !room(for: bytes) else { return true }
        housekeeping.withLock { _ in
            deleteQuarantine(bytes)
            deleteSegments(bytes)
        }
        while dropsEpochs, !room(for: bytes), dropOldestEpoch() {}
        let fits = room(for: bytes)
        let isNews = quota.withLock { state in
            defer { state.isShort = !fits }
            return state.isShort == fits
        }
        if isNews {
            if fits {
                log.info("the store keeps within retention_size again")
            } else {
                log.error(
                    "nothing more can be deleted to keep within retention_size; new samples are "
                        + "dropped and counted once it is reached; raise storage.retention_size"
                )
            }
        }
        return fits
    }

    // False where there is no cap, or it cannot be measured now.
    func measure() -> Bool {
        guard options.retentionSize > 0 else {
            quotaRoom.store(.max, ordering: .relaxed)
            return false
        }
        do throws(Errno) {
            let used = try DiskUsage(fileSystem, base: options.basePath).bytes()
            // A disk smaller than the cap would never let the oldest go; a tenth of it is not ours.
            let disk = try fileSystem.freeSpace(options.basePath)
            let cap = min(options.retentionSize, disk.total / 10 * 9)
            quota.withLock { state in
                state.usedBytes = used
                state.capBytes = cap
                state.isMeasuring = true
            }
            quotaRoom.store(cap - used, ordering: .relaxed)
            return true
        } catch {
            let isFirst = quota.withLock { state in
                defer { state.isMeasuring = false }
                return state.isMeasuring
            }
            if isFirst {
                log.warn(
                    "cannot measure the store's directory",
                    ("path", options.basePath),
                    ("cause", "\(error)")
                )
            }
            return false
        }
    }

    private func free(_ bytes: Int64) {
        quota.withLock { $0.usedBytes -= bytes }
        quotaRoom.add(bytes, ordering: .relaxed)
    }

    // MARK: What goes first

    private func deleteQuarantine(_ bytes: Int64) {
        let directory = FilePath.join(options.basePath, StoreLayout.quarantineDirectory)
        let nowMs = wallClock.nowMs()
        do throws(Errno) {
            guard try fileSystem.exists(directory) else { return }
            var files: [(path: String, info: FileInfo)] = []
            for name in try fileSystem.list(directory) {
                let path = FilePath.join(directory, name)
                let info = try fileSystem.stat(path)
                if info.kind == .file, nowMs - info.modifiedMs > 86_400_000 {
                    files.append((path, info))
                }
            }
            files.sort { $0.info.modifiedMs < $1.info.modifiedMs }
            for file in files where !room(for: bytes) {
                try fileSystem.remove(file.path)
                free(file.info.allocatedBytes)
                quota.withLock { $0.deletedQuarantine += 1 }
                log.info("quarantined file deleted by retention_size", ("path", file.path))
            }
        } catch {
            log.warn("cannot delete from quarantine", ("cause", "\(error)"))
        }
    }

    // Oldest first; what every destination has before what one still waits for.
    private func deleteSegments(_ bytes: Int64) {
        let segments = sealed.withLock { $0 }
        let lowest = pins.withLock { $0.lowest }
        let past = segments.filter { $0.range.through <= lowest }
        let needed = segments.filter { $0.range.through > lowest }
        for segment in past + needed where !room(for: bytes) {
            guard delete(segment) else { return }
        }
    }

    private func delete(_ segment: SegmentReader) -> Bool {
        let waiting = pins.withLock { $0.byDestination }
            .filter { $0.value.number < segment.range.through }
        let freed: Int64
        do throws(StoreError) {
            freed = try storage.facts(of: segment.name).allocatedBytes
            giveUp([segment], .cap)
            try storage.remove([segment.name])
            noteRemoved([segment.name])
        } catch {
            log.warn("cannot delete a segment", ("cause", "\(error)"))
            return false
        }
        free(freed)
        quota.withLock { $0.deletedByCap += 1 }
        sealing.withLock { $0.deleted += 1 }
        log.info(
            "segment deleted by retention_size",
            ("segment", segment.name),
            ("waited_for_by", waiting.keys.sorted().joined(separator: ","))
        )
        // What a destination inside of it would have read goes with it.
        for file in removeBuffers(through: segment.range.through) { free(file.bytes) }
        return true
    }

    /// Takes segments out of what is read.
    func take(out gone: [SegmentReader]) {
        head.withLock { _ in
            sealed.withLock { segments in
                segments.removeAll { segment in gone.contains { $0 === segment } }
            }
        }
        readers.withLock { $0.forget(gone.map(\.path)) }
    }

    // MARK: The head

    // The oldest epoch that is not sealed yet; the open one is closed for it.
    private func dropOldestEpoch() -> Bool {
        if writer.withLock({ $0.closing.isEmpty }) { rotate() }
        return sealLock.withLock { _ in
            guard let epoch = writer.withLock({ $0.closing.first }) else { return false }
            let dropped = epoch.ledger.stored
            writer.withLock { writer in
                writer.closing.removeAll { $0.epoch == epoch.epoch }
                // They were stored, and served: they are gone as those of a deleted segment are.
                book.withLock { book in
                    book.note(sealed: epoch.range, epoch.ledger)
                    book.note(gone: epoch.range, .cap)
                }
                head.withLock { $0.forget(epoch.epoch) }
            }
            writeBook()
            _ = reclaimSealed()
            quota.withLock { $0.droppedEpochs += 1 }
            for file in removeBuffers(through: epoch.range.through) { free(file.bytes) }
            log.error(
                "the disk has no room for the oldest samples in memory, they are dropped",
                ("samples", "\(dropped)"),
                ("after", "\(epoch.range.after)"),
                ("through", "\(epoch.range.through)")
            )
            return true
        }
    }
}
