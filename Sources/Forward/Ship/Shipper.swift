// One destination at work: does what `ShipState` asks for, on the event loop, and tells it what came.
public import HTTP
internal import Model
public import Platform
public import Store

/// Ships the feed to one remote_write receiver.
///
/// Pinned to the loop; files are read and written, and bodies encoded, on the blocking pool. Memory
/// is bounded by `max_in_flight` + 1 slices of the feed with their bodies, and the label cache. A
/// destination shares nothing with another but the loop and the pool.
public actor Shipper: LedgerMember {
    nonisolated let loop: EventLoop
    let options: ForwardOptions
    let feed: any BatchFeed
    let place: CursorPlace
    let client: any HTTPClient
    let pool: BlockingPool
    let wall: any WallClock
    let descriptions: any MetricDescriptions
    let maker: WriteRequestMaker
    let meters: ShipMeters
    var journal: ShipJournal

    var state: ShipState?
    var cursor: CursorFile?
    var random: any RandomNumberGenerator & Sendable
    var payloads: [UInt64: ShipPayload] = [:]
    var choice: VersionChoice
    var rate: RateLimit
    var outbox: [ShipAction] = []
    var waiter: CheckedContinuation<Void, Never>?
    var isStopping = false
    var isFinished = false
    var sentBytes: UInt64 = 0
    var lastSuccessMs: Int64?
    private var encoders: [WriteVersion: any RequestEncoder] = [:]

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        // SAFETY: `loop` lives as long as this actor.
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Makes a shipper that does nothing before `run`.
    ///
    /// The options must be without `problems()`; the user agent is name and version of the program;
    /// the descriptions of metrics go with the samples; chance is for the pauses between tries.
    public init(
        _ options: ForwardOptions,
        feed: any BatchFeed,
        place: CursorPlace,
        client: any HTTPClient,
        loop: EventLoop,
        pool: BlockingPool,
        meters: MeterRegistry,
        log: Logger,
        descriptions: any MetricDescriptions,
        userAgent: String,
        wall: any WallClock = SystemClock(),
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.options = options
        self.feed = feed
        self.place = place
        self.client = client
        self.loop = loop
        self.pool = pool
        self.wall = wall
        self.random = random
        self.meters = ShipMeters(meters, destination: options.name)
        self.descriptions = descriptions
        choice = VersionChoice(options.message, remembered: nil)
        rate = RateLimit(bytesPerSecond: options.rateLimit)
        maker = WriteRequestMaker(options, userAgent: userAgent, files: place.files)
        journal = ShipJournal(
            log: log.with(("destination", options.name)),
            url: ClientRequest.shown(options.url)
        )
    }

    /// Ships until `stop`; returns when the cursor is written.
    public func run() async {
        guard let found = await openCursor() else { return }
        choice = VersionChoice(options.message, remembered: options.version(of: found.memo))
        meters.note(version: choice.version)
        let start = options.start == .now ? feed.end : feed.oldest
        let record = found.record ?? CursorRecord(acked: start)
        state = ShipState(
            record: record,
            doubtfulUntil: found.mayMissWrites ? feed.end : nil,
            limits: options.limits
        )
        // Where writes of the cursor may be missing, nobody knows what was sent.
        feed.offer(options.name, through: found.mayMissWrites ? feed.end : record.offered)
        feed.pin(options.name, at: record.acked)
        meters.begin(feed: feed, wall: wall)
        journal.started(at: record, isNew: found.record == nil)
        let (wakes, wake) = AsyncStream.makeStream(
            of: Void.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        let token = feed.subscribe { wake.yield() }
        await withDiscardingTaskGroup { group in
            group.addTask(executorPreference: loop) {
                for await _ in wakes { await self.take(.woken) }
            }
            group.addTask(executorPreference: loop) { await self.describe() }
            group.addTask(executorPreference: loop) { await self.settle() }
            take(.started)
            if isStopping { take(.stop) }
            while !isFinished {
                let actions = outbox
                outbox.removeAll(keepingCapacity: true)
                for action in actions {
                    group.addTask(executorPreference: loop) { await self.perform(action) }
                }
                await somethingToDo()
            }
            wake.finish()
            group.cancelAll()
        }
        feed.unsubscribe(token)
        meters.end()
    }

    /// Makes requests of the version that new ones have.
    var encoder: any RequestEncoder {
        if let encoder = encoders[choice.version] { return encoder }
        let encoder: any RequestEncoder =
            switch choice.version {
            case .version1:
                WriteRequestEncoder(
                    externalLabels: options.externalLabels,
                    rules: options.writeRelabelRules
                )
            case .version2:
                WriteRequestV2Encoder(
                    externalLabels: options.externalLabels,
                    rules: options.writeRelabelRules,
                    descriptions: descriptions
                )
            }
        // Only one of them is used for long: what the other holds of series is let go.
        encoders = [choice.version: encoder]
        return encoder
    }

    /// Ends `run` once what is under way is answered, or after `limit`.
    public func stop(within limit: Duration) async {
        isStopping = true
        guard state != nil, !isFinished else { return }
        take(.stop)
        guard !isFinished else { return }
        do throws(CancellationError) {
            let deadline = loop.clock.now.advanced(by: limit)
            while !isFinished, loop.clock.now < deadline {
                try await loop.sleep(for: min(.milliseconds(5), limit))
            }
        } catch {
            // The loop ends: there is no time left.
        }
        take(.stopNow)
    }

    /// Its side of the ledger now; nil before the cursor is open.
    public func standing() -> ShipAccount.Standing? { state?.standing }

    // Once a start, and before anything that is gone is passed.
    private func settle() async {
        while !isFinished {
            do throws(StoreError) {
                if let found = try await comparison(with: feed, on: pool) {
                    guard found.isNews else { return }
                    return take(
                        .settled(
                            difference: found.difference,
                            found.doubt,
                            ledgerID: found.ledgerID
                        )
                    )
                }
            } catch {
                journal.cannot(error, at: wall.nowMs(), nowNs: loop.clock.nowNs())
            }
            let pause = feed.isReplaying ? Duration.milliseconds(50) : .seconds(1)
            do throws(CancellationError) { try await loop.sleep(for: pause) } catch { return }
        }
    }

    /// Where the destination stands now.
    public func status() -> ForwardStatus {
        let end = feed.end
        let acked = state?.acked
        let lagMs = state?.oldestPendingMs.map { wall.nowMs() - $0 } ?? 0
        return ForwardStatus(
            name: options.name,
            url: journal.url,
            version: choice.version,
            activity: activity,
            acked: acked,
            end: end,
            pendingBatches: acked.map { ForwardStatus.batches(from: $0, to: end) } ?? 0,
            lagSeconds: Double(max(0, lagMs)) / 1000,
            inFlight: state?.inFlight ?? 0,
            failuresInRow: state?.failuresInRow ?? 0,
            parkedCode: state?.parkedCode,
            totals: state?.totals ?? ShipTotals(),
            sentBytes: sentBytes,
            lastError: journal.lastError,
            lastErrorMs: journal.lastErrorMs,
            lastSuccessMs: lastSuccessMs
        )
    }

    private var activity: ForwardStatus.Activity {
        guard let state else { return isStopping ? .stopped : .starting }
        if isFinished { return .stopped }
        if state.parkedCode != nil { return .parked }
        if state.failuresInRow > 0 { return .retrying }
        return state.isInStep ? .inStep : .sending
    }

    // Without its place a destination cannot ship: tried again until the disk lets it.
    private func openCursor() async -> FoundCursor? {
        let (place, name) = (place, options.name)
        var failures = 0
        while !isStopping {
            do throws(ForwardError) {
                let (file, found) = try await pool.run { () throws(ForwardError) in
                    try CursorFile.open(place, name: name)
                }
                cursor = file
                if let trouble = found.trouble { journal.lostCursor(trouble) }
                return found
            } catch {
                failures += 1
                journal.cannot(error, at: wall.nowMs(), nowNs: loop.clock.nowNs())
                let pauseNs = options.limits.backoffNs(failures: failures + 5, using: &random)
                do throws(CancellationError) {
                    try await loop.sleep(for: .nanoseconds(min(pauseNs, 1_000_000_000)))
                } catch { return nil }
            }
        }
        return nil
    }

    // The check is inside the continuation: between a check before it and its body others may run.
    private func somethingToDo() async {
        await withCheckedContinuation { continuation in
            if outbox.isEmpty, !isFinished {
                waiter = continuation
            } else {
                continuation.resume()
            }
        }
    }

    /// Tells the state what happened and hands out what is to do.
    ///
    /// - Parameters:
    ///   - event: what happened.
    ///   - text: what the receiver or the network said about it.
    func take(_ event: ShipEvent, saying text: String = "") {
        guard var state else { return }
        self.state = nil  // so that the copy is the only one
        let nowNs = loop.clock.nowNs()
        let actions = state.handle(event, at: nowNs, using: &random)
        self.state = state
        for action in actions {
            switch action {
            case .tell(let note): journal.tell(note, text, at: wall.nowMs(), nowNs: nowNs)
            case .forget(let id): payloads[id] = nil
            case .pin(let position): feed.pin(options.name, at: position)
            case .finished: isFinished = true
            default: outbox.append(action)
            }
        }
        meters.update(state)
        if !outbox.isEmpty || isFinished {
            waiter?.resume()
            waiter = nil
        }
    }
}

extension ForwardOptions {
    /// The limits in the units of the state machine.
    var limits: ShipLimits {
        var limits = ShipLimits()
        limits.samplesPerSend = maxSamplesPerSend
        limits.inFlight = maxInFlight
        limits.minBackoffNs = minBackoff.wholeNs
        limits.maxBackoffNs = maxBackoff.wholeNs
        return limits
    }
}

extension ForwardStatus {
    // Numbers of one start count up; what was taken before that start is not countable by numbers.
    static func batches(from acked: FeedPosition, to end: FeedPosition) -> UInt64 {
        guard acked.number < end.number else { return 0 }
        let before = acked.number.start == end.number.start ? acked.number.count : 0
        return UInt64(end.number.count - min(before, end.number.count))
    }
}
