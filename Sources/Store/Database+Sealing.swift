// Turns closed epochs into segments, and lets go of what is no longer needed for it.
// Architecture section 5, "Rotation" and "Recovery".
internal import Codec
internal import Model
internal import Platform

extension Database {
    /// Seals every epoch that was rotated.
    ///
    /// An epoch that cannot be written stays in memory and in the buffer; the next call tries
    /// again.
    public func sealPending() {
        if options.isReadOnly { return }
        sealLock.withLock { _ in
            while let epoch = writer.withLock({ $0.closing.first }) {
                guard seal(epoch) else { return }
            }
        }
    }

    private func seal(_ epoch: ClosingEpoch) -> Bool {
        let series = close(epoch.epoch)
        let name = StoreLayout.segmentName(storeID, epoch.range)
        do throws(SegmentError) {
            var reader: SegmentReader?
            if !series.isEmpty || epoch.ledger != Ledger() {
                let summary = try write(series, epoch, to: name)
                reader = try SegmentReader(
                    storage,
                    name: name,
                    cache: blockCache,
                    engines: engines
                )
                sealing.withLock { counters in
                    counters.segments += 1
                    counters.bytes += summary.byteCount
                    counters.isFailing = false
                }
            }
            install(reader, epoch)
            return true
        } catch {
            let isFirst = sealing.withLock { counters in
                counters.failures += 1
                defer { counters.isFailing = true }
                return !counters.isFailing
            }
            if isFirst {
                log.error(
                    "cannot seal an epoch, it stays in memory and in the buffer",
                    ("segment", name),
                    ("cause", "\(error)")
                )
            }
            return false
        }
    }

    // Which series a closed epoch has, in the order of the ids, as the segment wants it.
    private func close(_ epoch: UInt32) -> [EpochRoom] {
        var series: [EpochRoom] = []
        forEachStripe { head, stripe in series += head.close(epoch, stripe) }
        series.sort { $0.id < $1.id }
        return series
    }

    // A head of a million series is not locked for all of them at once.
    private func forEachStripe(_ body: (inout HeadState, Range<Int>) -> Void) {
        let stripe = 16_384
        var first = 0
        while true {
            let count = head.withLock { head in
                body(&head, first..<first + stripe)
                return head.series.count
            }
            first += stripe
            if first >= count { break }
        }
    }

    private func write(
        _ series: [EpochRoom],
        _ epoch: ClosingEpoch,
        to name: String
    ) throws(SegmentError) -> SegmentSummary {
        let room = Database.roomToSeal(series)
        if options.retentionSize > 0 {
            _ = measure()
            // The epoch itself is in the head: it is not dropped for its own segment's sake.
            makeRoom(for: room, dropsEpochs: false)
        }
        var writer = try SegmentWriter(
            try storage.create(name, reserving: room),
            storeID: storeID,
            range: epoch.range
        )
        let portion = 1024
        var buffers = SealBuffers(compressor: engines.sealed)
        // Only while the chunks are read: what is let go later is free at once then.
        let pin = head.withLock { $0.memory.pin() }
        defer { head.withLock { $0.memory.unpin(pin) } }
        for first in stride(from: 0, to: series.count, by: portion) {
            let rooms = series[first..<min(first + portion, series.count)]
            head.withLock { $0.take(epoch.epoch, rooms, into: &buffers.portion) }
            try add(&buffers, to: &writer)
        }
        return try writer.finish(
            ledger: epoch.ledger.bytes,
            replaced: [],
            clockStep: epoch.clockStep
        )
    }

    // More than the segment will take: what is reserved beyond its end is given back.
    private static func roomToSeal(_ series: [EpochRoom]) -> Int64 {
        // The series' entry and its posting; the labels, and those again in the postings.
        series.reduce(4096) { $0 + 128 + Int64($1.bytes) }
    }

    private func add(
        _ buffers: inout SealBuffers,
        to writer: inout SegmentWriter
    ) throws(SegmentError) {
        for (pair, text) in zip(buffers.portion.newPairs, buffers.portion.newTexts) {
            buffers.pairs[pair] = writer.intern(text.span)
        }
        var pair = 0
        var chunk = 0
        buffers.gatheredEnd = 0
        for series in buffers.portion.series {
            buffers.labels.removeAll(keepingCapacity: true)
            while pair < series.pairsEnd {
                buffers.labels.append(buffers.pairs[buffers.portion.pairs[pair]])
                pair += 1
            }
            writer.startSeries(series.id, pairs: buffers.labels.span)
            while chunk < series.chunksEnd {
                if chunk == buffers.gatheredEnd { buffers.gather(from: chunk) }
                try add(chunk, &buffers, to: &writer)
                chunk += 1
            }
            if let run = series.late { try add(late: run, to: &writer) }
        }
    }

    private func add(
        _ index: Int,
        _ buffers: inout SealBuffers,
        to writer: inout SegmentWriter
    ) throws(SegmentError) {
        let chunk = buffers.portion.chunks[index]
        let range = buffers.payload(of: index)
        let payloads = buffers.payloads
        let flags: ChunkFlags = chunk.hasStaleMarkers ? .staleMarkers : []
        if buffers.keepsGorilla {
            // As it is: it was coded when it came.
            let header = ChunkHeader(
                compression: .gorilla,
                flags: flags,
                seriesID: SeriesID(high: 0, low: 0),
                startMs: chunk.firstTime,
                endMs: chunk.lastTime,
                pointCount: chunk.bits.pointCount,
                compressedSize: range.count,
                uncompressedSize: range.count
            )
            return try writer.add(payloads.span.extracting(range), header)
        }
        buffers.samples.removeAll()
        do throws(CodecError) {
            try GorillaDecoder.decode(
                payloads.span.extracting(range),
                count: chunk.bits.pointCount,
                times: &buffers.samples.times,
                values: &buffers.samples.values
            )
        } catch {
            preconditionFailure("BUG: a chunk in memory does not decode: \(error)")
        }
        try writer.add(
            buffers.samples.times.span,
            buffers.samples.values.span,
            allFlags: flags,
            with: buffers.compressor
        )
    }

    private func add(
        late run: LateSamples.Run,
        to writer: inout SegmentWriter
    ) throws(SegmentError) {
        let values = run.values.map { Double(bitPattern: $0) }
        let most = ChunkHeader.maximumPointCount
        for first in stride(from: 0, to: values.count, by: most) {
            let part = first..<min(first + most, values.count)
            try writer.add(
                run.times.span.extracting(part),
                values.span.extracting(part),
                flags: .late,
                with: engines.sealed
            )
        }
    }

    /// Gives back the memory of what is in segments or was dropped; how many series went with it.
    func reclaimSealed() -> Int {
        forEachStripe { head, stripe in head.reclaim(stripe) }
        return writer.withLock { writer in
            head.withLock { head in
                head.collectGarbage(
                    freedAt: writer.lastNumber,
                    oldestInRing: ring.withLock { $0.oldest }
                )
            }
        }
    }

    // Swaps the epoch's chunks in memory for the segment: no query sees both or neither.
    private func install(_ reader: SegmentReader?, _ epoch: ClosingEpoch) {
        if let reader {
            rewriting.withLock { $0.storedMs[reader.name] = wallClock.nowMs() }
        }
        let mayBeInside = pins.withLock { $0.mayBeInside(epoch.range) }
        writer.withLock { writer in
            writer.closing.removeAll { $0.epoch == epoch.epoch }
            if mayBeInside { writer.keptCounts.append((epoch.range, epoch.counts)) }
            if reader != nil { book.withLock { $0.note(sealed: epoch.range, epoch.ledger) } }
            head.withLock { head in
                if let reader {
                    sealed.withLock { segments in
                        segments.append(reader)
                        segments.sort { $0.range.after < $1.range.after }
                    }
                }
                head.forget(epoch.epoch)
            }
        }
        writeBook()
        let gone = reclaimSealed()
        _ = removeBuffers()
        Allocator.trim()
        wakeSealedReaders()
        log.info(
            "epoch sealed",
            ("after", "\(epoch.range.after)"),
            ("through", "\(epoch.range.through)"),
            ("bytes", "\(reader?.byteCount ?? 0)"),
            ("series_let_go", "\(gone)")
        )
    }

    /// Removes parts of the buffer that nothing needs: those of epochs before the newest sealed one, so that
    /// a damaged newest segment heals from the buffer, and that no destination is inside of.
    ///
    /// Up to `dropped` they go whatever needs them.
    /// - Returns: those that went.
    func removeBuffers(through dropped: SequenceNumber = .zero) -> [KeptPart] {
        let segments = sealed.withLock { $0.map(\.range) }
        let newest = segments.last ?? SequenceRange(after: .zero, through: .zero)
        let positions = pins.withLock { $0.positions }
        let inside = pins.withLock { pins in segments.filter { pins.mayBeInside($0) } }
        let removed = writer.withLock { writer -> [KeptPart] in
            let open = writer.openPart
            func isNeeded(_ file: KeptPart) -> Bool {
                if file.part == open { return true }
                // Recovery may have found batches of gaps far behind the newest segment.
                if writer.closing.contains(where: {
                    $0.range.after < file.last && file.after < $0.range.through
                }) {
                    return true
                }
                if max(file.last, file.unreadThrough ?? .zero) <= dropped { return false }
                if file.last > min(newest.after, writer.epochAfter) { return true }
                if file.unreadThrough != nil { return true }
                // A destination that stands in an epoch goes on in the buffer: all of it is kept.
                return positions.contains { position in
                    position.time == nil && position.number < file.last
                        && segments.contains {
                            $0.contains(after: position.number) && file.after < $0.through
                        }
                }
            }
            let removed = writer.parts.filter { !isNeeded($0) }
            writer.parts.removeAll { file in removed.contains { $0.part == file.part } }
            writer.keptCounts.removeAll { !inside.contains($0.range) }
            return removed
        }
        remove(removed.map(\.part))
        return removed
    }

    /// Deletes segments whose newest sample is older than the retention time, but none that a
    /// destination still needs.
    func deleteExpired() {
        guard options.retentionMs > 0 else { return }
        let newest = sealed.withLock { $0.map(\.timeRange.end.ms).max() }
        guard let now = retention.withLock({ $0.age(wallClock.nowMs(), newestSampleMs: newest) })
        else { return }
        let (oldest, isBeforeTime) = now.subtractingReportingOverflow(options.retentionMs)
        if isBeforeTime { return }
        let needed = pins.withLock { $0.lowest }
        let segments = sealed.withLock { $0 }
        let expired = segments.indices.filter { place in
            // One without samples, only with counts, goes with the one behind it.
            let dated = segments[place...].first { $0.summary.sampleCount > 0 }
            return dated.map { $0.timeRange.end.ms < oldest } ?? false
                && segments[place].range.through <= needed
        }.map { segments[$0] }
        guard !expired.isEmpty else { return }
        housekeeping.withLock { _ in
            giveUp(expired, .removed)
            let names = expired.map(\.name)
            log.info(
                "segments deleted by retention_time",
                ("segments", names.joined(separator: ","))
            )
            do throws(StoreError) {
                try storage.remove(names)
                noteRemoved(names)
            } catch {
                // The next start knows their names.
                log.warn("cannot remove segments that are too old", ("cause", "\(error)"))
            }
        }
        if let last = expired.last { _ = removeBuffers(through: last.range.through) }
        sealing.withLock { $0.deleted += expired.count }
    }

    /// Removes parts of the buffer that are not the open one.
    func remove(_ parts: [BufferPart]) {
        if parts.isEmpty { return }
        do throws(StoreError) {
            try buffer.remove(parts, settingAside: nil)
        } catch {
            // The next start finds them again and decides anew.
            log.warn("cannot remove what the buffer no longer needs", ("cause", "\(error)"))
        }
    }
}

// What sealing uses again for each series and chunk: none of them allocates anything.
private struct SealBuffers {
    // So many chunks are copied together: the next one's blocks come from memory while this one's are
    // waited for, which is most of what copying takes.
    private static let gathered = 16

    /// The payloads of the chunks before `gatheredEnd`.
    private(set) var payloads: [UInt8] = []
    private var payloadEnds: [Int] = []
    private var gatheredStart = 0
    /// The first chunk of the portion that was not gathered.
    var gatheredEnd = 0
    let compressor: any Compressor
    /// Whether chunks go into the segment as they lie in the head.
    let keepsGorilla: Bool
    var samples = SampleColumns()
    var portion = EpochPortion()
    /// From the head's numbers of label pairs to the segment's.
    var pairs = PairNumbers()
    /// The pairs of one series, as the segment has them.
    var labels: [UInt32] = []

    init(compressor: any Compressor) {
        self.compressor = compressor
        keepsGorilla = compressor is GorillaCompressor
    }

    /// Copies the bits of the chunks from `first` on.
    mutating func gather(from first: Int) {
        payloads.removeAll(keepingCapacity: true)
        payloadEnds.removeAll(keepingCapacity: true)
        gatheredStart = first
        gatheredEnd = min(first + SealBuffers.gathered, portion.chunks.count)
        for index in first..<gatheredEnd {
            portion.chunks[index].bits.append(to: &payloads)
            payloadEnds.append(payloads.count)
        }
    }

    /// Where the bits of a gathered chunk are.
    func payload(of index: Int) -> Range<Int> {
        let place = index - gatheredStart
        return (place == 0 ? 0 : payloadEnds[place - 1])..<payloadEnds[place]
    }
}
