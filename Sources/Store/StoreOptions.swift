// The store's settings: `[storage]` and `[buffer]` of agent.toml, each defined here and nowhere else.
public import Platform

/// When the write buffer is made durable.
public enum BufferSync: Sendable, Equatable {
    /// Before a batch is acknowledged.
    case always
    /// Every so many milliseconds; a power cut loses at most that.
    case interval(ms: Int64)
    /// When the kernel pleases.
    case never
}

/// How the bytes of sealed segments are read.
public enum ReadMode: Sendable, Equatable {
    /// Mapped into memory: the fastest; a disk that does not give a page ends the process (SIGBUS).
    case map
    /// With pread(2): such a page is a damaged part of one segment.
    case pread
}

/// Settings of a `Database`.
///
/// The defaults are those of `agent.toml`.
public struct StoreOptions: Sendable {
    /// The directory that holds everything; made when missing.
    public var basePath: String
    /// A chunk is closed at this many points, at the latest at `ChunkHeader.maximumPointCount`.
    public var chunkPointLimit = 10_000
    /// A chunk is closed at this many bytes.
    public var chunkSizeLimit = 1 << 20
    /// The head rotates when its epoch is this old, in milliseconds.
    public var chunkTimeLimitMs: Int64 = 3_600_000
    /// The head rotates at this many bytes of active chunks.
    public var headSizeLimit = 64 << 20
    /// The head rotates when the epoch's buffer has this many bytes.
    public var bufferMaxSize: Int64 = 64 << 20
    /// Whether batches are written to the buffer before they are acknowledged.
    ///
    /// Without it a batch is in memory only until its epoch is sealed, and `sync` says nothing: a
    /// crash, a kill, or a `close` that does not seal loses the open epoch. A reader of the feed
    /// that falls behind `feedMemoryBytes` waits for the segment.
    public var keepsBuffer = true
    /// When the buffer is made durable.
    public var sync = BufferSync.interval(ms: 1000)
    /// Segments whose newest sample is older are deleted; 0 keeps everything.
    ///
    /// In milliseconds.
    public var retentionMs: Int64 = 15 * 86_400_000
    /// What everything under `basePath` may take from the disk, in bytes; 0 for no cap.
    ///
    /// On a smaller disk nine tenths of it hold instead. Buffer and head rotate at an eighth of it
    /// at the latest, and merged segments have at most a sixteenth.
    public var retentionSize: Int64 = 4 << 30
    /// How sealed segments are read.
    public var readMode = ReadMode.map
    /// What is kept of the unpacked blocks of segments.
    public var cache = BlockCache.Limits()
    /// When and how fast sealed segments are merged.
    public var rewrite = RewriteOptions()
    /// Older samples are dropped{too_old}; 0 takes any age.
    ///
    /// In milliseconds.
    public var maxSampleAgeMs: Int64 = 0
    /// Samples further ahead are dropped{future} while the clock is synchronised.
    ///
    /// In milliseconds.
    public var maxAheadMs: Int64 = 600_000
    /// Series in the head at most.
    public var maxSeries = 1_000_000
    /// Limits of a new series' labels.
    public var maxLabelsPerSeries = 64
    public var maxLabelNameBytes = 1024
    public var maxLabelValueBytes = 4096
    /// Bytes of recent batches kept in memory for destinations that follow in step.
    public var feedMemoryBytes = 8 << 20
    /// Whether the directory is only read: nothing in it is changed, damage is left where it is, and
    /// appends are refused.
    ///
    /// Writers are kept out meanwhile; readers may share it. Without threads of its own.
    public var isReadOnly = false
    /// Whether the write buffer of the last start is replayed on a thread of the store's own, while the
    /// store already answers queries.
    ///
    /// Else opening returns when that is done. See `Database.isReplaying`.
    public var replaysInBackground = false
    /// Whether LOCK is taken; only stores in memory go without.
    public var locksDirectory = true
    /// Whether threads of the store's own sync, rotate, seal, merge and delete.
    ///
    /// Without them the owner calls `syncBuffer`, `maintain` and `rewrite`.
    public var runsMaintenance = true

    /// Settings with all defaults for a directory.
    public init(basePath: String) {
        self.basePath = basePath
    }
}

extension StoreOptions {
    /// The same with rotations early enough for a small cap: one epoch must not fill it.
    var withinCap: StoreOptions {
        guard retentionSize > 0 else { return self }
        var options = self
        let part = max(64 << 10, retentionSize / 8)
        options.bufferMaxSize = min(bufferMaxSize, part)
        options.headSizeLimit = min(headSizeLimit, Int(part))
        return options
    }
}
