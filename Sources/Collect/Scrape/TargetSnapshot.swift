// What /api/v1/targets shows of a target.
public import Model

/// Whether a target answers.
public enum TargetHealth: String, Sendable {
    case unknown, up, down
}

/// One target as it stands.
public struct TargetSnapshot: Sendable, Equatable {
    /// The job's name.
    public var job: String
    /// What its series get.
    public var labels: Labels
    /// Before rewriting.
    public var discoveredLabels: Labels
    /// What is asked for.
    public var scrapeURL: String
    /// The result of the last scrape.
    public var health = TargetHealth.unknown
    /// Why the last scrape failed, empty when it did not.
    public var lastError = ""
    /// When the last scrape began, nil before the first.
    public var lastScrape: Timestamp?
    /// How long it took.
    public var lastDurationSeconds = 0.0
    /// From one scrape to the next; milliseconds.
    public var intervalMs: Int64
    /// For one scrape; milliseconds.
    public var timeoutMs: Int64
    /// Samples in the last text.
    public var lastSamples = 0

    init(_ target: Target, job: String) {
        self.job = job
        labels = target.labels
        discoveredLabels = target.discovered
        scrapeURL = target.url
        intervalMs = target.intervalMs
        timeoutMs = target.timeoutMs
    }
}
