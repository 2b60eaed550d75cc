// Where collected samples go. The store stands behind it; the adapter is Agent's.
public import Model

/// Whether a series may have samples.
public enum SeriesAdmission: Hashable, Sendable {
    /// Samples of the series carry this handle.
    case admitted(SeriesHandle)
    /// Its samples are not stored; they are counted in `SampleBatch.droppedBefore`.
    case refused(DropReason)
}

/// One thing that an exporter said about a metric family.
public enum MetadataNote: Hashable, Sendable {
    case kind(MetricKind)
    case help(String)
    case unit(String)
}

/// Takes samples.
///
/// None of the synchronous calls may block: they are made on the event loop.
public protocol SampleSink: Sendable {
    /// Starts a stream of batches that count for `source`.
    func openStream(_ source: SourceName) -> StreamHandle

    /// Ends a stream; no batch of it comes any more.
    func closeStream(_ stream: StreamHandle)

    /// Admits series, one answer each, in order.
    func admit(_ series: [Labels]) -> [SeriesAdmission]

    /// Stores a batch, and returns when it is acknowledged or refused.
    func append(_ batch: consuming SampleBatch) async -> AppendOutcome

    /// Takes what became known of a metric family; the same note may come again.
    func noteMetadata(job: String, family: String, _ note: MetadataNote)
}
