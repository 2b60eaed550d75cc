// What the API tells about scrape targets.
public import Model

/// Knows the targets of all scrape jobs.
public protocol TargetsSource: Sendable {
    /// All targets, in order of job and URL.
    func targets() async -> TargetsReport
}

/// The targets of all jobs at one moment.
public struct TargetsReport: Sendable {
    /// Targets that are scraped.
    public var active: [ActiveTarget]
    /// Targets that relabelling dropped.
    public var dropped: [DroppedTarget]

    /// Makes a report.
    public init(active: [ActiveTarget] = [], dropped: [DroppedTarget] = []) {
        self.active = active
        self.dropped = dropped
    }
}

/// A target that is scraped, and how its last scrape went.
public struct ActiveTarget: Sendable {
    /// Whether the last scrape worked.
    public enum Health: String, Sendable {
        case unknown, up, down
    }

    /// Labels as discovered, before relabelling.
    public var discoveredLabels: Labels
    /// Labels that its series get.
    public var labels: Labels
    /// The job.
    public var scrapePool: String
    /// The URL, without user and password.
    public var scrapeURL: String
    /// Why the last scrape failed; empty when it did not.
    public var lastError = ""
    /// When the last scrape began; nil before the first.
    public var lastScrape: Timestamp?
    /// How long it took, in seconds.
    public var lastScrapeSeconds = 0.0
    /// How it went.
    public var health = Health.unknown
    /// Between scrapes, in milliseconds.
    public var intervalMs: Int64
    /// For a scrape, in milliseconds.
    public var timeoutMs: Int64

    /// Makes a target that was not scraped yet.
    public init(
        discoveredLabels: Labels,
        labels: Labels,
        scrapePool: String,
        scrapeURL: String,
        intervalMs: Int64,
        timeoutMs: Int64
    ) {
        self.discoveredLabels = discoveredLabels
        self.labels = labels
        self.scrapePool = scrapePool
        self.scrapeURL = scrapeURL
        self.intervalMs = intervalMs
        self.timeoutMs = timeoutMs
    }
}

/// A target that relabelling dropped.
public struct DroppedTarget: Sendable {
    /// Labels as discovered.
    public var discoveredLabels: Labels
    /// The job.
    public var scrapePool: String

    /// Makes a dropped target.
    public init(discoveredLabels: Labels, scrapePool: String) {
        self.discoveredLabels = discoveredLabels
        self.scrapePool = scrapePool
    }
}
