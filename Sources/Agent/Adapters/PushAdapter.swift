// Pushes on their way into the store: one push is one batch.
import API
import Model
import Store

/// Takes pushed series.
final class PushAdapter: PushIntake, Sendable {
    private let database: Database
    private let writer: StoreWriter
    private let metadata: MetadataBook
    private let stream: StreamHandle

    init(_ database: Database, _ writer: StoreWriter, _ metadata: MetadataBook) {
        self.database = database
        self.writer = writer
        self.metadata = metadata
        stream = database.openStream(.push)
    }

    func take(_ push: Push) async -> PushOutcome {
        for description in push.metadata {
            for entry in description.entries { metadata.note(description.name, entry) }
        }
        // A series that was let go between asking for its handle and storing is asked for again.
        for _ in 0..<3 {
            let (batch, refused) = batch(of: push)
            if batch.count == 0, batch.droppedBefore.isEmpty { return .stored }
            switch await writer.append(batch) {
            case .stored(_, let dropped):
                return PushAdapter.outcome(dropped, refused)
            case .unknownSeries: continue
            case .refused(.overload): return .busy(retryAfterSeconds: 1)
            case .refused(let reason):
                return .unavailable(
                    reason: "the write buffer cannot be written (\(reason.text))",
                    retryAfterSeconds: 5
                )
            }
        }
        return .busy(retryAfterSeconds: 1)
    }

    private func batch(of push: Push) -> (SampleBatch, refused: [DropReason: Int]) {
        let handles = database.handles(for: push.series.map(\.labels))
        var batch = SampleBatch(stream: stream, time: Timestamp(ms: push.series.newestMs))
        var refused: [DropReason: Int] = [:]
        for (series, handle) in zip(push.series, handles) {
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
        return (batch, refused)
    }

    // Duplicates are what a repeated push brings; conflicts and limits the sender should know of.
    private static func outcome(_ dropped: [DropCount], _ refused: [DropReason: Int]) -> PushOutcome
    {
        let told = dropped.filter { $0.reason != .duplicate }
        guard !told.isEmpty else { return .stored }
        let text = told.map { "\($0.count) \($0.reason.text)" }.joined(separator: ", ")
        return .rejected(reason: "samples not stored: \(text)")
    }
}

extension [PushedSeries] {
    fileprivate var newestMs: Int64 { lazy.compactMap { $0.samples.times.max() }.max() ?? 0 }
}
