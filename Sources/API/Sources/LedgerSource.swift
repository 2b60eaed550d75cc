// What the API tells of the ledger and of destinations.
public import Model

/// Knows what became of every sample.
public protocol LedgerSource: Sendable {
    /// The balance of every source and destination, counted now.
    func ledger() async -> LedgerReport
    /// Where every destination stands.
    func destinations() async -> [DestinationReport]
}

/// A count under a word: a reason, a status.
public struct NamedCount: Sendable, Hashable {
    /// The word.
    public var name: String
    /// Samples.
    public var count: Int64

    /// Makes a count.
    public init(_ name: String, _ count: Int64) {
        self.name = name
        self.count = count
    }
}

/// The ledger; all figures are samples.
public struct LedgerReport: Sendable {
    /// One source: in = stored + dropped.
    public struct Source: Sendable {
        /// Such as `scrape/node`, `host`, `push`, `self`, `generated`.
        public var name: String
        /// Samples that came in.
        public var brought: Int64
        /// Samples that were stored.
        public var stored: Int64
        /// The others, by reason.
        public var dropped: [NamedCount]

        /// Makes a row.
        public init(name: String, brought: Int64, stored: Int64, dropped: [NamedCount]) {
            self.name = name
            self.brought = brought
            self.stored = stored
            self.dropped = dropped
        }
    }

    /// One destination since its start: stored = all other terms.
    public struct Destination: Sendable {
        /// Its name.
        public var name: String
        /// Such as `remote_write`.
        public var kind: String
        /// Stored since it began.
        public var stored: Int64 = 0
        /// Taken by the receiver.
        public var acked: Int64 = 0
        /// Refused for good, by status.
        public var rejected: [NamedCount] = []
        /// Refused when sent again.
        public var ambiguous: Int64 = 0
        /// Not sent, by `write_relabel_configs`.
        public var filtered: Int64 = 0
        /// Not sent, by reason.
        public var skipped: [NamedCount] = []
        /// Gone before they were sent, by reason.
        public var expired: [NamedCount] = []
        /// What waits, counted in the store.
        public var pending: Int64 = 0
        /// Answered samples that a power cut or damage took from the store; part of `stored`.
        public var adjusted: Int64 = 0
        /// What is in none of the terms.
        public var difference: Int64 = 0
        /// Whether the terms can be compared yet.
        public var isSettled = false
        /// Why there are no figures; empty where there are.
        public var problem = ""

        /// Makes a row of zeros.
        public init(name: String, kind: String) {
            self.name = name
            self.kind = kind
        }
    }

    /// Whether all that was stored is known: not while the write buffer is replayed.
    public var isComplete = true
    /// Samples stored since the ledger began.
    public var stored: Int64 = 0
    /// Of them: those that damage took, nobody knows whose.
    public var lost: Int64 = 0
    /// In order of name.
    public var sources: [Source] = []
    /// In the configuration's order.
    public var destinations: [Destination] = []

    /// Starts empty.
    public init() {}
}

extension LedgerReport.Source {
    /// in = stored + dropped.
    public var difference: Int64 { brought - stored - dropped.reduce(0) { $0 + $1.count } }
}

extension LedgerReport {
    /// Whether all that is settled balances, and everything is settled.
    public var isBalanced: Bool {
        isComplete && sources.allSatisfy { $0.difference == 0 }
            && destinations.allSatisfy { $0.isSettled && $0.difference == 0 && $0.problem.isEmpty }
    }
}

/// Where a destination stands.
public struct DestinationReport: Sendable {
    /// Its name.
    public var name: String
    /// Such as `remote_write`.
    public var kind: String
    /// Where requests go, without secrets.
    public var url: String
    /// What it is doing.
    public var activity: String
    /// Everything up to here was answered; nil before its cursor is open.
    public var acked: String?
    /// The end of what is stored.
    public var end: String
    /// Samples that wait; nil where that cannot be counted now.
    public var pendingSamples: Int64?
    /// Age of the oldest sample that is known to wait, in seconds.
    public var lagSeconds: Double
    /// Requests under way.
    public var inFlight: Int
    /// Failures since the last answer that was none.
    public var failuresInRow: Int
    /// The status for which it is parked.
    public var parkedCode: Int?
    /// Since the agent's start.
    public var sentSamples: UInt64
    /// Likewise: those that were sent again.
    public var retriedSamples: UInt64
    /// Likewise.
    public var requests: UInt64
    /// Likewise: those that failed.
    public var failedRequests: UInt64
    /// Likewise.
    public var sentBytes: UInt64
    /// The message in which new requests go, of those that the receiver knows; nil where it has no name.
    public var message: String?
    /// What went wrong last; empty when nothing did.
    public var lastError: String
    /// When, in milliseconds since 1970 UTC.
    public var lastErrorMs: Int64?
    /// When the receiver last took something.
    public var lastSuccessMs: Int64?

    /// Makes a report.
    public init(
        name: String,
        kind: String,
        url: String,
        activity: String,
        acked: String?,
        end: String,
        pendingSamples: Int64?,
        lagSeconds: Double,
        inFlight: Int,
        failuresInRow: Int,
        parkedCode: Int?,
        sentSamples: UInt64,
        retriedSamples: UInt64,
        requests: UInt64,
        failedRequests: UInt64,
        sentBytes: UInt64,
        message: String?,
        lastError: String,
        lastErrorMs: Int64?,
        lastSuccessMs: Int64?
    ) {
        self.name = name
        self.kind = kind
        self.url = url
        self.activity = activity
        self.acked = acked
        self.end = end
        self.pendingSamples = pendingSamples
        self.lagSeconds = lagSeconds
        self.inFlight = inFlight
        self.failuresInRow = failuresInRow
        self.parkedCode = parkedCode
        self.sentSamples = sentSamples
        self.retriedSamples = retriedSamples
        self.requests = requests
        self.failedRequests = failedRequests
        self.sentBytes = sentBytes
        self.message = message
        self.lastError = lastError
        self.lastErrorMs = lastErrorMs
        self.lastSuccessMs = lastSuccessMs
    }
}
