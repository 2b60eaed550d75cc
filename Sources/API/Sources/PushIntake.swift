// Where pushed samples go.
public import Model

/// Takes what was pushed into the store.
public protocol PushIntake: Sendable {
    /// Stores a push as one batch, and answers once it is acknowledged (architecture, section 5).
    ///
    /// Samples of any age are welcome; stale-marker bits are kept.
    func take(_ push: Push) async -> PushOutcome
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
    /// Some of it is refused for good, such as series over a limit; the rest is stored.
    case rejected(reason: String)
    /// Too fast: try all of it again later.
    case busy(retryAfterSeconds: Int)
    /// Cannot store now, for instance with a full disk: try all of it again later.
    case unavailable(reason: String, retryAfterSeconds: Int)
}
