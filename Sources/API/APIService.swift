// All endpoints behind one handler: who may call them, and what is answered before they are asked.
public import HTTP
public import Platform
public import PromQL

/// Everything the endpoints get their answers from.
public struct APISources: Sendable {
    /// The data.
    public var queryable: any Queryable
    /// Names and values of labels.
    public var labels: any LabelSource
    /// Scrape targets.
    public var targets: any TargetsSource
    /// Types and help texts of metrics.
    public var metadata: any MetadataSource
    /// The agent itself.
    public var status: any StatusSource
    /// Where pushes go.
    public var intake: any PushIntake
    /// Decompresses pushes.
    public var snappy: any SnappyDecoder
    /// Who may ask.
    public var tokens: any TokenSource
    /// What became of every sample; without it there are no pages of the ledger.
    public var ledger: (any LedgerSource)?

    /// Takes one of each.
    public init(
        queryable: any Queryable,
        labels: any LabelSource,
        targets: any TargetsSource,
        metadata: any MetadataSource,
        status: any StatusSource,
        intake: any PushIntake,
        snappy: any SnappyDecoder,
        tokens: any TokenSource,
        ledger: (any LedgerSource)? = nil
    ) {
        self.ledger = ledger
        self.queryable = queryable
        self.labels = labels
        self.targets = targets
        self.metadata = metadata
        self.status = status
        self.intake = intake
        self.snappy = snappy
        self.tokens = tokens
    }
}

/// Answers every request of the API; its `handler` goes into an `HTTPServer`.
public struct APIService: Sendable {
    private let gate: Gate
    private let status: any StatusSource
    private var router = Router()
    private var permissions: [String: Permission] = [:]

    /// Puts the endpoints together.
    ///
    /// The options were checked with `validate` before; the engine has `query_lookback` and
    /// `query_max_samples` as configured; one thread of push workers will do.
    public init(
        options: APIOptions,
        sources: APISources,
        engine: QueryEngine,
        runner: QueryRunner,
        pushWorkers: BlockingPool,
        pushLimits: PushLimits = PushLimits(),
        meters: MeterRegistry,
        build: BuildInfo,
        clock: any WallClock = SystemClock()
    ) {
        gate = Gate(tokens: sources.tokens, corsOrigins: options.corsOrigins)
        status = sources.status
        addQueries(sources, engine, runner, clock)
        addStatus(sources, meters, build)
        let decoder = RemoteWriteDecoder(snappy: sources.snappy, limits: pushLimits)
        let write = RemoteWritePush(
            decoder: decoder,
            intake: sources.intake,
            workers: pushWorkers
        )
        let text = ExpositionImport(
            intake: sources.intake,
            workers: pushWorkers,
            limits: pushLimits,
            clock: clock
        )
        add([.post], "/api/v1/write", .push, write.answer)
        add([.post], "/api/v1/import/prometheus", .push, text.answer)
        let series = SeriesImport(
            decoder: decoder,
            intake: sources.intake,
            workers: pushWorkers
        )
        add([.post], "/api/v1/import", .push, series.answer)
    }

    /// Answers one request.
    public func answer(_ request: HTTPRequest) async -> HTTPResponse {
        var response = await checked(request)
        for (name, value) in gate.corsHeaders(for: request) { response.headers.set(name, value) }
        return response
    }

    /// For `HTTPServer(handler:)`.
    public var handler: HTTPHandler {
        { request in await answer(request) }
    }

    private func checked(_ request: HTTPRequest) async -> HTTPResponse {
        // An unknown path is told only to those who may read the known ones.
        let permission = permissions[request.path] ?? .read
        if request.method == .options {
            return gate.refusal(of: request, .probe) ?? HTTPResponse(.noContent)
        }
        if let refusal = gate.refusal(of: request, permission) { return refusal }
        let lifecycle = LifecyclePaths(status: status)
        if let refusal = lifecycle.refusal(of: request, permission) { return refusal }
        return await router.respond(to: request)
    }
}

// MARK: - The table

extension APIService {
    private mutating func addQueries(
        _ sources: APISources,
        _ engine: QueryEngine,
        _ runner: QueryRunner,
        _ clock: any WallClock
    ) {
        let source = sources.queryable
        let instant = InstantQuery(engine: engine, source: source, runner: runner, clock: clock)
        let range = RangeQuery(engine: engine, source: source, runner: runner)
        let series = SeriesList(source: source, runner: runner)
        let labels = LabelLists(source: sources.labels, runner: runner)
        let metadata = MetadataList(source: sources.metadata)
        let targets = TargetList(source: sources.targets)
        add([.get, .post], "/api/v1/query", enveloped: instant.answer)
        add([.get, .post], "/api/v1/query_range", enveloped: range.answer)
        add([.get, .post], "/api/v1/series", enveloped: series.answer)
        add([.get, .post], "/api/v1/labels", enveloped: labels.names)
        add([.get], "/api/v1/label/{}/values", enveloped: labels.values)
        let export = SeriesExport(source: source, names: sources.labels, runner: runner)
        add([.get, .post], "/api/v1/export", enveloped: export.answer)
        add([.get], "/api/v1/metadata", enveloped: metadata.answer)
        add([.get], "/api/v1/targets", enveloped: targets.targets)
        add([.get], "/api/v1/scrape_pools", enveloped: targets.pools)
        add([.get, .post], "/api/v1/query_exemplars", .read) { EmptyLists.exemplars($0) }
        add([.get], "/api/v1/rules", .read) { EmptyLists.rules($0) }
        add([.get], "/api/v1/alerts", .read) { EmptyLists.alerts($0) }
    }

    private mutating func addStatus(
        _ sources: APISources,
        _ meters: MeterRegistry,
        _ build: BuildInfo
    ) {
        let pages = StatusPages(source: sources.status, build: build)
        add([.get], "/api/v1/status/buildinfo", enveloped: pages.buildInfo)
        add([.get], "/api/v1/status/runtimeinfo", enveloped: pages.runtimeInfo)
        add([.get], "/api/v1/status/config", enveloped: pages.config)
        add([.get], "/api/v1/status/flags", enveloped: pages.flags)
        add([.get], "/api/v1/status/tsdb", enveloped: pages.store)
        add([.get], "/api/v1/status/walreplay", enveloped: pages.replay)
        if let source = sources.ledger {
            let ledger = LedgerPages(source: source)
            add([.get, .post], "/api/v1/status/ledger", enveloped: ledger.ledger)
            add([.get], "/api/v1/status/forward", enveloped: ledger.forward)
        }
        let metrics = MetricsPages(meters: meters, status: sources.status)
        add([.get], "/metrics", .read, metrics.own)
        add([.get], "/host/metrics", .read, metrics.host)
        let lifecycle = LifecyclePaths(status: sources.status)
        add([.get], "/-/healthy", .probe) { LifecyclePaths.healthy($0) }
        add([.get], "/-/ready", .probe) { lifecycle.ready($0) }
        add([.post, .put], "/-/reload", .control, lifecycle.reload)
        let snapshot = SnapshotPath(status: sources.status)
        add([.post, .put], "/api/v1/admin/tsdb/snapshot", .control, snapshot.answer)
    }

    private mutating func add(
        _ methods: [HTTPMethod],
        _ path: String,
        _ permission: Permission,
        _ handler: @escaping HTTPHandler
    ) {
        for method in methods { router.on(method, path: path, do: handler) }
        if permission != .read { permissions[path] = permission }
    }

    // Errors become the envelope of an error.
    private mutating func add(
        _ methods: [HTTPMethod],
        _ path: String,
        enveloped handler: @escaping @Sendable (HTTPRequest) async throws(APIError) -> HTTPResponse
    ) {
        add(methods, path, .read) { request in
            do throws(APIError) { return try await handler(request) } catch {
                return Envelope.response(error)
            }
        }
    }
}
