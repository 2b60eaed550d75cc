// The embedded time-series database: head, write buffer, segments, one sequence. Façade of Store.
//
// Locks, always taken in this order: writer, head, ring. Only the writer's lock is held over write(2).
internal import Codec
public import Model
public import Platform
internal import Synchronization

/// A store in a directory: append batches, select samples, follow the feed.
///
/// All calls are synchronous, safe from any thread, and may block for a disk: not on an event loop,
/// but for `handles(for:)`, `openStream`, `closeStream` and the feed's `nextInMemory`.
public final class Database: Sendable {
    /// The settings it was opened with.
    public let options: StoreOptions
    /// What it is made of where there is a choice.
    public let engines: StoreEngines
    /// The store's name for ever.
    public let storeID: StoreID
    let identity: StoreIdentity
    let fileSystem: any FileSystem
    let wallClock: any WallClock
    let log: Logger
    let quarantine: Quarantine
    let storage: any StorageEngine
    let blockCache: BlockCache
    let buffer: any WriteBuffer
    let head: Lock<HeadState>
    let writer: Lock<WriterState>
    let ring: Lock<FeedRing>
    let pins = Lock<DestinationPins>(DestinationPins())
    let subscribers = Lock<Subscribers>(Subscribers())
    /// Those who read whole segments.
    let sealedSubscribers = Lock<Subscribers>(Subscribers())
    /// Whether there is one that follows batches, for those who do not want the lock.
    let hasSubscribers = Atomic<Bool>(false)
    let sealed: Lock<[SegmentReader]>
    /// Taken behind the writer's lock, before that of `sealed`.
    let book: Lock<LedgerBook>
    /// Held while the ledger file is written; whether that fails.
    let bookWriting = Lock<Bool>(false)
    let sealing = Lock<SealCounters>(SealCounters())
    let sealLock = Lock<Bool>(false)
    let rewriting = Lock<RewriteState>(RewriteState())
    let quota = Lock<QuotaState>(QuotaState())
    /// Bytes that may still be written before the cap, as last measured.
    let quotaRoom = Atomic<Int64>(.max)
    /// Held while segments are deleted, replaced or linked into a snapshot; taken before all others.
    let housekeeping = Lock<Void>(())
    let readers = Lock<FeedReaders>(FeedReaders())
    let headTable = HeadFeedTable()
    let retention: Lock<RetentionClock>
    let maintenance: Maintenance
    let replay: ReplayGate
    let isClockSynchronised: @Sendable () -> Bool
    private let lock: Lock<DirectoryLock?>

    /// Opens the store in `options.basePath`, makes it when there is none, and recovers what a
    /// crash left: no hand is needed.
    ///
    /// Damaged files are moved to `quarantine/`. With `options.isReadOnly` a store that is there is
    /// read as it is. With `options.replaysInBackground` the store answers from its segments at once, and
    /// takes batches when what the buffer holds is back in memory: see `isReplaying`.
    ///
    /// - Throws: `.locked` when another process has it, `.newerVersion` for files of a newer program,
    ///   `.cannot` when the directory cannot be used.
    public convenience init(
        _ options: StoreOptions,
        engines: StoreEngines = StoreEngines(),
        fileSystem: any FileSystem = PosixFileSystem(),
        wallClock: any WallClock = SystemClock(),
        log: Logger = .silent,
        isClockSynchronised: @escaping @Sendable () -> Bool = { true }
    ) throws(StoreError) {
        let opened = try Recovery.open(options.withinCap, engines, fileSystem, wallClock, log)
        self.init(opened, engines, wallClock, log, isClockSynchronised)
        headTable.bind(self)
        if options.isReadOnly { writer.withLock { $0.isClosed = true } }
        replayBuffer()
    }

    private init(
        _ opened: consuming OpenedStore,
        _ engines: StoreEngines,
        _ wallClock: any WallClock,
        _ log: Logger,
        _ isClockSynchronised: @escaping @Sendable () -> Bool
    ) {
        options = opened.options
        self.engines = engines
        storeID = opened.identity.id
        identity = opened.identity
        fileSystem = opened.fileSystem
        quarantine = opened.quarantine
        storage = opened.storage
        blockCache = opened.cache
        buffer = opened.buffer
        self.wallClock = wallClock
        self.log = log
        self.isClockSynchronised = isClockSynchronised
        maintenance = Maintenance()
        replay = opened.replay
        retention = Lock(RetentionClock(nowMs: wallClock.nowMs()))
        let parts = opened.takeParts()
        sealed = Lock(parts.segments)
        book = Lock(parts.book)
        writer = Lock(parts.writer)
        head = Lock(parts.head)
        // It begins where the replay ends.
        ring = Lock(FeedRing(after: .max, byteLimit: options.feedMemoryBytes))
        lock = Lock(parts.lock)
    }

    deinit {
        maintenance.end()
    }

    /// Starts a stream of batches that count for `source`.
    public func openStream(_ source: SourceName) -> StreamHandle {
        head.withLock { head in head.streams.open(source) }
    }

    /// Ends a stream: its series are not kept for its sake any more.
    public func closeStream(_ stream: StreamHandle) {
        head.withLock { head in
            for handle in head.streams.close(stream) { head.unpin(handle) }
        }
    }

    /// The handles of the series with these labels, new ones where needed.
    ///
    /// A series over a limit gets a reason instead: its samples are dropped and belong into
    /// `SampleBatch.droppedBefore`.
    public func handles(for series: [Labels]) -> [Result<SeriesHandle, HandleRefusal>] {
        // The digests take longer than all the rest: outside the lock.
        let ids = series.map { SeriesIdentity.id(of: $0) }
        return head.withLock { head in
            series.indices.map { index in
                let labels = series[index]
                if let reason = limitBroken(by: labels) { return .failure(HandleRefusal(reason)) }
                switch head.handle(for: labels, ids[index]) {
                case .handle(let handle): return .success(handle)
                case .full: return .failure(HandleRefusal(.seriesLimit))
                case .taken: return .failure(HandleRefusal(.identity))
                }
            }
        }
    }

    private func limitBroken(by labels: Labels) -> DropReason? {
        var count = 0
        var isTooLong = false
        labels.forEachRange { name, value in
            count += 1
            if name.count > options.maxLabelNameBytes || value.count > options.maxLabelValueBytes {
                isTooLong = true
            }
        }
        return isTooLong || count > options.maxLabelsPerSeries ? .labelLimit : nil
    }

    /// Stores what can be sealed, makes everything durable, gives the directory back.
    ///
    /// A replay that is under way ends: what it did not come to is left to the next start.
    ///
    /// - Parameter sealing: whether the open epoch is sealed too; else it stays in the buffer.
    /// - Throws: `.cannot` when the buffer cannot be made durable.
    public func close(sealing: Bool = true) throws(StoreError) {
        // Who waits for the replay to append must not go on when it is interrupted.
        if isReplaying { writer.withLock { $0.isClosed = true } }
        replay.stop()
        maintenance.stop()
        // First, so that nothing is acknowledged that the last sync or segment misses.
        writer.withLock { $0.isClosed = true }
        defer { lock.withLock { $0 = nil } }
        // What was not replayed is in the buffer as it was.
        if options.isReadOnly || !replay.isDone { return }
        if sealing {
            rotate()
            sealPending()
        }
        writeBook()
        try syncBuffer()
    }

    /// What is in the store now.
    public func statistics() -> StoreStatistics {
        var statistics = StoreStatistics()
        writer.withLock { writer in
            statistics.lastNumber = writer.lastNumber
            statistics.ledger = writer.ledger
            statistics.bufferBytesWritten = writer.bytesWritten
            statistics.bufferBytes = writer.parts.reduce(0) { $0 + $1.bytes }
            statistics.bufferFailures = writer.failures
        }
        head.withLock { head in
            statistics.headSeries = head.seriesCount
            statistics.headChunkBytes = head.memory.usedBytes
            statistics.headLabelBytes = head.index.textBytes
            statistics.headIndexBytes = head.index.tableBytes
            statistics.headSeriesBytes = head.seriesBytes + head.closed.byteCount
            statistics.lateSamples = head.late.count
        }
        sealed.withLock { segments in
            statistics.segmentCount = segments.count
            statistics.segmentBytes = segments.reduce(0) { $0 + $1.byteCount }
            statistics.chunkCount = segments.reduce(0) { $0 + $1.summary.chunkCount }
            statistics.oldestMs = segments.map(\.timeRange.start.ms).min()
            let cold = segments.filter { $0.name.hasSuffix(StoreLayout.coldSuffix) }
            statistics.coldSegmentCount = cold.count
            statistics.coldSegmentBytes = cold.reduce(0) { $0 + $1.byteCount }
        }
        sealing.withLock { counters in
            statistics.rotations = counters.rotations
            statistics.segmentsWritten = counters.segments
            statistics.segmentBytesWritten = counters.bytes
            statistics.sealFailures = counters.failures
            statistics.segmentsDeleted = counters.deleted
            statistics.damagedReads = counters.damagedReads
        }
        rewriting.withLock { state in statistics.rewrite = RewriteStatistics(state.counters) }
        quota.withLock { state in
            statistics.capBytes = state.capBytes
            statistics.usedBytes = state.capBytes.map { _ in state.usedBytes }
            statistics.segmentsDeletedByCap = state.deletedByCap
            statistics.quarantineDeletedByCap = state.deletedQuarantine
            statistics.epochsDroppedByCap = state.droppedEpochs
        }
        statistics.replayedSamples = recovery.replayedSamples
        statistics.replay = replayProgress
        statistics.quarantined = quarantine.count
        statistics.cache = blockCache.statistics
        return statistics
    }
}

/// Why a series got no handle.
public struct HandleRefusal: Error, Equatable {
    /// The ledger's reason.
    public let reason: DropReason

    init(_ reason: DropReason) {
        self.reason = reason
    }
}

/// Figures of a store, for metrics and status pages.
public struct StoreStatistics: Sendable {
    public var lastNumber = SequenceNumber.zero
    public var ledger = Ledger()
    public var headSeries = 0
    /// Bytes of active chunks and of those that wait for their segment.
    public var headChunkBytes = 0
    /// Bytes of label names and values, each once.
    public var headLabelBytes = 0
    /// Bytes of the tables that lead from labels to series and back.
    public var headIndexBytes = 0
    /// Bytes of the series themselves: identity, state of the encoder, last time.
    public var headSeriesBytes = 0
    public var lateSamples = 0
    public var bufferBytesWritten: Int64 = 0
    public var bufferBytes: Int64 = 0
    public var bufferFailures = 0
    public var segmentCount = 0
    public var segmentBytes = 0
    /// Chunks in the segments.
    public var chunkCount = 0
    public var oldestMs: Int64?
    public var rotations = 0
    public var segmentsWritten = 0
    public var segmentBytesWritten = 0
    public var sealFailures = 0
    public var segmentsDeleted = 0
    public var quarantined = 0
    /// Samples that the start found in the buffer, so far.
    public var replayedSamples = 0
    /// How far the start is.
    public var replay = ReplayProgress()
    /// Of the segments: those that were merged.
    public var coldSegmentCount = 0
    public var coldSegmentBytes = 0
    /// What was merged since the start.
    public var rewrite = RewriteStatistics()
    /// The cap that holds, nil for none; and what everything took when last measured.
    public var capBytes: Int64?
    public var usedBytes: Int64?
    /// What went to keep within the cap.
    public var segmentsDeletedByCap = 0
    public var quarantineDeletedByCap = 0
    public var epochsDroppedByCap = 0
    /// Reads that came upon damage in a segment.
    public var damagedReads = 0
    /// Unpacked blocks of segments.
    public var cache = BlockCache.Statistics()
}
