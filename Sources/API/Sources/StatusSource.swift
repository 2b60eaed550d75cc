// What the API tells about the agent itself.
public import Model

/// Knows the agent's state.
public protocol StatusSource: Sendable {
    /// Which requests the agent takes.
    func servingPhase() -> ServingPhase
    /// How far the write buffer of the last start is back in memory.
    func replay() -> ReplayStatus
    /// How it runs.
    func runtimeInfo() async -> RuntimeInfo
    /// The configuration as loaded, without secrets.
    func configText() async -> String
    /// The settings in force, name and text, in order of name.
    func flags() async -> [(name: String, value: String)]
    /// Numbers of the database; `limit`, at least 1, is the length of each list.
    func storeStatus(limit: Int) async -> StoreStatus
    /// The host collectors as exposition text; nil when they are disabled.
    func hostText() async -> [UInt8]?
    /// Loads the configuration anew; nil when that worked, else why not (nothing has changed then).
    func reload() async -> String?
    /// Makes a copy of the store as it is now, beside it.
    func snapshot() async -> SnapshotOutcome
}

/// Which requests are taken.
public enum ServingPhase: Sendable, Hashable {
    /// Probes and metrics only: it starts or stops.
    case down
    /// What is asked, but nothing that is stored: the write buffer is being replayed.
    case replaying
    /// All.
    case ready
}

/// How far the replay of the write buffer is.
public struct ReplayStatus: Sendable, Hashable {
    /// Bytes that were read.
    public var readBytes: Int64
    /// Bytes that there are.
    public var totalBytes: Int64

    /// Makes the record.
    public init(readBytes: Int64, totalBytes: Int64) {
        self.readBytes = readBytes
        self.totalBytes = totalBytes
    }
}

/// How a snapshot ended.
public enum SnapshotOutcome: Sendable, Hashable {
    /// It is a directory of this name under `snapshots` in the base path.
    case made(name: String)
    /// What kept it from being made.
    case failed(String)
}

/// Name and version of the program.
public struct BuildInfo: Sendable {
    /// Such as `0.1.0`.
    public var version: String
    /// The commit.
    public var revision: String
    /// The branch.
    public var branch: String
    /// When it was built.
    public var buildDate: String

    /// Makes the record.
    public init(
        version: String,
        revision: String = "",
        branch: String = "",
        buildDate: String = ""
    ) {
        self.version = version
        self.revision = revision
        self.branch = branch
        self.buildDate = buildDate
    }
}

/// How the agent runs.
public struct RuntimeInfo: Sendable {
    /// When it started.
    public var startTime: Timestamp
    /// The working directory.
    public var workingDirectory: String
    /// The host's name.
    public var hostName: String
    /// Whether the last reload worked.
    public var reloadSucceeded: Bool
    /// When the configuration was last loaded.
    public var lastConfigTime: Timestamp
    /// Damaged files moved aside since the start.
    public var corruptions: Int
    /// Such as `15d or 4GB`.
    public var storageRetention: String

    /// Makes the record.
    public init(
        startTime: Timestamp,
        workingDirectory: String,
        hostName: String,
        reloadSucceeded: Bool,
        lastConfigTime: Timestamp,
        corruptions: Int,
        storageRetention: String
    ) {
        self.startTime = startTime
        self.workingDirectory = workingDirectory
        self.hostName = hostName
        self.reloadSucceeded = reloadSucceeded
        self.lastConfigTime = lastConfigTime
        self.corruptions = corruptions
        self.storageRetention = storageRetention
    }
}

/// Numbers of the database, as `/api/v1/status/tsdb` shows them.
public struct StoreStatus: Sendable {
    /// A name with a count.
    public struct Count: Sendable {
        /// What is counted.
        public var name: String
        /// How many.
        public var value: Int

        /// Makes a count.
        public init(_ name: String, _ value: Int) {
            self.name = name
            self.value = value
        }
    }

    /// Series in the head.
    public var series = 0
    /// Distinct pairs of label name and value in the head.
    public var labelPairs = 0
    /// Chunks in the head.
    public var chunks = 0
    /// The head's times; nil when it is empty.
    public var range: TimeRange?
    /// The metrics with the most series, descending.
    public var seriesByMetric: [Count] = []
    /// The labels with the most values, descending.
    public var valuesByLabel: [Count] = []
    /// The labels whose values take the most bytes, descending.
    public var bytesByLabel: [Count] = []
    /// The pairs `name=value` with the most series, descending.
    public var seriesByPair: [Count] = []

    /// Starts empty.
    public init() {}
}
