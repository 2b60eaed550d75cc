// A start that goes on while the store already answers. Architecture section 5, "Recovery".
internal import Model
internal import Platform

extension Database {
    /// What recovery found, so far while the replay goes on.
    public var recovery: RecoveryReport {
        var report = replay.report
        if isReplaying { report.quarantined = quarantine.count }
        return report
    }

    /// How far the batches of earlier starts are back in memory.
    public var replayProgress: ReplayProgress { replay.progress(wallClock.nowMs()) }

    /// Whether batches of earlier starts are still on their way back into memory.
    ///
    /// Until it is over queries see the segments and what was replayed so far, and say so among their
    /// warnings; the feed gives what lies in segments; `append`, `snapshot` and `takeOutKnown` wait;
    /// nothing is rotated, merged or deleted.
    public var isReplaying: Bool { !replay.isOver }

    /// Blocks until the replay is over; returns at once where it is.
    public func waitUntilReplayed() {
        replay.wait()
    }

    /// Calls once the replay is over, from its thread; at once where it is over already.
    ///
    /// The call must only nudge who waits, and not close the store.
    public func whenReplayed(_ call: @escaping @Sendable () -> Void) {
        replay.whenOver(call)
    }

    /// The number before the first one of this start: all batches of earlier starts come before it.
    var firstOfStart: SequenceNumber { SequenceNumber(start: identity.lastStart, count: 0) }

    /// Replays: here, or on a thread that does not keep the store alive.
    func replayBuffer() {
        let plan = replay.plan
        let bytes = replay.progress(0).totalBytes
        if bytes > 0 {
            log.info(
                "the write buffer is being replayed",
                ("parts", "\(plan.parts.count)"),
                ("bytes", "\(bytes)"),
                ("segments", "\(plan.report.segments)")
            )
        }
        guard options.replaysInBackground else {
            var replay = Replay(plan, options)
            while replay.step(self) {}
            return
        }
        do throws(Errno) {
            let options = options
            replay.bind(
                try NamedThread(name: "tsdb-replay") { [weak self] in
                    var replay = Replay(plan, options)
                    while let database = self, replay.step(database) {}
                }
            )
        } catch {
            preconditionFailure("BUG: no thread for the replay: \(error)")
        }
    }

    /// Makes the store ready for its first batch.
    ///
    /// `settle` states where the sequence and the open epoch stand.
    func openForAppends(_ settle: (inout WriterState) -> Void) {
        // What a killed process left to the kernel is given out from now on: a power cut must not take
        // it.
        if options.sync != .never, !options.isReadOnly {
            // Where it does not become so, the first sync of the open store seals it.
            do throws(BufferLoss) {
                try buffer.sync(against: .powerCut)
            } catch {
                log.error(
                    "cannot make the buffer of an earlier start durable",
                    ("path", error.path),
                    ("cause", "\(error.cause)")
                )
            }
        }
        writer.withLock { writer in
            settle(&writer)
            ring.withLock { ring in
                ring = FeedRing(after: writer.lastNumber, byteLimit: options.feedMemoryBytes)
            }
            writer.isReplaying = false
            if !writer.isClosed { beginPart(&writer) }
        }
        writeBook()
        if options.runsMaintenance, !options.isReadOnly { maintenance.start(self) }
    }

    /// Says that the replay is over, to all who wait for it.
    func endReplay(_ phase: ReplayProgress.Phase, _ report: RecoveryReport) {
        var report = report
        report.quarantined = quarantine.count
        replay.open(phase, report, nowMs: wallClock.nowMs())
        let progress = replay.progress(0)
        if progress.totalBytes > 0 {
            log.info(
                phase == .done
                    ? "the write buffer is replayed"
                    : "the replay of the write buffer is left to the next start",
                ("batches", "\(report.replayedBatches)"),
                ("samples", "\(report.replayedSamples)"),
                ("sealed_batches", "\(report.sealedBatches)"),
                ("lost_batches", "\(report.lostBatches)"),
                ("head_bytes", "\(report.headBytes)"),
                ("ms", "\(progress.tookMs)")
            )
        }
        for wake in subscribers.withLock({ $0.all }) { wake() }
        wakeSealedReaders()
    }
}
