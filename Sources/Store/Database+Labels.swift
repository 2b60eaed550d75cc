// Appending by labels, for who has few samples or embeds the store and wants no handles to look after.
public import Model

/// One sample as a program has it: whose, when, what.
public struct LabelledSample: Sendable {
    /// The series.
    public var labels: Labels
    /// When.
    public var time: Timestamp
    /// What.
    public var value: Double

    /// Makes a sample.
    public init(_ labels: Labels, at time: Timestamp, _ value: Double) {
        self.labels = labels
        self.time = time
        self.value = value
    }
}

extension Database {
    /// Stores samples as one batch, whatever their series and times.
    ///
    /// Looks every series up by its labels: who brings the same series again and again keeps their
    /// handles and appends a `SampleBatch`, which costs a tenth.
    ///
    /// - Parameters:
    ///   - samples: series that are new are made.
    ///   - stream: who brings them.
    /// - Returns: as `append(_:)`, but never `.unknownSeries`; samples of series over a limit are among
    ///   the dropped.
    public func append(_ samples: [LabelledSample], to stream: StreamHandle) -> AppendOutcome {
        var batch = SampleBatch(stream: stream, time: samples.map(\.time).max() ?? Timestamp(ms: 0))
        // A series that was let go between asking for its handle and storing is asked for again.
        for _ in 0..<8 {
            fill(&batch, with: samples)
            let outcome = append(batch)
            if case .unknownSeries = outcome { continue }
            return outcome
        }
        return .refused(.overload)
    }

    private func fill(_ batch: inout SampleBatch, with samples: [LabelledSample]) {
        batch.series.removeAll(keepingCapacity: true)
        batch.values.removeAll(keepingCapacity: true)
        batch.times.removeAll(keepingCapacity: true)
        var refused: [DropReason: Int] = [:]
        for (sample, handle) in zip(samples, handles(for: samples.map(\.labels))) {
            switch handle {
            case .failure(let refusal): refused[refusal.reason, default: 0] += 1
            case .success(let handle):
                batch.series.append(handle)
                batch.times.append(sample.time.ms)
                batch.values.append(sample.value)
            }
        }
        batch.droppedBefore = refused.map { DropCount($0.key, $0.value) }
            .sorted { $0.reason.rawValue < $1.reason.rawValue }
    }
}
