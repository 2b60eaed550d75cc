// Opening a store after anything: clean stop, kill -9, power cut, damage. Crash by crash:
// Store.docc/crash-story.md. Recovery knows one thing: the ranges of the valid segments.
internal import Codec
internal import Model
internal import Platform

/// What opening found and did, with the replay that belongs to it.
public struct RecoveryReport: Sendable, Equatable {
    /// Valid segments.
    public var segments = 0
    /// Segments that cannot be opened: they are left where they are, and are not used.
    public var unreadableSegments = 0
    /// Batches replayed from the buffer.
    public var replayedBatches = 0
    /// Samples of them.
    public var replayedSamples = 0
    /// Batches in the buffer that are in a segment already.
    public var sealedBatches = 0
    /// Batches that could not be read for damage before them.
    public var lostBatches = 0
    /// Samples whose labels were lost by damage.
    public var lostSamples = 0
    /// Bytes of torn tails that were left behind.
    public var tornBytes: Int64 = 0
    /// Parts of the buffer whose rest could not be read: they stay for the next start.
    public var unreadParts = 0
    /// Damaged stretches in the middle of buffer files.
    public var damagedStretches = 0
    /// Files that were moved aside.
    public var quarantined = 0
    /// The most that samples took in memory meanwhile, in bytes.
    public var headBytes = 0

    /// Nothing found.
    public init() {}
}

/// The parts of a store that was opened, on their way into a `Database`.
struct OpenedStore: ~Copyable {
    let options: StoreOptions
    let fileSystem: any FileSystem
    let identity: StoreIdentity
    let quarantine: Quarantine
    let storage: any StorageEngine
    let cache: BlockCache
    let buffer: any WriteBuffer
    let replay: ReplayGate
    var parts: Parts

    struct Parts: ~Copyable {
        var head: HeadState
        var writer: WriterState
        var segments: [SegmentReader]
        var book: LedgerBook
        var lock: DirectoryLock?
    }

    /// Gives the parts away.
    consuming func takeParts() -> Parts { parts }
}

/// Opens stores.
enum Recovery {
    static func open(
        _ options: StoreOptions,
        _ engines: StoreEngines,
        _ disk: any FileSystem,
        _ wallClock: any WallClock,
        _ log: Logger
    ) throws(StoreError) -> OpenedStore {
        let base = options.basePath
        if options.isReadOnly { try demandStore(base, disk) }
        let fileSystem: any FileSystem = options.isReadOnly ? ReadOnlyFileSystem(disk) : disk
        try make(base, fileSystem)
        let lock = try takeLock(options, wallClock)
        let quarantine = Quarantine(basePath: base, fileSystem: fileSystem, log: log)
        var report = RecoveryReport()
        let cache = BlockCache(options.cache)
        let storage = engines.storage(
            StorageContext(
                basePath: base,
                fileSystem: fileSystem,
                log: log,
                readMode: options.readMode,
                cache: cache,
                quarantine: quarantine
            )
        )
        let found = try SegmentDirectory.open(storage, engines, cache, log)
        var segments = found.segments
        let buffer = engines.writeBuffer(
            BufferContext(
                basePath: base,
                fileSystem: fileSystem,
                log: log,
                quarantine: quarantine
            )
        )
        var parts = try buffer.parts()
        let identity = try nextIdentity(
            base,
            fileSystem,
            quarantine,
            wallClock,
            segments: segments,
            unreadable: found.unreadable,
            parts: parts,
            isReadOnly: options.isReadOnly
        )
        // Numbers mean something in their own store only: a stray file's range would hide batches.
        for segment in segments where !identity.owns(segment.storeID) {
            storage.setAside(segment.name, reason: "it belongs to the store \(segment.storeID)")
        }
        segments.removeAll { !identity.owns($0.storeID) }
        for part in parts where !identity.owns(part.storeID) {
            let reason = "it belongs to the store \(part.storeID)"
            try buffer.remove([part], settingAside: reason)
        }
        parts.removeAll { !identity.owns($0.storeID) }
        let unreadable = found.unreadable.filter { identity.owns($0.storeID) }
        var book = try readBook(base, fileSystem, quarantine, identity)
        removeGone(&book, &segments, storage, log)
        settle(&book, segments, log)
        let sealedRanges =
            segments.map(\.range) + unreadable.map(\.range)
            + book.ranges.filter { $0.fate == .cap || $0.fate == .removed }.map(\.range)
        let missing = book.ranges.filter { one in
            one.fate == .damage && !unreadable.contains { $0.range.overlaps(one.range) }
        }.map(\.range)
        report.segments = segments.count
        report.unreadableSegments = unreadable.count
        let sealedThrough = max(sealedRanges.map(\.through).max() ?? .zero, book.floor)
        var writer = WriterState(
            start: identity.lastStart,
            lastNumber: sealedThrough,
            epochAfter: sealedThrough,
            nowMs: wallClock.nowMs(),
            ledger: book.sealed,
            parts: []
        )
        writer.clockStep = segments.reduce(.zero) { max($0, $1.summary.clockStep) }
        let head = HeadState(
            limits: HeadLimits(
                maxSeries: options.maxSeries,
                chunkPointLimit: min(options.chunkPointLimit, ChunkHeader.maximumPointCount),
                chunkSizeLimit: options.chunkSizeLimit
            )
        )
        return OpenedStore(
            options: options,
            fileSystem: fileSystem,
            identity: identity,
            quarantine: quarantine,
            storage: storage,
            cache: cache,
            buffer: buffer,
            replay: ReplayGate(
                ReplayPlan(
                    parts: parts,
                    sealed: sealedRanges,
                    missing: missing,
                    report: report
                ),
                buffer,
                nowMs: wallClock.nowMs()
            ),
            parts: .init(
                head: head,
                writer: writer,
                segments: segments,
                book: book,
                lock: lock
            )
        )
    }

    // Without its file a ledger begins anew, with what the segments say.
    private static func readBook(
        _ base: String,
        _ fileSystem: any FileSystem,
        _ quarantine: Quarantine,
        _ identity: StoreIdentity
    ) throws(StoreError) -> LedgerBook {
        let path = FilePath.join(base, StoreLayout.ledgerName)
        var random = SystemRandomNumberGenerator()
        let new = LedgerBook(id: random.next())
        guard let bytes = try read(path, fileSystem, limit: LedgerBook.byteLimit) else {
            return new
        }
        switch LedgerBook.parse(bytes) {
        case .book(let book, let store) where identity.owns(store): return book
        case .book(_, let store):
            quarantine.take(path, reason: "it belongs to the store \(store)")
        case .newerVersion(let version): throw .newerVersion(path: path, version: version)
        case .damaged: quarantine.take(path, reason: "the LEDGER file is damaged")
        }
        return new
    }

    // What was on its way out when the process ended: it is counted as gone.
    private static func removeGone(
        _ book: inout LedgerBook,
        _ segments: inout [SegmentReader],
        _ storage: any StorageEngine,
        _ log: Logger
    ) {
        let names = book.removing
        guard !names.isEmpty else { return }
        segments.removeAll { names.contains($0.name) }
        do throws(StoreError) {
            try storage.remove(names)
            book.removing = []
            book.isDirty = true
        } catch {
            log.warn("cannot remove what was deleted before", ("cause", "\(error)"))
        }
    }

    // Holds the book against what is there: what it does not know is counted, what is missing is said.
    private static func settle(
        _ book: inout LedgerBook,
        _ segments: [SegmentReader],
        _ log: Logger
    ) {
        for place in book.ranges.indices where book.ranges[place].fate == nil {
            book.ranges[place].fate = .damage
        }
        for segment in segments {
            if book.hasCounted(segment.range) {
                book.note(merged: segment.range)
                book.note(found: segment.range)
                continue
            }
            do throws(CodecError) {
                book.note(sealed: segment.range, try Ledger(segment.ledgerBytes))
            } catch {
                log.error(
                    "a segment's ledger cannot be read",
                    ("path", segment.path),
                    ("cause", "\(error)")
                )
            }
        }
    }

    // To make a store where none is would be the wrong answer to who only wants to read one.
    private static func demandStore(_ base: String, _ disk: any FileSystem) throws(StoreError) {
        do throws(Errno) {
            for name in [StoreLayout.identityName, StoreLayout.segmentDirectory]
            where try disk.exists(FilePath.join(base, name)) {
                return
            }
            // What is wrong with the directory itself comes first.
            _ = try disk.list(base)
        } catch {
            throw .cannot(action: "read the store in", path: base, cause: error)
        }
        throw .noStore(path: base)
    }

    private static func make(_ path: String, _ fileSystem: any FileSystem) throws(StoreError) {
        do throws(Errno) {
            try fileSystem.makeDirectory(path)
        } catch {
            throw .cannot(action: "make the directory", path: path, cause: error)
        }
    }

    private static func takeLock(
        _ options: StoreOptions,
        _ wallClock: any WallClock
    ) throws(StoreError) -> DirectoryLock? {
        guard options.locksDirectory else { return nil }
        if options.isReadOnly { return try shareLock(options.basePath) }
        let holder = LockHolder(
            host: MachineName.host(),
            processID: MachineName.processID(),
            startedMs: wallClock.nowMs()
        )
        do throws(DirectoryLockError) {
            return try DirectoryLock(directory: options.basePath, holder: holder)
        } catch {
            throw StoreError(error)
        }
    }

    private static func shareLock(_ base: String) throws(StoreError) -> DirectoryLock? {
        do throws(DirectoryLockError) {
            return try DirectoryLock.shared(directory: base)
        } catch {
            throw StoreError(error)
        }
    }

    // The id stays, the start moves on, durable before the first batch.
    private static func nextIdentity(
        _ base: String,
        _ fileSystem: any FileSystem,
        _ quarantine: Quarantine,
        _ wallClock: any WallClock,
        segments: [SegmentReader],
        unreadable: [UnreadableSegment],
        parts: [BufferPart],
        isReadOnly: Bool
    ) throws(StoreError) -> StoreIdentity {
        let path = FilePath.join(base, StoreLayout.identityName)
        var known: StoreIdentity?
        if let bytes = try read(path, fileSystem) {
            switch StoreIdentity.parse(bytes) {
            case .identity(let identity): known = identity
            case .newerVersion(let version): throw .newerVersion(path: path, version: version)
            case .damaged: quarantine.take(path, reason: "the STORE file is damaged")
            }
        }
        let id = known?.id ?? segments.last?.storeID ?? parts.last?.storeID ?? .random()
        let seen =
            [known?.lastStart ?? 0] + segments.map(\.range.through.start)
            + unreadable.map(\.range.through.start)
            + parts.map { max($0.start, $0.after.start) }
        let last = seen.max() ?? 0
        guard let start = StoreIdentity.nextStart(after: last, nowMs: wallClock.nowMs()) else {
            throw .damaged(
                path: base,
                what: "a file of the store claims to be of start \(last), after which there is no"
                    + " number; `tsdb-agent inspect` tells which one: move it away"
            )
        }
        let next = StoreIdentity(
            id: id,
            lastStart: start,
            former: known?.former ?? []
        )
        if isReadOnly { return next }
        do throws(Errno) {
            do throws(Errno) {
                try AtomicReplace.write(fileSystem, path, next.bytes)
            } catch {
                // A full disk has no room for a second file, but the first one's bytes are there: the
                // store opens, answers and ships, and takes samples again once there is room. Should
                // this write tear, the id is still in segments and buffer files.
                guard known != nil, error == .noSpace || error == .quotaExceeded else {
                    throw error
                }
                let file = try fileSystem.open(path, .readWrite)
                try file.write(next.bytes.span, at: 0)
                try file.sync()
                try file.close()
            }
        } catch {
            throw .cannot(action: "write", path: path, cause: error)
        }
        return next
    }

    private static func read(
        _ path: String,
        _ fileSystem: any FileSystem,
        limit: Int = 4096
    ) throws(StoreError) -> [UInt8]? {
        do throws(Errno) {
            return try fileSystem.readAll(path, limit: limit)
        } catch .noSuchFile {
            return nil
        } catch .fileTooLarge, .isADirectory, .invalidArgument {
            return []  // whatever it is, it is not what was written
        } catch {
            throw .cannot(action: "read", path: path, cause: error)
        }
    }
}

extension StoreError {
    fileprivate init(_ error: DirectoryLockError) {
        switch error {
        case .held(let path, let holder): self = .locked(path: path, holder: holder)
        case .cannotLock(let path, let cause):
            self = .cannot(action: "lock", path: path, cause: cause)
        }
    }
}
