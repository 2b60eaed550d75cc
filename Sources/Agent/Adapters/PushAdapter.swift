// Pushes on their way into the store: one push is one batch.
import API
import Model
import Platform
import Store

/// Takes pushed series.
final class PushAdapter: PushIntake, Sendable {
    private let database: Database
    private let writer: StoreWriter
    private let metadata: MetadataBook
    private let stream: StreamHandle
    private let workers: BlockingPool

    /// Takes pushes; `workers` read from disk what an import has to be compared with.
    init(
        _ database: Database,
        _ writer: StoreWriter,
        _ metadata: MetadataBook,
        workers: BlockingPool
    ) {
        self.database = database
        self.workers = workers
        self.writer = writer
        self.metadata = metadata
        stream = database.openStream(.push)
    }

    func take(_ push: Push) async -> PushOutcome {
        for description in push.metadata {
            for entry in description.entries { metadata.note(description.name, entry) }
        }
        switch await store(push.series) {
        case .success(let kept): return PushAdapter.outcome(kept.dropped)
        case .failure(let later): return later.outcome
        }
    }

    func takeMissing(_ push: Push) async -> ImportOutcome {
        let database = database
        let series = push.series.map { (labels: $0.labels, samples: $0.samples) }
        let missing: [PushedSeries]
        var report = ImportReport()
        do throws(SegmentError) {
            let (left, known) = try await workers.run { () throws(SegmentError) in
                var left = series
                let known = try database.takeOutKnown(&left)
                return (left.map { PushedSeries(labels: $0.labels, samples: $0.samples) }, known)
            }
            missing = left
            report.add(known)
        } catch {
            return .later(.unavailable(reason: "\(error)", retryAfterSeconds: 5))
        }
        switch await store(missing) {
        case .success(let kept):
            report.stored = kept.stored
            report.add(kept.dropped)
            return .done(report)
        case .failure(let later): return .later(later.outcome)
        }
    }

    private struct Kept {
        var stored = 0
        /// Refused series among them.
        var dropped: [DropCount] = []
    }

    private struct Later: Error {
        let outcome: PushOutcome
    }

    private func store(_ series: [PushedSeries]) async -> Result<Kept, Later> {
        // A series that was let go between asking for its handle and storing is asked for again.
        for _ in 0..<3 {
            let batch = batch(of: series)
            if batch.count == 0, batch.droppedBefore.isEmpty { return .success(Kept()) }
            switch await writer.append(batch) {
            case .stored(let count, let dropped):
                return .success(Kept(stored: count, dropped: dropped))
            case .unknownSeries: continue
            case .refused(.overload): return .failure(Later(outcome: .busy(retryAfterSeconds: 1)))
            case .refused(let reason):
                return .failure(
                    Later(
                        outcome: .unavailable(
                            reason: "the write buffer cannot be written (\(reason.text))",
                            retryAfterSeconds: 5
                        )
                    )
                )
            }
        }
        return .failure(Later(outcome: .busy(retryAfterSeconds: 1)))
    }

    private func batch(of pushed: [PushedSeries]) -> SampleBatch {
        let handles = database.handles(for: pushed.map(\.labels))
        var batch = SampleBatch(stream: stream, time: Timestamp(ms: pushed.newestMs))
        var refused: [DropReason: Int] = [:]
        for (series, handle) in zip(pushed, handles) {
            switch handle {
            case .failure(let refusal):
                refused[refusal.reason, default: 0] += series.samples.count
            case .success(let handle):
                for index in 0..<series.samples.count {
                    batch.series.append(handle)
                    batch.times.append(series.samples.times[index])
                    batch.values.append(series.samples.values[index])
                }
            }
        }
        batch.droppedBefore = refused.map { DropCount($0.key, $0.value) }
            .sorted { $0.reason.rawValue < $1.reason.rawValue }
        return batch
    }

    // Duplicates are what a repeated push brings; conflicts and limits the sender should know of.
    private static func outcome(_ dropped: [DropCount]) -> PushOutcome {
        let told = dropped.filter { $0.reason != .duplicate }
        guard !told.isEmpty else { return .stored }
        let text = told.map { "\($0.count) \($0.reason.text)" }.joined(separator: ", ")
        return .rejected(
            reason: "samples not stored: \(text)",
            samples: told.reduce(0) { $0 + $1.count }
        )
    }
}

extension [PushedSeries] {
    fileprivate var newestMs: Int64 { lazy.compactMap { $0.samples.times.max() }.max() ?? 0 }
}

extension ImportReport {
    /// Counts what was left out.
    mutating func add(_ known: KnownSamples) {
        duplicates += known.duplicates
        conflicts += known.conflicts
    }

    /// Counts what the store dropped.
    mutating func add(_ drops: [DropCount]) {
        for drop in drops {
            switch drop.reason {
            case .duplicate: duplicates += drop.count
            case .conflict: conflicts += drop.count
            default: dropped[drop.reason.text, default: 0] += drop.count
            }
        }
    }
}
