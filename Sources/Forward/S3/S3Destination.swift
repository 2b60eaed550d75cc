// One archive at work: segments as they are sealed, a manifest an hour. Forward.docc/s3-archive.md
internal import Formats
internal import HTTP
internal import Model
public import Platform
public import Store

/// Ships sealed segments of one store to one bucket.
///
/// Pinned to the loop; segments are read, checked, hashed and relabelled on the pool. One object is
/// under way at a time, and of it a few pieces are in memory. The place moves behind a segment when
/// the store has it; the same segment again is the same object, which is not sent twice.
public actor S3Destination: LedgerMember {
    /// A segment as it is sent.
    struct Prepared: Sendable {
        var content: S3Content
        var entry: S3ManifestEntry
    }

    nonisolated let loop: EventLoop
    let options: S3Options
    let feed: any SealedFeed
    let place: CursorPlace
    let archive: S3Archive
    let pool: BlockingPool
    let wall: any WallClock
    let meters: S3Meters
    let limits: ShipLimits
    let log: Logger
    private let said: RateLimitedLog
    private let shownURL: String
    private var random: any RandomNumberGenerator & Sendable

    var cursor: CursorFile?
    /// All batches up to here are in the bucket, or gone for good.
    var acked: SequenceNumber?
    /// Segments that no manifest has yet.
    var entries: [S3ManifestEntry] = []
    /// The last manifest.
    var link: S3Manifest.Link?
    /// Where the archive ends.
    var chainEnd: SequenceNumber?
    /// What the bucket had at the start.
    var coverage = S3Coverage()
    /// When the next manifest is due, in milliseconds since 1970 UTC; nil while nothing is to be written.
    var manifestAtMs: Int64?

    private var isStopping = false
    private var isFinished = false
    private var isSettled = false
    private var isWoken = false
    private var waiter: CheckedContinuation<Void, Never>?
    private var failures = 0
    private var parkedCode: Int?
    private var isSending = false
    // The oldest sample of the segment that waits, in milliseconds since 1970 UTC.
    private var pendingSinceMs: Int64?
    private var totals = ShipTotals()
    private var account = ShipAccount()
    private var sentBytes: UInt64 = 0
    private var lastError = ""
    private var lastErrorMs: Int64?
    private var lastSuccessMs: Int64?

    static let hourMs: Int64 = 3_600_000
    // A manifest of so many is written before its hour is over.
    static let entryLimit = 10_000
    private static let idleNs: Int64 = 60_000_000_000

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        // SAFETY: `loop` lives as long as this actor.
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Makes an archive that does nothing before `run`.
    ///
    /// The options must be without `problems()`.
    public init(
        _ options: S3Options,
        feed: any SealedFeed,
        place: CursorPlace,
        client: S3Client,
        loop: EventLoop,
        pool: BlockingPool,
        meters: MeterRegistry,
        log: Logger,
        wall: any WallClock = SystemClock(),
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.options = options
        self.feed = feed
        self.place = place
        self.loop = loop
        self.pool = pool
        self.wall = wall
        self.random = random
        self.meters = S3Meters(meters, destination: options.name)
        self.log = log.with(("destination", options.name))
        said = RateLimitedLog(self.log, every: .seconds(60))
        limits = options.limits
        shownURL = ClientRequest.shown(options.url)
        archive = S3Archive(
            client,
            S3Names(prefix: options.prefix),
            StoreID(bytes: place.store.bytes)
        )
    }

    /// Ships until `stop`.
    ///
    /// Cancelling its task ends it at once: an object under way is sent again after the next start.
    public func run() async {
        meters.begin(wall: wall)
        let token = feed.subscribeToSealed { [weak self] in
            guard let self else { return }
            self.loop.execute { self.assumeIsolated { $0.wake() } }
        }
        if await begin() {
            while !isStopping, !Task.isCancelled { await step() }
        }
        feed.unsubscribeFromSealed(token)
        isFinished = true
        meters.end()
    }

    /// Ends `run` once the object under way is there, or after `limit`; then the task that runs it is to
    /// be cancelled.
    public func stop(within limit: Duration) async {
        isStopping = true
        wake()
        do throws(CancellationError) {
            let deadline = loop.clock.now.advanced(by: limit)
            while !isFinished, loop.clock.now < deadline {
                try await loop.sleep(for: min(.milliseconds(5), limit))
            }
        } catch {
            // The loop ends: there is no time left.
        }
    }

    /// Its side of the ledger now; nil before the cursor is open.
    public func standing() -> ShipAccount.Standing? {
        acked.map { ShipAccount.Standing(account: account, acked: FeedPosition(number: $0)) }
    }

    /// Where the archive stands now.
    public func status() -> ForwardStatus {
        let end = FeedPosition(number: feed.closedEnd)
        return ForwardStatus(
            name: options.name,
            url: shownURL,
            activity: activity,
            acked: acked.map { FeedPosition(number: $0) },
            end: end,
            pendingBatches: acked.map {
                ForwardStatus.batches(from: FeedPosition(number: $0), to: end)
            } ?? 0,
            lagSeconds: pendingSinceMs.map { Double(max(0, wall.nowMs() - $0)) / 1000 } ?? 0,
            inFlight: isSending ? 1 : 0,
            failuresInRow: failures,
            parkedCode: parkedCode,
            totals: totals,
            sentBytes: sentBytes,
            lastError: lastError,
            lastErrorMs: lastErrorMs,
            lastSuccessMs: lastSuccessMs
        )
    }

    private var activity: ForwardStatus.Activity {
        if isFinished { return .stopped }
        guard acked != nil else { return isStopping ? .stopped : .starting }
        if parkedCode != nil { return .parked }
        if failures > 0 { return .retrying }
        return isSending ? .sending : .inStep
    }

    // MARK: The work

    // The place on the disk, then what the bucket has; false when it is stopped before.
    private func begin() async -> Bool {
        let (place, name) = (place, options.name)
        var found: FoundCursor?
        while found == nil {
            if isStopping || Task.isCancelled { return false }
            do throws(ForwardError) {
                let (file, read) = try await pool.run { () throws(ForwardError) in
                    try CursorFile.open(place, name: name)
                }
                cursor = file
                found = read
                if let trouble = read.trouble {
                    log.error("the archive's place is lost: \(trouble)")
                }
            } catch {
                await failed("\(error)", nil)
            }
        }
        let record = found?.record
        while true {
            if isStopping || Task.isCancelled { return false }
            do throws(S3Error) {
                try await recover(from: record?.acked.number)
                break
            } catch {
                await failed("\(error)", error.verdict)
            }
        }
        succeeded()
        let start = options.start == .now ? feed.closedEnd : feed.oldest.number
        let number = record?.acked.number ?? chainEnd ?? start
        account = record?.account ?? ShipAccount()
        // A place that no archive writes is another kind's, and what is behind it is not known here.
        let isForeign = record.map { record in
            record.acked != FeedPosition(number: record.acked.number) || account.again > 0
                || record.attempted.contains { $0.isAnswered }
        }
        if found?.mayMissWrites ?? false || isForeign ?? false, account.doubt == .none {
            account.doubt = .losses
        }
        acked = number
        // Now is when it was first started, not when it was started last.
        if record == nil {
            await write(CursorRecord(acked: position, account: account), sync: true)
        }
        feed.offer(name, through: FeedPosition(number: number))
        feed.pin(name, at: FeedPosition(number: number))
        log.info(
            "archiving",
            ("url", shownURL),
            ("bucket", options.bucket),
            ("acked", number),
            ("archived", chainEnd.map { "\($0)" } ?? "nothing")
        )
        return true
    }

    // One object, or a wait for the next.
    private func step() async {
        guard let number = acked else { preconditionFailure("BUG: no place after the start") }
        do throws(S3Error) {
            if let dueMs = manifestAtMs, wall.nowMs() >= dueMs || isFull {
                try await writeManifest()
                meters.noteManifest()
            }
            let feed = feed
            try await settle()
            // It may wait for the disk: the store's lock is held over writes to the buffer.
            let next = await pool.run { feed.nextSealed(after: number) }
            guard let segment = next else {
                note(pendingSinceMs: nil)
                let untilMs = manifestAtMs.map { max(0, $0 - wall.nowMs()) }
                let ns = untilMs.map { min(S3Destination.idleNs, ($0 + 1) * 1_000_000) }
                await pause(ns: ns ?? S3Destination.idleNs, wakesEarly: true)
                return
            }
            // Both know of it only once the write buffer is replayed.
            if segment.range.after > number, !isSettled { return }
            try await pass(to: segment.range.after)
            let startMs = segment.timeRange.start.ms
            note(pendingSinceMs: startMs == .max ? nil : startMs)
            try await ship(segment)
            succeeded()
        } catch {
            if isStopping || Task.isCancelled { return }
            await failed("\(error)", error.verdict)
        }
    }

    private func note(pendingSinceMs: Int64?) {
        self.pendingSinceMs = pendingSinceMs
        meters.note(pendingSinceMs: pendingSinceMs)
    }

    private var isFull: Bool { entries.count >= S3Destination.entryLimit }

    private func ship(_ segment: SegmentReader) async throws(S3Error) {
        let range = segment.range
        let repeated = try await repeated(in: range)
        if coverage.has(range) {
            // Sent before a crash, or as the hot segments that this one was merged from.
            var rows = ShipRows()
            rows.acked = UInt64(segment.summary.sampleCount)
            await advance(to: range.through, rows, repeated)
            return
        }
        let (files, labels, from) = (place.files, options.labels, chainEnd ?? range.after)
        let store = archive.store
        let spool = FilePath.join(
            place.directory,
            "\(FilePath.name(place.path(of: options.name))).gor"
        )
        let prepared: Prepared
        do throws(S3Error) {
            prepared = try await pool.run { () throws(S3Error) in
                try S3Destination.prepare(segment, of: store, from, labels, files, spool)
            }
        } catch .segment(let error) where error.isDamage {
            // It will not get better by waiting, and those behind it must go on.
            log.error(
                "a damaged segment cannot be archived, its samples are missing there",
                ("segment", segment.name),
                ("samples", segment.summary.sampleCount),
                ("cause", "\(error)")
            )
            meters.note(damaged: segment.summary.sampleCount)
            var rows = ShipRows()
            rows.expire(UInt64(segment.summary.sampleCount), .damage)
            await advance(to: range.through, rows, repeated)
            return
        }
        let entry = prepared.entry
        await write(
            CursorRecord(
                acked: position,
                attempted: [border(to: range.through)],
                account: account
            ),
            sync: false
        )
        feed.offer(options.name, through: FeedPosition(number: range.through))
        isSending = true
        defer { isSending = false }
        let startNs = loop.clock.nowNs()
        let put = try await archive.client.putOnce(
            archive.names.key(entry.name),
            prepared.content,
            hash: entry.name.hash,
            metadata: entry.metadata
        )
        totals.requests += 1
        if put == .stored {
            sentBytes += UInt64(entry.byteCount)
            totals.sent += UInt64(entry.samples)
            meters.note(
                sent: entry.byteCount,
                seconds: Double(loop.clock.nowNs() - startNs) / 1e9
            )
        }
        totals.acked += UInt64(entry.samples)
        meters.note(acked: entry.samples)
        note(entry)
        var rows = ShipRows()
        rows.acked = UInt64(entry.samples)
        rows.filtered = UInt64(max(0, segment.summary.sampleCount - entry.samples))
        await advance(to: range.through, rows, repeated)
    }

    /// Takes a segment that is in the bucket into the next manifest.
    func note(_ entry: S3ManifestEntry) {
        entries.append(entry)
        chainEnd = entry.name.range.through
        if manifestAtMs == nil {
            let hour = wall.nowMs() / S3Destination.hourMs
            manifestAtMs = (hour + 1) * S3Destination.hourMs
        }
    }

    private var position: FeedPosition { FeedPosition(number: acked ?? .zero) }

    private func border(to number: SequenceNumber) -> RequestBorder {
        RequestBorder(from: position, to: FeedPosition(number: number))
    }

    // `repeated` of the rows' samples were counted before.
    private func advance(
        to number: SequenceNumber,
        _ rows: ShipRows,
        _ repeated: UInt64 = 0
    ) async {
        var rows = rows
        _ = rows.takeBack(repeated)
        account.rows.add(rows)
        acked = number
        await write(CursorRecord(acked: position, isClosed: false, account: account), sync: true)
        feed.offer(options.name, through: position)
        feed.pin(options.name, at: position)
    }

    // Books what is gone between the place and the next segment.
    private func pass(to number: SequenceNumber) async throws(S3Error) {
        guard let from = acked, from < number else { return }
        let feed = feed
        let hole: FeedHole
        do throws(StoreError) {
            hole = try await pool.run { () throws(StoreError) in
                var jump = FeedJump()
                jump.goneTo = FeedPosition(number: number)
                return try feed.hole(at: FeedPosition(number: from), jump)
            }
        } catch { throw .store(error) }
        var rows = ShipRows()
        for (reason, count) in hole.gone { rows.expire(UInt64(count), reason) }
        if let (stretch, endTotal) = hole.broken {
            let rest = min(max(0, Int64(endTotal) - account.reached), Int64(stretch.most))
            rows.expire(UInt64(rest), stretch.reason)
        }
        await advance(to: number, rows)
    }

    // Samples of a segment that were answered before: the place is inside of it where the destination
    // was of another kind.
    private func repeated(in range: SequenceRange) async throws(S3Error) -> UInt64 {
        guard let from = acked, range.after < from else { return 0 }
        let feed = feed
        do throws(StoreError) {
            let hole = try await pool.run { () throws(StoreError) in
                var jump = FeedJump()
                jump.restart = range.after
                return try feed.hole(at: FeedPosition(number: from), jump)
            }
            return UInt64(max(0, account.reached - Int64(hole.restartTotal ?? 0)))
        } catch { throw .store(error) }
    }

    // Holds the account against the store's, once a start.
    private func settle() async throws(S3Error) {
        guard !isSettled, !feed.isReplaying else { return }
        do throws(StoreError) {
            guard let found = try await comparison(with: feed, on: pool) else { return }
            isSettled = true
            guard found.isNews else { return }
            let samples = account.settle(found.difference, found.doubt, found.ledgerID)
            if samples != 0, found.doubt != .anchor {
                log.warn(
                    "the ledger was squared: samples went that the archive has, or was to have",
                    ("samples", samples)
                )
            }
        } catch { throw .store(error) }
        await write(CursorRecord(acked: position, account: account), sync: true)
    }

    // Without it nothing is lost: what was shipped is found in the bucket again.
    private func write(_ record: CursorRecord, sync: Bool) async {
        guard let cursor else { return }
        do throws(ForwardError) {
            try await pool.run { () throws(ForwardError) in try cursor.write(record, sync: sync) }
        } catch {
            meters.noteCursorFailure()
            said.error("cursor", "\(error)")
        }
    }

    // MARK: Failing and waiting

    private func succeeded() {
        if failures > 0 { log.info("archiving works again", ("failures", failures)) }
        failures = 0
        parkedCode = nil
        lastSuccessMs = wall.nowMs()
        meters.note(isParked: false)
    }

    private func failed(_ text: String, _ verdict: Verdict?) async {
        failures += 1
        totals.failures += 1
        meters.noteFailure()
        lastError = text
        lastErrorMs = wall.nowMs()
        var pauseNs = limits.backoffNs(failures: failures, using: &random)
        if case .parked(let code) = verdict {
            parkedCode = code
            pauseNs = max(pauseNs, limits.probeNs)
            said.warn(
                "parked",
                "the object store refuses everything and is probed slowly, data is kept; check url, "
                    + "bucket and credentials: \(text)"
            )
        } else {
            parkedCode = nil
            if case .retry(let afterMs?, _) = verdict {
                pauseNs = max(pauseNs, afterMs * 1_000_000)
            }
            said.warn("failing", "cannot archive, will try again: \(text)", ("failures", failures))
        }
        meters.note(isParked: parkedCode != nil)
        await pause(ns: pauseNs, wakesEarly: false)
    }

    // Until the time is over, or there may be something new; a stop always ends it.
    private func pause(ns: Int64, wakesEarly: Bool) async {
        let deadline = loop.clock.nowNs() + ns
        while !isStopping, !(wakesEarly && isWoken) {
            let left = deadline - loop.clock.nowNs()
            if left <= 0 { break }
            let timer = loop.schedule(afterNs: left) { [weak self] in
                self?.assumeIsolated { $0.resume() }
            }
            await withCheckedContinuation { continuation in
                if isStopping || wakesEarly && isWoken {
                    continuation.resume()
                } else {
                    waiter = continuation
                }
            }
            timer.cancel()
        }
        isWoken = false
    }

    private func wake() {
        isWoken = true
        resume()
    }

    private func resume() {
        waiter?.resume()
        waiter = nil
    }
}
