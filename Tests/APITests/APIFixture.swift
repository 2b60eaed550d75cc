// The whole API over fakes: requests go through gate, router and endpoints, without a socket.
import HTTP
import Model
import Platform
import PromQL
import Synchronization

@testable import API

/// Holds a few series and answers as a database would.
struct FakeStore: Queryable, LabelSource {
    /// In order of labels.
    var series: [(labels: Labels, samples: SampleColumns)] = []
    /// Thrown instead of an answer.
    var failure: QueryStorageError?
    /// Warnings of every answer.
    var damage: [String] = []
    /// Looks at the query's check until it says stop, instead of answering.
    var blocks = false

    /// Adds a series with a value every 15 s, from `startMs`.
    mutating func add(_ labels: [String: String], _ values: [Double], from startMs: Int64 = 0) {
        var samples = SampleColumns()
        for (index, value) in values.enumerated() {
            samples.append(startMs + Int64(index) * 15_000, value)
        }
        series.append((Labels(labels.map { Label($0.key, $0.value) }), samples))
        series.sort { $0.labels < $1.labels }
    }

    func select(
        _ matchers: [LabelMatcher],
        in range: TimeRange,
        hints: SelectHints
    ) throws(QueryStorageError) -> any SeriesSelection {
        try stall(hints.check)
        return Selection(found(matchers, range), damage)
    }

    func labelNames(
        _ matchers: [LabelMatcher],
        in range: TimeRange,
        limit: Int,
        check: @escaping QueryCheck
    ) throws(QueryStorageError) -> LabelTexts {
        try stall(check)
        let names = Set(found(matchers, range).flatMap { $0.labels.array.map(\.name) })
        return LabelTexts(names.sorted(), warnings: damage)
    }

    func labelValues(
        of name: String,
        _ matchers: [LabelMatcher],
        in range: TimeRange,
        limit: Int,
        check: @escaping QueryCheck
    ) throws(QueryStorageError) -> LabelTexts {
        try stall(check)
        let values = Set(found(matchers, range).compactMap { $0.labels[name] })
        return LabelTexts(values.sorted(), warnings: damage)
    }

    private func stall(_ check: @escaping QueryCheck) throws(QueryStorageError) {
        if let failure { throw failure }
        while blocks {
            if let why = check() { throw .interrupted(why) }
        }
    }

    private func found(
        _ matchers: [LabelMatcher],
        _ range: TimeRange
    ) -> [(labels: Labels, samples: SampleColumns)] {
        series.filter { series in
            matchers.allSatisfy { $0.accepts(series.labels[$0.name] ?? "") }
                && series.samples.times.contains { range.contains(Timestamp(ms: $0)) }
        }
    }

    private final class Selection: SeriesSelection {
        let series: [(labels: Labels, samples: SampleColumns)]

        let warnings: [String]

        init(_ series: [(labels: Labels, samples: SampleColumns)], _ warnings: [String]) {
            self.series = series
            self.warnings = warnings
        }

        var count: Int { series.count }

        func labels(at index: Int) -> Labels { series[index].labels }

        func read(
            at index: Int,
            in range: TimeRange,
            into samples: inout SampleColumns
        ) throws(QueryStorageError) {
            samples.removeAll()
            for (time, value) in zip(series[index].samples.times, series[index].samples.values)
            where range.contains(Timestamp(ms: time)) {
                samples.append(time, value)
            }
        }
    }
}

/// Everything else that the endpoints ask, settable.
final class FakeAgent: TargetsSource, MetadataSource, StatusSource, PushIntake, SnappyDecoder {
    struct State: Sendable {
        var report = TargetsReport()
        var descriptions: [MetricDescription] = []
        var phase = ServingPhase.ready
        var replay = ReplayStatus(readBytes: 0, totalBytes: 0)
        var host: [UInt8]?
        var reloadFailure: String?
        var reloads = 0
        var snapshot = SnapshotOutcome.made(name: "20261231T235959Z-2be650b6d019eb54")
        var store = StoreStatus()
        var pushes: [Push] = []
        var outcome = PushOutcome.stored
        var importOutcome = ImportOutcome.done(ImportReport())
    }

    private let state = Mutex(State())

    /// A copy of everything.
    var now: State { state.withLock { $0 } }

    func change(_ body: (inout sending State) -> Void) { state.withLock { body(&$0) } }

    func targets() async -> TargetsReport { state.withLock { $0.report } }

    func metadata(of metric: String?) async -> [MetricDescription] {
        state.withLock { state in
            state.descriptions.filter { metric == nil || $0.name == metric }
        }
    }

    func servingPhase() -> ServingPhase { state.withLock { $0.phase } }

    func replay() -> ReplayStatus { state.withLock { $0.replay } }

    func runtimeInfo() async -> RuntimeInfo {
        RuntimeInfo(
            startTime: Timestamp(ms: 1_700_000_000_000),
            workingDirectory: "/srv",
            hostName: "box",
            reloadSucceeded: true,
            lastConfigTime: Timestamp(ms: 1_700_000_000_500),
            corruptions: 0,
            storageRetention: "15d or 4GB"
        )
    }

    func configText() async -> String { "[agent]\nlog_level = \"info\"\n" }

    func flags() async -> [(name: String, value: String)] {
        [("api.query_lookback", "5m"), ("storage.base_path", "tsdb-data")]
    }

    func storeStatus(limit: Int) async -> StoreStatus { state.withLock { $0.store } }

    func hostText() async -> [UInt8]? { state.withLock { $0.host } }

    func reload() async -> String? {
        state.withLock { state in
            state.reloads += 1
            return state.reloadFailure
        }
    }

    func snapshot() async -> SnapshotOutcome { state.withLock { $0.snapshot } }

    func take(_ push: Push) async -> PushOutcome {
        state.withLock { state in
            state.pushes.append(push)
            return state.outcome
        }
    }

    func takeMissing(_ push: Push) async -> ImportOutcome {
        state.withLock { state in
            state.pushes.append(push)
            return state.importOutcome
        }
    }

    /// Takes the block as it is; one that begins with 0xff is damaged.
    func decode(_ block: [UInt8], limit: Int) throws(SnappyDecodeError) -> [UInt8] {
        if block.first == 0xff { throw .damaged(reason: "no snappy block") }
        if block.count > limit { throw .tooLarge(bytes: block.count, limit: limit) }
        return block
    }
}

struct FixedClock: WallClock {
    func nowMs() -> Int64 { 60_000 }
}

/// What came back, in a form that is easy to compare.
struct Answer: Equatable {
    var status: Int
    var headers: HTTPHeaders
    var text: String
    /// The body, where it is no text.
    var bytes: [UInt8] = []

    var type: String? { headers["content-type"] }
}

struct APIFixture: Sendable {
    let loop: EventLoop
    let agent: FakeAgent
    let service: APIService

    func ask(
        _ method: HTTPMethod = .get,
        _ target: String,
        headers: [(String, String)] = [],
        authority: String? = "localhost:9477",
        listener: HTTPListenerKind = .loopback,
        body: [UInt8] = []
    ) async -> Answer {
        let parts = target.utf8.split(
            separator: UInt8(ascii: "?"),
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        let request = HTTPRequest(
            method: method,
            path: String(decoding: parts[0], as: UTF8.self),
            query: parts.count > 1 ? String(decoding: parts[1], as: UTF8.self) : "",
            authority: authority,
            headers: HTTPHeaders(headers),
            body: body,
            listener: listener
        )
        let response = await service.answer(request)
        guard case .bytes(let bytes) = response.body else {
            return Answer(status: response.status.code, headers: response.headers, text: "stream")
        }
        return Answer(
            status: response.status.code,
            headers: response.headers,
            text: String(decoding: bytes, as: UTF8.self),
            bytes: bytes
        )
    }

    /// Sends a form.
    func form(_ target: String, _ body: String) async -> Answer {
        await ask(
            .post,
            target,
            headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: Array(body.utf8)
        )
    }
}

/// Runs `body` with the API over `store`, and stops its threads afterwards.
func withAPI(
    _ store: FakeStore = FakeStore(),
    options: APIOptions = APIOptions(),
    tokens: FixedTokens = FixedTokens(),
    meters: MeterRegistry = MeterRegistry(),
    pushLimits: PushLimits = PushLimits(),
    _ body: (APIFixture) async throws -> Void
) async throws {
    let loop = try EventLoop()
    let thread = try loop.start(name: "api-test")
    let queries = try BlockingPool(name: "api-query", threads: 1, queueLimit: 8)
    let pushes = try BlockingPool(name: "api-push", threads: 1, queueLimit: 8)
    let agent = FakeAgent()
    let service = APIService(
        options: options,
        sources: APISources(
            queryable: store,
            labels: store,
            targets: agent,
            metadata: agent,
            status: agent,
            intake: agent,
            snappy: agent,
            tokens: tokens
        ),
        engine: QueryEngine(),
        runner: QueryRunner(pool: queries, loop: loop, options: options, meters: meters),
        pushWorkers: pushes,
        pushLimits: pushLimits,
        meters: meters,
        build: BuildInfo(version: "1.2.3", revision: "abc"),
        clock: FixedClock()
    )
    var failure: (any Error)?
    do {
        try await body(APIFixture(loop: loop, agent: agent, service: service))
    } catch {
        failure = error
    }
    queries.stop()
    pushes.stop()
    loop.stop()
    thread.join()
    if let failure { throw failure }
}
