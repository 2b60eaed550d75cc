// The settings of the cold rewrite: `[compression]` and two keys of `[storage]` of agent.toml.

/// When and how fast sealed segments are merged into large ones.
public struct RewriteOptions: Sendable, Equatable {
    /// Whether it runs at all.
    public var isEnabled = true
    /// A segment rests so long after it was sealed, in milliseconds.
    public var delayMs: Int64 = 300_000
    /// The newest sample of a segment must be so old, in milliseconds.
    public var minAgeMs: Int64 = 3_600_000
    /// Threads that rewrite.
    public var workerCount = 1
    /// How often the threads look for work, in milliseconds.
    public var scanIntervalMs: Int64 = 300_000
    /// Chunks that a thread reads in one interval at most; the rest of a merge waits for the next.
    public var chunksPerScan = 100_000
    /// Bytes that a thread reads and writes a second at most.
    public var bytesPerSecond: Int64 = 32 << 20

    /// The settings of agent.toml.
    public init() {}
}

/// What was merged since the start.
public struct RewriteStatistics: Sendable, Equatable {
    /// Segments that merges wrote.
    public var segments = 0
    /// Segments that they replaced.
    public var inputs = 0
    /// Bytes that they wrote.
    public var writtenBytes = 0
    /// Merges that could not be written.
    public var failures = 0
    /// Bytes written to segments for each byte that was kept of them, the sealing counted; nil before
    /// the first merge.
    public var writeAmplification: Double?

    /// Nothing merged.
    public init() {}

    init(_ counters: RewriteCounters) {
        segments = counters.segments
        inputs = counters.inputs
        writtenBytes = counters.writtenBytes
        failures = counters.failures
        let kept = counters.writtenBytes - counters.coldBytes
        if kept > 0 {
            let written = counters.hotBytes + counters.writtenBytes
            writeAmplification = Double(written) / Double(kept)
        }
    }
}
