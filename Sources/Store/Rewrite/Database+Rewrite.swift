// The cold rewrite at work: finds what is due, merges it, and puts the result in the place of what it
// was made from, so that nobody sees both or neither. Architecture section 5, "Rewrite and retention".
internal import Model
internal import Platform

/// What is being rewritten, and counts of what was.
struct RewriteState {
    /// Segments that a thread is at work on.
    var claimed: Set<String> = []
    /// Segments that could not be read: they are left alone.
    var damaged: Set<String> = []
    /// Segments that can only be merged once every destination is past them.
    var waiting: Set<String> = []
    /// When each segment was written, milliseconds; looked up once.
    var storedMs: [String: Int64] = [:]
    /// Replaced segments whose removal failed.
    var leftOver: Set<String> = []
    var counters = RewriteCounters()
    var isFailing = false
}

/// Counts since the start.
struct RewriteCounters {
    var segments = 0
    var inputs = 0
    var hotBytes = 0
    var coldBytes = 0
    var writtenBytes = 0
    var failures = 0
}

extension Database {
    /// Merges everything that is due, as fast as it goes.
    ///
    /// The store's own threads do the same at the pace of `options.rewrite`.
    /// - Returns: how many segments were written.
    @discardableResult
    public func rewrite() -> Int {
        var pace = RewritePace()
        return rewriteDue(&pace)
    }

    func rewriteDue(_ pace: inout RewritePace) -> Int {
        guard options.rewrite.isEnabled, !isReplaying else { return 0 }
        var count = 0
        while let job = claim() {
            defer { release(job) }
            do throws(RewriteError) {
                guard try run(job, &pace) else { return count }
                count += 1
            } catch {
                switch error {
                case .stopped: return count
                case .wouldHide:
                    rewriting.withLock { $0.waiting.formUnion(job.inputs.map(\.name)) }
                case .input(let name, let cause):
                    _ = rewriting.withLock { $0.damaged.insert(name) }
                    if let segment = job.inputs.first(where: { $0.name == name }) {
                        note(damage: cause, in: segment)
                    }
                case .output(let cause):
                    fail(cause)
                    return count
                }
            }
        }
        return count
    }

    private func fail(_ error: SegmentError) {
        let isFirst = rewriting.withLock { state in
            state.counters.failures += 1
            defer { state.isFailing = true }
            return !state.isFailing
        }
        if isFirst {
            log.warn("cannot merge segments, will try again", ("cause", "\(error)"))
        }
    }

    // MARK: What is due

    private func claim() -> RewriteJob? {
        removeLeftOver()
        let segments = sealed.withLock { $0 }
        lookUpStored(segments)
        let candidates = pins.withLock { pins in
            rewriting.withLock { state in
                segments.map { candidate($0, pins, state) }
            }
        }
        let plan = RewritePlan(
            options: options.rewrite,
            outputLimit: outputLimit,
            chunkTimeLimitMs: options.chunkTimeLimitMs
        )
        for group in plan.groups(candidates, nowMs: wallClock.nowMs()) {
            let job = RewriteJob(
                inputs: Array(segments[group.members]),
                mergesLate: group.mergesLate,
                storeID: storeID,
                compressor: engines.cold
            )
            // A merge is not worth a sample: what does not fit waits.
            guard room(for: Int64(job.inputBytes)) else { continue }
            // Another thread may have been faster.
            let isMine = rewriting.withLock { state -> Bool in
                let names = job.inputs.map(\.name)
                guard state.claimed.isDisjoint(with: names) else { return false }
                state.claimed.formUnion(names)
                return true
            }
            if isMine { return job }
        }
        return nil
    }

    /// The longest output of a merge, in bytes.
    private var outputLimit: Int {
        options.retentionSize > 0 ? Int(max(1, options.retentionSize / 16)) : 1 << 30
    }

    private func candidate(
        _ segment: SegmentReader,
        _ pins: DestinationPins,
        _ state: RewriteState
    ) -> RewriteCandidate {
        let name = segment.name
        let isPast = pins.isPast(segment.range)
        return RewriteCandidate(
            range: segment.range,
            newestMs: segment.summary.sampleCount > 0 ? segment.timeRange.end.ms : .min,
            byteCount: segment.byteCount,
            sampleCount: segment.summary.sampleCount,
            chunkCount: segment.summary.chunkCount,
            isCold: name.hasSuffix(StoreLayout.coldSuffix),
            storedMs: state.storedMs[name] ?? .max,
            isFree: !state.claimed.contains(name) && !state.damaged.contains(name)
                && (isPast || !state.waiting.contains(name))
                && state.leftOver.isDisjoint(with: segment.replaced)
                && pins.isFree(segment.range),
            isPast: isPast
        )
    }

    private func lookUpStored(_ segments: [SegmentReader]) {
        let known = rewriting.withLock { Set($0.storedMs.keys) }
        var found: [String: Int64] = [:]
        for segment in segments where !known.contains(segment.name) {
            do throws(StoreError) {
                found[segment.name] = try storage.facts(of: segment.name).storedMs
            } catch {
                continue  // removed meanwhile, or asked again next time
            }
        }
        let names = Set(segments.map(\.name))
        rewriting.withLock { state in
            state.storedMs.merge(found) { known, _ in known }
            state.storedMs = state.storedMs.filter { names.contains($0.key) }
            state.damaged.formIntersection(names)
            state.waiting.formIntersection(names)
        }
    }

    private func release(_ job: RewriteJob) {
        rewriting.withLock { $0.claimed.subtract(job.inputs.map(\.name)) }
    }

    // MARK: One merge

    // False when it came to nothing because things changed meanwhile: the next scan sees.
    private func run(
        _ job: RewriteJob,
        _ pace: inout RewritePace
    ) throws(RewriteError) -> Bool {
        let ledger = try job.ledger()
        let sink: any SegmentSink
        do throws(SegmentError) {
            sink = try storage.create(job.name, reserving: Int64(job.inputBytes))
        } catch {
            throw .output(error)
        }
        var writer: SegmentWriter? = try job.write(to: sink, &pace)
        // Nothing is deleted and no snapshot is taken between the last look at the inputs and their end.
        let merged = try housekeeping.withLock { _ throws(RewriteError) -> SegmentReader? in
            guard let writer = writer.take() else { return nil }
            return try finish(job, writer, ledger)
        }
        guard let merged else { return false }
        rewriting.withLock { state in
            state.isFailing = false
            state.counters.segments += 1
            state.counters.inputs += job.inputs.count
            state.counters.writtenBytes += merged.byteCount
            for input in job.inputs {
                if input.name.hasSuffix(StoreLayout.coldSuffix) {
                    state.counters.coldBytes += input.byteCount
                } else {
                    state.counters.hotBytes += input.byteCount
                }
            }
        }
        log.info(
            "segments merged",
            ("into", merged.name),
            ("segments", "\(job.inputs.count)"),
            ("bytes_before", "\(job.inputBytes)"),
            ("bytes", "\(merged.byteCount)"),
            ("chunks", "\(merged.summary.chunkCount)")
        )
        return true
    }

    private func finish(
        _ job: RewriteJob,
        _ writer: consuming SegmentWriter,
        _ ledger: Ledger
    ) throws(RewriteError) -> SegmentReader? {
        let names = job.inputs.map(\.name)
        let isAllowed = sealed.withLock { segments in
            let isThere = job.inputs.allSatisfy { input in segments.contains { $0 === input } }
            return isThere
                && pins.withLock { $0.beginReplacing(job.range, job.inputs.map(\.range)) }
        }
        guard isAllowed else {
            writer.abandon()
            return nil
        }
        defer { pins.withLock { $0.endReplacing() } }
        let merged: SegmentReader
        do throws(SegmentError) {
            _ = try writer.finish(
                ledger: ledger.bytes,
                replaced: names,
                clockStep: job.inputs.map(\.summary.clockStep).max() ?? .zero
            )
            merged = try SegmentReader(
                storage,
                name: job.name,
                cache: blockCache,
                engines: engines
            )
        } catch {
            throw .output(error)
        }
        rewriting.withLock { $0.storedMs[merged.name] = wallClock.nowMs() }
        // Queries take head and segments under the head's lock: they see the old or the new.
        head.withLock { _ in
            sealed.withLock { segments in
                segments.removeAll { segment in job.inputs.contains { $0 === segment } }
                segments.append(merged)
                segments.sort { $0.range.after < $1.range.after }
            }
        }
        book.withLock { $0.note(merged: job.range) }
        readers.withLock { $0.forget(job.inputs.map(\.path)) }
        do throws(StoreError) {
            try storage.remove(names)
        } catch {
            // Both are there; a start keeps the merged one, and until then it is tried again.
            log.warn("cannot remove merged segments", ("cause", "\(error)"))
            rewriting.withLock { $0.leftOver.formUnion(names) }
        }
        return merged
    }

    // What a merge replaced must be gone before its result may be merged again: a start knows only
    // what the newest one replaced.
    private func removeLeftOver() {
        let names = rewriting.withLock { $0.leftOver }
        guard !names.isEmpty else { return }
        do throws(StoreError) {
            try storage.remove(names.sorted())
            rewriting.withLock { $0.leftOver.subtract(names) }
        } catch {
            return  // said when it failed first
        }
    }
}
