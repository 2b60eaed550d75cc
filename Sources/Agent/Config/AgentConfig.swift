// The configuration as the file states it, with every default, in the units of the file's keys.
// Plain values: Wiring turns them into the options of the floors below.

/// A whole configuration.
///
/// Its defaults are those of an empty file.
public struct AgentConfig: Sendable, Equatable {
    public var agent = AgentSection()
    public var api = APISection()
    public var storage = StorageSection()
    public var buffer = BufferSection()
    public var index = IndexSection()
    public var compression = CompressionSection()
    public var cache = CacheSection()
    public var security = SecuritySection()
    public var host = HostSection()
    public var global = GlobalSection()
    /// `[[scrape_configs]]`, in the order of the file.
    public var scrapeConfigs: [ScrapeSection] = []
    /// `[[forward]]`, in the order of the file.
    public var forward: [ForwardSection] = []

    /// What an empty file says.
    public init() {}

    /// What the block cache may hold, by whichever of its two names it was given.
    var cacheMaxBytes: Int64 { storage.cacheSizeMB.map { $0 << 20 } ?? cache.maxBytes }

    /// What holds without any file: the host and the agent itself, no forwarding.
    public static var withoutFile: AgentConfig {
        var config = AgentConfig()
        config.agent.selfIntervalMs = 15_000
        return config
    }
}

/// `[agent]`.
public struct AgentSection: Sendable, Equatable {
    public enum LogFormat: String, Sendable, CaseIterable {
        case logfmt, json
    }
    public enum LogLevel: String, Sendable, CaseIterable {
        case debug, info, warn, error
    }

    /// Identity; empty means the host name.
    public var instance = ""
    public var logLevel = LogLevel.info
    public var logFormat = LogFormat.logfmt
    /// How often the agent's own metrics go into the store; 0 means not.
    public var selfIntervalMs: Int64 = 0
}

/// `[api]`.
public struct APISection: Sendable, Equatable {
    /// `127.0.0.1:9477`, `[::1]:9477` or `unix:/run/tsdb-agent/api.sock`.
    public var listen = ["127.0.0.1:9477"]
    /// Empty means that no token is asked for.
    public var bearerTokenFile = ""
    /// Holds a second token that only pushes may use; empty means none.
    public var writeTokenFile = ""
    public var allowUnauthenticated = false
    public var maxConnections: Int64 = 512
    public var queryTimeoutMs: Int64 = 30_000
    public var queryMaxSamples: Int64 = 50_000_000
    public var queryMaxConcurrency: Int64 = 4
    public var queryLookbackMs: Int64 = 300_000
    public var corsOrigins: [String] = []
}

/// `[storage]`.
public struct StorageSection: Sendable, Equatable {
    public enum ReadMode: String, Sendable, CaseIterable {
        case mmap, pread
    }

    public var basePath = "tsdb-data"
    /// Bytes of one chunk.
    public var chunkSizeLimit: Int64 = 1_048_576
    public var chunkTimeLimitMs: Int64 = 3_600_000
    public var chunkPointLimit: Int64 = 10_000
    /// 0 means for ever.
    public var retentionTimeMs: Int64 = 15 * 86_400_000
    /// Bytes that everything under `basePath` may take; 0 means no cap.
    public var retentionSize: Int64 = 4 << 30
    /// Whether sealed segments are merged.
    public var compressionEnabled = true
    /// How segments are read.
    public var readMode = ReadMode.mmap
    /// Another name for `[cache] max_size_bytes`, in MiB; nil when unset.
    public var cacheSizeMB: Int64?
    /// How long a segment rests after it was sealed.
    public var compressionDelayMs: Int64 = 300_000
    /// Older samples are dropped; 0 takes any age.
    public var maxSampleAgeMs: Int64 = 0
    /// Bytes of the active chunks at which the head rotates.
    public var headSizeLimit: Int64 = 64 << 20
}

/// `[compression]`: the cold rewrite.
public struct CompressionSection: Sendable, Equatable {
    /// The newest sample of a segment must be so old before it is merged.
    public var minAgeMs: Int64 = 3_600_000
    public var workerCount: Int64 = 1
    public var scanIntervalMs: Int64 = 300_000
    public var maxChunksPerScan: Int64 = 100_000
}

/// `[cache]`: what is kept in memory of the segments' unpacked blocks.
public struct CacheSection: Sendable, Equatable {
    /// All of it, unless `storage.cache_size_mb` says so.
    public var maxBytes: Int64 = 64 << 20
    /// Parts with a lock of their own.
    public var shardCount: Int64 = 4
    /// Above `highWatermark`, a share of all of it, room is made down to this share.
    public var lowWatermark = 0.7
    public var highWatermark = 0.9
    /// How often that is looked at.
    public var evictionIntervalMs: Int64 = 1000
}

/// `[buffer]`: the write buffer that survives a crash.
public struct BufferSection: Sendable, Equatable {
    public enum Backend: String, Sendable, CaseIterable {
        case file
    }
    public enum Sync: String, Sendable, CaseIterable {
        case always, interval, never
    }

    public var backend = Backend.file
    public var fsync = Sync.interval
    public var fsyncIntervalMs: Int64 = 1000
    /// Bytes of the buffer at which the head rotates.
    public var maxSize: Int64 = 64 << 20
}

/// `[index]`.
public struct IndexSection: Sendable, Equatable {
    public enum Backend: String, Sendable, CaseIterable {
        case local
    }

    public var backend = Backend.local
}

/// `[security]`: limits beyond which single series are dropped and counted.
public struct SecuritySection: Sendable, Equatable {
    public var maxSeries: Int64 = 1_000_000
    public var maxLabelsPerSeries: Int64 = 64
    public var maxLabelNameLength: Int64 = 1024
    public var maxLabelValueLength: Int64 = 4096
}

/// `[global]`: what a job inherits.
public struct GlobalSection: Sendable, Equatable {
    public var scrapeIntervalMs: Int64 = 15_000
    /// nil means the smaller of 10 s and the interval.
    public var scrapeTimeoutMs: Int64?
    /// Added to everything that is forwarded, in order of name.
    public var externalLabels: [ConfigLabel] = []
}

/// `[host]`: the collectors of this machine.
public struct HostSection: Sendable, Equatable {
    public var enabled = true
    public var intervalMs: Int64 = 15_000
    public var procfs = "/proc"
    public var sysfs = "/sys"
    public var rootfs = "/"
    /// Empty means the default set; else names, where `-name` takes one from the default set.
    public var collectors: [String] = []
    /// Added to every series, in order of name.
    public var labels: [ConfigLabel] = []
    /// `[host.NAME]`, for those that the file mentions.
    public var tables: [String: CollectorSection] = [:]
}

/// `[host.NAME]`: what one collector does differently; nil means the collector's own default.
public struct CollectorSection: Sendable, Equatable {
    /// nil means the interval of `[host]`.
    public var intervalMs: Int64?
    /// Leaves out devices or mount points in whose names this pattern is found; empty excludes none.
    public var exclude: String?
    /// filesystem: leaves out file systems by their type.
    public var typesExclude: String?
    /// filesystem: how long a mount point may take to answer.
    public var timeoutMs: Int64?
}

/// A label as a configuration states it.
public struct ConfigLabel: Sendable, Equatable {
    public var name: String
    public var value: String

    /// Makes a label.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}
