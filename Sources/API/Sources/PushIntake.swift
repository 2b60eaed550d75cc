// Where pushed samples go.
public import Model

/// Takes what was pushed into the store.
public protocol PushIntake: Sendable {
    /// Stores a push as one batch, and answers once it is acknowledged (architecture, section 5).
    ///
    /// Samples of any age are welcome; stale-marker bits are kept.
    func take(_ push: Push) async -> PushOutcome

    /// As `take`, but for samples that the store has already, sealed ones among them: these are left
    /// out and counted, so that a history can be brought twice.
    func takeMissing(_ push: Push) async -> ImportOutcome
}

/// What became of the samples of an import.
public struct ImportReport: Sendable, Hashable {
    /// New ones.
    public var stored = 0
    /// Those that the store had with the same bits.
    public var duplicates = 0
    /// Those that the store had with another value, which stays.
    public var conflicts = 0
    /// Those that were dropped, by the ledger's word for the reason.
    public var dropped: [String: Int] = [:]

    /// Starts at zero.
    public init() {}

    /// All counts under the names that they have in JSON, the reasons sorted.
    public var counts: [(name: String, count: Int)] {
        [("stored", stored), ("duplicate", duplicates), ("conflict", conflicts)]
            + dropped.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

/// How an import ended.
public enum ImportOutcome: Sendable, Hashable {
    /// All of it is acknowledged or counted.
    case done(ImportReport)
    /// Nothing of it is stored: try all of it again later.
    case later(PushOutcome)
}

/// What one push brought.
public struct Push: Sendable {
    /// The series with their samples.
    public var series: [PushedSeries]
    /// Type, help and unit of metrics, where the push has them.
    public var metadata: [MetricDescription]

    /// Makes a push.
    public init(series: [PushedSeries] = [], metadata: [MetricDescription] = []) {
        self.series = series
        self.metadata = metadata
    }

    /// The number of samples in all series.
    public var sampleCount: Int { series.reduce(0) { $0 + $1.samples.count } }
}

/// One pushed series.
public struct PushedSeries: Sendable {
    /// With a metric name.
    public var labels: Labels
    /// In the order in which they came, which need not be ascending.
    public var samples: SampleColumns

    /// Makes a series.
    public init(labels: Labels, samples: SampleColumns) {
        self.labels = labels
        self.samples = samples
    }
}

/// What became of a push.
public enum PushOutcome: Sendable, Hashable {
    /// Acknowledged: it survives a crash as the buffer's fsync policy says.
    case stored
    /// So many samples are refused for good, such as of series over a limit; the rest is stored.
    case rejected(reason: String, samples: Int)
    /// Too fast: try all of it again later.
    case busy(retryAfterSeconds: Int)
    /// Cannot store now, for instance with a full disk: try all of it again later.
    case unavailable(reason: String, retryAfterSeconds: Int)
}
