// Turns host collections into batches: asks for handles only when the list of series changed, and
// marks what is gone.

public import Model

/// The memory of one stream of host batches.
///
/// Use it from one place: `batch(of:)`, append it, then `confirm()`; or, when the store answers that
/// it no longer knows some series, `forgetHandles()` and both again.
public struct HostIntake: Sendable {
    private struct Known: Sendable {
        var layout = 0
        var series: [Labels] = []
        var admissions: [SeriesAdmission] = []
        var families = 0
    }

    /// The stream that the batches belong to.
    public let stream: StreamHandle
    private let sink: any SampleSink
    private let job: String
    private var known: [String: Known] = [:]
    // Series that were stored, are gone, and have no marker in the store yet.
    private var gone: Set<Labels> = []

    /// Opens the host's stream; `job` is what metadata is noted under.
    public init(_ sink: any SampleSink, job: String = "node") {
        self.sink = sink
        self.job = job
        stream = sink.openStream(.host)
    }

    /// The batch of the parts that were collected at `time`: their samples, then stale markers for
    /// what is gone.
    ///
    /// Parts that are not among them keep their series.
    public mutating func batch(of parts: [HostPart], at time: Timestamp) -> SampleBatch {
        var batch = SampleBatch(stream: stream, time: time, generatedMarkers: true)
        let count = parts.reduce(0) { $0 + $1.values.count }
        batch.series.reserveCapacity(count)
        batch.values.reserveCapacity(count)
        var refusals: [DropReason: Int] = [:]
        for part in parts {
            let known = admitted(part)
            for (admission, value) in zip(known.admissions, part.values) {
                switch admission {
                case .admitted(let handle):
                    batch.series.append(handle)
                    batch.values.append(value)
                case .refused(let reason): refusals[reason, default: 0] += 1
                }
            }
        }
        addMarkers(to: &batch)
        batch.droppedBefore = DropReason.allCases.compactMap { reason in
            refusals[reason].map { DropCount(reason, $0) }
        }
        return batch
    }

    /// The last batch is stored, or refused for good: its markers need not come again.
    public mutating func confirm() {
        gone = []
    }

    /// Asks for every handle again at the next batch.
    public mutating func forgetHandles() {
        for name in known.keys { known[name]?.layout = 0 }
    }

    private mutating func admitted(_ part: HostPart) -> Known {
        let before = known[part.collector] ?? Known()
        if before.layout == part.layout { return before }
        var now = before
        now.layout = part.layout
        now.series = part.series
        now.admissions = sink.admit(part.series)
        for family in part.families.dropFirst(before.families) {
            sink.noteMetadata(job: job, family: family.name, .kind(family.kind))
            sink.noteMetadata(job: job, family: family.name, .help(family.help))
        }
        now.families = part.families.count
        known[part.collector] = now
        gone.formUnion(before.series)
        gone.subtract(now.series)
        return now
    }

    private func addMarkers(to batch: inout SampleBatch) {
        guard !gone.isEmpty else { return }
        for admission in sink.admit(gone.sorted()) {
            guard case .admitted(let handle) = admission else { continue }
            batch.series.append(handle)
            batch.values.append(StaleMarker.value)
        }
    }
}
