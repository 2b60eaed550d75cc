// The agent's state as the API shows it.
import API
import Collect
import Model
import Platform
import Store

/// Answers the status pages.
///
/// What changes with a reload is set by the runtime.
final class StatusAdapter: StatusSource, Sendable {
    private struct State {
        var isListening = false
        var configText = ""
        var lastConfigMs: Int64
        var reloadSucceeded = true
        var flags: [(name: String, value: String)] = []
        var retention = ""
        var host: HostRunner?
        var reload: (@Sendable () async -> String?)?
    }

    // A page that is asked for by many at once costs one collection.
    private static let hostTextAgeNs: Int64 = 500_000_000

    private let database: Database
    private let startMs: Int64
    private let clock: any SteadyClock
    private let state: Lock<State>
    private let workers: BlockingPool

    /// Tells about an agent; `workers` do what takes a disk.
    init(_ database: Database, startMs: Int64, clock: any SteadyClock, workers: BlockingPool) {
        self.workers = workers
        self.database = database
        self.startMs = startMs
        self.clock = clock
        state = Lock(State(lastConfigMs: startMs))
    }

    /// Whether requests for data are answered; pushes are not before the store takes them.
    func set(listening: Bool) {
        state.withLock { $0.isListening = listening }
    }

    /// Says what was loaded.
    func set(
        configText: String,
        flags: [(name: String, value: String)],
        retention: String,
        atMs: Int64
    ) {
        state.withLock { state in
            state.configText = configText
            state.flags = flags
            state.retention = retention
            state.lastConfigMs = atMs
        }
    }

    /// Says whether the last reload worked.
    func set(reloadSucceeded: Bool) {
        state.withLock { $0.reloadSucceeded = reloadSucceeded }
    }

    /// Says who collects the host; nil when nobody does.
    func set(host: HostRunner?) {
        state.withLock { $0.host = host }
    }

    /// Says how the configuration is loaded anew.
    func set(reload: @escaping @Sendable () async -> String?) {
        state.withLock { $0.reload = reload }
    }

    func servingPhase() -> ServingPhase {
        guard state.withLock({ $0.isListening }) else { return .down }
        return database.isReplaying ? .replaying : .ready
    }

    func replay() -> ReplayStatus {
        let progress = database.replayProgress
        return ReplayStatus(readBytes: progress.readBytes, totalBytes: progress.totalBytes)
    }

    func runtimeInfo() async -> RuntimeInfo {
        let statistics = database.statistics()
        return state.withLock { state in
            RuntimeInfo(
                startTime: Timestamp(ms: startMs),
                workingDirectory: ThisProcess.workingDirectory,
                hostName: MachineName.host(),
                reloadSucceeded: state.reloadSucceeded,
                lastConfigTime: Timestamp(ms: state.lastConfigMs),
                corruptions: statistics.quarantined + statistics.damagedReads,
                storageRetention: state.retention
            )
        }
    }

    func configText() async -> String { state.withLock { $0.configText } }

    func flags() async -> [(name: String, value: String)] { state.withLock { $0.flags } }

    func storeStatus(limit: Int) async -> StoreStatus {
        let head = database.headStatus(limit: limit)
        var status = StoreStatus()
        status.series = head.series
        status.labelPairs = head.labelPairs
        status.chunks = head.chunks
        status.range = head.range
        status.seriesByMetric = head.seriesByMetric.map { .init($0.name, $0.count) }
        status.valuesByLabel = head.valuesByLabel.map { .init($0.name, $0.count) }
        status.bytesByLabel = head.bytesByLabel.map { .init($0.name, $0.count) }
        status.seriesByPair = head.seriesByPair.map { .init($0.name, $0.count) }
        return status
    }

    func hostText() async -> [UInt8]? {
        guard let host = state.withLock({ $0.host }) else { return nil }
        let snapshot = await host.recent(maxAgeNs: StatusAdapter.hostTextAgeNs, clock: clock)
        var text: [UInt8] = []
        snapshot.writeExposition(to: &text)
        return text
    }

    func reload() async -> String? {
        guard let reload = state.withLock({ $0.reload }) else {
            return "the agent is still starting; try again"
        }
        return await reload()
    }

    func snapshot() async -> SnapshotOutcome {
        let database = database
        let name = StatusAdapter.snapshotName(SystemClock().nowMs())
        let parent = FilePath.join(database.options.basePath, "snapshots")
        let failure = await workers.run { () -> String? in
            do throws(StoreError) {
                try database.snapshot(to: FilePath.join(parent, name))
                return nil
            } catch {
                return "\(error)"
            }
        }
        return failure.map { .failed($0) } ?? .made(name: name)
    }

    // As Prometheus names them: 20261231T235959Z-2be650b6d019eb54.
    private static func snapshotName(_ nowMs: Int64) -> String {
        let time = RFC3339.format(Timestamp(ms: nowMs)).prefix { $0 != "." }
            .filter { $0 != "-" && $0 != ":" }
        let digits = String(UInt64.random(in: .min ... .max), radix: 16)
        return "\(time)Z-" + String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
