// One target's life: wait for the tick, ask, parse, hand over, tell.
internal import Formats
internal import HTTP
internal import Model
internal import Platform

/// What all cycles share.
struct ScrapeServices: Sendable {
    let loop: EventLoop
    let client: any HTTPClient
    let sink: any SampleSink
    let wallClock: any WallClock
    let log: Logger
    /// What a store that refuses says; while it does, every scrape of every target has it to say.
    let refusals: RateLimitedLog
    /// Sent as User-Agent.
    let userAgent: String
}

/// Scrapes one target until its task is cancelled.
actor ScrapeCycle {
    private let services: ScrapeServices
    private let intake: IntakeBox
    private let stream: StreamHandle
    private(set) var target: Target
    private(set) var options: ScrapeOptions
    private var schedule: Schedule
    private(set) var snapshot: TargetSnapshot
    private var forcedError: ScrapeError?
    // Waits for the next scrape: the one under way goes on with what it began with.
    private var changedRules: SeriesLabels?

    // SAFETY: `services` keeps the loop alive as long as the actor.
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe services.loop.asUnownedSerialExecutor()
    }

    init(
        _ target: Target,
        _ options: ScrapeOptions,
        _ services: ScrapeServices,
        forcedError: ScrapeError?
    ) {
        self.forcedError = forcedError
        self.target = target
        self.options = options
        self.services = services
        intake = IntakeBox(
            ScrapeIntake(SeriesLabels(options: options, target: target.labels.array))
        )
        stream = services.sink.openStream(.scrape(job: options.jobName))
        schedule = ScrapeCycle.schedule(target, services)
        snapshot = TargetSnapshot(target, job: options.jobName)
    }

    /// Scrapes at every tick.
    func run() async {
        while !Task.isCancelled {
            do throws(CancellationError) {
                try await services.loop.sleep(until: SteadyTime(ns: schedule.dueNs))
            } catch {
                return
            }
            await scrape()
            schedule.advance(steadyNs: services.loop.clock.nowNs())
        }
    }

    /// Takes changed options; the series and, with the same interval, the phase stay.
    ///
    /// With `forcedError` every scrape fails: the job has too many targets.
    func change(_ target: Target, _ options: ScrapeOptions, _ forcedError: ScrapeError?) {
        let needsSchedule = target.intervalMs != self.target.intervalMs
        let needsRules = options != self.options
        self.forcedError = forcedError
        self.target = target
        self.options = options
        if needsRules {
            changedRules = SeriesLabels(options: options, target: target.labels.array)
        }
        if needsSchedule { schedule = ScrapeCycle.schedule(target, services) }
        snapshot.intervalMs = target.intervalMs
        snapshot.timeoutMs = target.timeoutMs
        snapshot.discoveredLabels = target.discovered
    }

    /// Marks all series of a target that is gone; the task of `run` has ended before.
    func retire() async {
        let now = Timestamp(
            ms: schedule.timestamp(
                wallMs: services.wallClock.nowMs(),
                steadyNs: services.loop.clock.nowNs()
            )
        )
        if snapshot.lastScrape != nil {
            let batch = intake.with { $0.lastBatch(stream, at: now) }
            await store(batch)
        }
        services.sink.closeStream(stream)
    }

    /// Gives the stream back without markers: the agent stops, the series do not.
    func close() { services.sink.closeStream(stream) }

    private func scrape() async {
        let startNs = services.loop.clock.nowNs()
        let time = Timestamp(
            ms: schedule.timestamp(wallMs: services.wallClock.nowMs(), steadyNs: startNs)
        )
        if let changedRules {
            intake.change(changedRules)
            self.changedRules = nil
        }
        intake.with { $0.begin() }
        var failure = forcedError
        if failure == nil {
            do throws(ScrapeError) { try await fetch() } catch { failure = error }
        }
        // Cut short by a stop or a removal: it says nothing about the target.
        if Task.isCancelled { return }
        let seconds = Double(services.loop.clock.nowNs() - startNs) / 1e9
        tell(failure, time, seconds)
        let wanted = intake.with { $0.wanted() }
        if !wanted.isEmpty {
            let answers = services.sink.admit(wanted)
            intake.with { $0.admit(answers) }
        }
        let isUp = failure == nil
        let batch = intake.with {
            $0.batch(stream, at: time, isUp: isUp, durationSeconds: seconds)
        }
        await store(batch)
    }

    private func store(_ first: SampleBatch) async {
        var batch = first
        // Asked again once: what the store lets go of in between is lost with the batch.
        for attempt in 0..<2 {
            switch await services.sink.append(batch) {
            case .stored: return
            case .refused(let reason):
                services.refusals.warn(
                    "\(options.jobName) \(reason.text)",
                    "a scrape was not stored",
                    ("job", options.jobName),
                    ("url", shownURL),
                    ("samples", batch.count),
                    ("reason", reason.text)
                )
                return
            case .unknownSeries(let unknown):
                guard attempt == 0 else { break }
                let wanted = intake.with {
                    $0.relearn(unknown)
                    return $0.wanted()
                }
                let answers = services.sink.admit(wanted)
                let asked = batch
                batch = intake.with {
                    $0.admit(answers)
                    return $0.renewed(asked)
                }
            }
        }
        services.refusals.warn(
            "\(options.jobName) unknown",
            "a scrape was not stored: its series are not known to the store",
            ("job", options.jobName),
            ("url", shownURL),
            ("samples", batch.count)
        )
    }

    private func tell(_ failure: ScrapeError?, _ time: Timestamp, _ seconds: Double) {
        let before = snapshot.health
        snapshot.health = failure == nil ? .up : .down
        snapshot.lastError = failure.map { "\($0)" } ?? ""
        snapshot.lastScrape = time
        snapshot.lastDurationSeconds = seconds
        snapshot.lastSamples = intake.with { $0.scraped }
        guard before != snapshot.health else { return }
        if let failure {
            services.log.warn(
                "a target is down",
                ("job", options.jobName),
                ("url", shownURL),
                ("cause", "\(failure)")
            )
        } else {
            services.log.info("a target is up", ("job", options.jobName), ("url", shownURL))
        }
    }

    private var shownURL: String { ClientRequest.shown(target.url) }

    private static func schedule(_ target: Target, _ services: ScrapeServices) -> Schedule {
        Schedule(
            identity: target.identity,
            intervalMs: target.intervalMs,
            wallMs: services.wallClock.nowMs(),
            steadyNs: services.loop.clock.nowNs()
        )
    }
}

extension ScrapeCycle {
    private func fetch() async throws(ScrapeError) {
        let request = try await request()
        let intake = intake
        let sink = services.sink
        let job = options.jobName
        let takesAnything = options.fallbackToText
        let body = BodySink(
            head: { head in
                if let error = ScrapeCycle.refusal(head, takesAnything) {
                    intake.with { $0.fail(error) }
                    return .abort
                }
                return .more
            },
            piece: { piece in
                let isWanted = intake.take(piece) { family, note in
                    sink.noteMetadata(job: job, family: family, note)
                }
                return isWanted ? .more : .abort
            }
        )
        var transferError: HTTPClientError?
        do throws(HTTPClientError) {
            _ = try await services.client.stream(request, to: body)
        } catch {
            transferError = error
        }
        if let failure = intake.with({ $0.failure }) { throw failure }
        if let transferError {
            if case .tooLarge(_, let limit) = transferError { throw .bodySizeLimit(bytes: limit) }
            throw .request(transferError)
        }
        let isWhole = intake.with { intake in
            intake.finish { family, note in sink.noteMetadata(job: job, family: family, note) }
        }
        if !isWhole, let failure = intake.with({ $0.failure }) { throw failure }
    }

    private static func refusal(
        _ head: ClientResponseHead,
        _ takesAnything: Bool
    ) -> ScrapeError? {
        guard head.status == .ok else { return .status(head.status) }
        let type = head.headers.mediaType ?? ""
        return type == "text/plain" || takesAnything ? nil : .contentType(type)
    }

    private func request() async throws(ScrapeError) -> ClientRequest {
        let credentials = try await options.credentials.read()
        var request = ClientRequest(.get, target.url, headers: options.headers)
        for field in credentials.headers.fields { request.headers.add(field.name, field.value) }
        request.headers.set(
            "Accept",
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,"
                + "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
        )
        request.headers.set("User-Agent", services.userAgent)
        request.headers.set(
            "X-Prometheus-Scrape-Timeout-Seconds",
            FloatText.text(Double(target.timeoutMs) / 1000)
        )
        if let authorization = credentials.authorization {
            request.headers.set("Authorization", authorization)
        }
        request.basicAuth = credentials.basicAuth
        request.timeoutMs = target.timeoutMs
        request.connectTimeoutMs = target.timeoutMs
        request.tls = options.tls
        request.proxy = options.proxyURL
        request.unixSocket = target.unixSocket
        request.followsRedirects = options.followRedirects
        request.acceptsGzip = options.enableCompression
        request.bodyLimitBytes = options.bodySizeLimitBytes > 0 ? options.bodySizeLimitBytes : .max
        return request
    }
}

/// The intake where both the cycle and the client's callbacks, all on the loop's thread, reach it.
final class IntakeBox: Sendable {
    private let intake: Lock<ScrapeIntake>

    init(_ intake: ScrapeIntake) {
        self.intake = Lock(intake)
    }

    func with<R: Sendable>(_ body: (inout sending ScrapeIntake) -> sending R) -> R {
        intake.withLock(body)
    }

    func take(_ piece: Span<UInt8>, _ note: (String, MetadataNote) -> Void) -> Bool {
        intake.withLock { $0.take(piece, note) }
    }

    func change(_ rules: SeriesLabels) { intake.withLock { $0.change(rules) } }
}
