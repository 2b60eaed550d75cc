// Records of accepted batches: into the open buffer file, made durable, a new file where one is due.
// Architecture section 5, "Acknowledged".
internal import Codec
internal import Model
internal import Platform
internal import Synchronization

extension Database {
    /// Whether there is a buffer file to write to, or none is wanted; makes one where there is none that
    /// is trusted.
    func hasBuffer(_ writer: inout WriterState) -> Bool {
        if !options.keepsBuffer { return true }
        if writer.file == nil || writer.distrustsFile { openBufferFile(&writer) }
        return writer.file != nil && !writer.distrustsFile
    }

    /// Writes the batch's records where they are wanted; false when the disk did not take them.
    ///
    /// - Precondition: `hasBuffer`.
    func record(
        _ batch: SampleBatch,
        _ number: SequenceNumber,
        _ source: SourceName,
        _ check: inout BatchCheck,
        _ drops: [DropCount],
        _ writer: inout WriterState
    ) -> Bool {
        if !options.keepsBuffer { return true }
        guard let file = writer.file else { return false }
        let isKnown = writer.encoder.knows(batch.stream, batch.series)
        if !isKnown { nameSeries(batch, &writer) }
        let input = BufferBatchInput(
            number: number,
            stream: batch.stream,
            source: source,
            timeMs: batch.time.ms,
            series: batch.series,
            localSeries: isKnown ? nil : writer.localSeries,
            times: batch.times,
            values: batch.values,
            verdicts: check.verdicts,
            lateCount: check.lateCount,
            storedCount: check.storedCount,
            drops: drops,
            generated: check.generatedCount
        )
        writer.records.removeAll(keepingCapacity: true)
        writer.encoder.append(input, to: &writer.records)
        do throws(Errno) {
            try takeRoom(writer.records.count)
            try file.write(writer.records, at: writer.offset)
        } catch {
            writer.failures += 1
            writer.startOver()
            if !file.cut(to: writer.offset) {
                // A whole record may be left behind: neither its number nor its place is used again.
                writer.lastNumber = number
                writer.distrustsFile = true
            }
            if !writer.isFailing {
                log.error(
                    "cannot write the buffer, samples are dropped until it can be written",
                    ("path", file.path),
                    ("cause", "\(error)")
                )
            }
            writer.isFailing = true
            return false
        }
        if writer.isFailing { log.info("the buffer can be written again", ("path", file.path)) }
        writer.isFailing = false
        writer.encoder.commit()
        writer.offset += Int64(writer.records.count)
        writer.epochBytes += Int64(writer.records.count)
        writer.bytesWritten += Int64(writer.records.count)
        writer.files[writer.files.count - 1].last = number
        writer.files[writer.files.count - 1].bytes = writer.offset
        if writer.records.capacity > 4 << 20 { writer.records = [] }
        return true
    }

    // The cap is kept by deleting, a second apart: this is for what comes faster, and for when nothing
    // is left to delete.
    private func takeRoom(_ count: Int) throws(Errno) {
        guard quotaRoom.subtract(Int64(count), ordering: .relaxed).newValue < 0 else { return }
        quotaRoom.add(Int64(count), ordering: .relaxed)
        maintenance.nudge()
        throw .quotaExceeded
    }

    // Numbers the batch's series for the open file.
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

    /// Makes a new buffer file the open one, where a buffer is kept; without one batches are refused.
    func openBufferFile(_ writer: inout WriterState) {
        if !options.keepsBuffer { return }
        let header = BufferHeader(
            storeID: storeID,
            after: writer.lastNumber,
            start: writer.start,
            createdMs: wallClock.nowMs()
        )
        do throws(Errno) {
            let directory = FilePath.join(options.basePath, StoreLayout.bufferDirectory)
            let file = try BufferFile.create(header, in: directory, fileSystem)
            writer.adopt(file)
        } catch {
            writer.failures += 1
            if !writer.isFailing {
                log.error(
                    "cannot make a buffer file",
                    ("path", options.basePath),
                    ("cause", "\(error)")
                )
            }
            if writer.file == nil || writer.distrustsFile { writer.isFailing = true }
        }
    }

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
}
