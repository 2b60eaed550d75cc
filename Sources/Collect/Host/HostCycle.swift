// Collects the host in its interval and stores what came: one batch for all collectors of one interval.
internal import Model
public import Platform

/// When each part of the host is collected.
public struct HostSchedule: Sendable, Equatable {
    /// Between two collections, in milliseconds.
    public var intervalMs: Int64
    /// Collectors with an interval of their own, in milliseconds.
    public var ownIntervalsMs: [String: Int64]

    /// All collectors at one interval, but for those with their own.
    public init(intervalMs: Int64, ownIntervalsMs: [String: Int64] = [:]) {
        self.intervalMs = intervalMs
        self.ownIntervalsMs = ownIntervalsMs
    }

    /// The collectors of `names` that are due at the steady time `nowNs`.
    func due(_ names: [String], lastNs: [String: Int64], nowNs: Int64) -> Set<String> {
        Set(
            names.filter { name in
                guard let last = lastNs[name] else { return true }
                let interval = ownIntervalsMs[name] ?? intervalMs
                // Half a base interval of grace: a collector at 60 s runs on every fourth 15 s tick.
                return nowNs - last >= (interval - min(intervalMs, interval) / 2) * 1_000_000
            }
        )
    }

    /// The distance between two ticks: the shortest interval of all.
    var tickMs: Int64 { max(1, ([intervalMs] + ownIntervalsMs.values).min() ?? intervalMs) }
}

/// The collectors behind a lock: whoever comes second waits for the first.
public final class HostRunner: Sendable {
    private let collectors: Lock<HostCollectors>
    private let pool: BlockingPool
    private let last = Lock<(snapshot: HostSnapshot, ns: Int64)?>(nil)

    /// Takes the collectors over.
    ///
    /// The pool should be its own, since a hanging file system holds its thread.
    public init(_ collectors: sending HostCollectors, on pool: BlockingPool) {
        self.collectors = Lock(collectors)
        self.pool = pool
    }

    /// The names of the collectors.
    public var names: [String] { collectors.withLock { $0.names } }

    /// Runs the collectors in `wanted`, or all of them, off the caller's thread.
    public func collect(only wanted: Set<String>? = nil) async -> HostSnapshot {
        await pool.run { [self] in collectors.withLock { $0.collect(only: wanted) } }
    }

    /// A complete collection that is at most `maxAgeNs` old.
    public func recent(maxAgeNs: Int64, clock: some SteadyClock) async -> HostSnapshot {
        let now = clock.nowNs()
        if let last = last.withLock({ $0 }), now - last.ns <= maxAgeNs { return last.snapshot }
        let snapshot = await collect()
        last.withLock { $0 = (snapshot, now) }
        return snapshot
    }
}

/// Collects and stores until its task is cancelled.
public actor HostCycle {
    private nonisolated let loop: EventLoop
    private let runner: HostRunner
    private let schedule: HostSchedule
    private let sink: any SampleSink
    private let log: Logger

    // One stream for the common interval, under "", and one for each collector with its own: so each
    // stream brings the same series every time.
    private var intakes: [String: HostIntake] = [:]
    private var lastNs: [String: Int64] = [:]
    private var failing: [String: String] = [:]

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        // SAFETY: `loop` lives as long as this actor.
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Prepares the cycle; `run` starts it.
    public init(
        loop: EventLoop,
        runner: HostRunner,
        schedule: HostSchedule,
        sink: any SampleSink,
        log: Logger
    ) {
        self.loop = loop
        self.runner = runner
        self.schedule = schedule
        self.sink = sink
        self.log = log
    }

    /// Collects at once, then at every tick of the steady clock.
    public func run() async {
        var next = loop.clock.now
        while !Task.isCancelled {
            await collect()
            let tick = Duration.milliseconds(schedule.tickMs)
            next = next.advanced(by: tick)
            // Ticks that a slow collection missed are left out.
            while next < loop.clock.now { next = next.advanced(by: tick) }
            do throws(CancellationError) {
                try await loop.sleep(until: next)
            } catch {
                break
            }
        }
        for intake in intakes.values { sink.closeStream(intake.stream) }
    }

    private func collect() async {
        let now = loop.clock.nowNs()
        let due = schedule.due(runner.names, lastNs: lastNs, nowNs: now)
        guard !due.isEmpty else { return }
        for name in due { lastNs[name] = now }
        let snapshot = await runner.collect(only: due)
        note(snapshot.failures)
        var groups: [String: [HostPart]] = [:]
        for part in snapshot.parts {
            let group = schedule.ownIntervalsMs[part.collector] == nil ? "" : part.collector
            groups[group, default: []].append(part)
        }
        for (group, parts) in groups.sorted(by: { $0.key < $1.key }) {
            await store(parts, group, at: snapshot.time)
        }
    }

    private func store(_ parts: [HostPart], _ group: String, at time: Timestamp) async {
        var intake = intakes[group] ?? HostIntake(sink)
        defer { intakes[group] = intake }
        for _ in 0..<2 {
            let batch = intake.batch(of: parts, at: time)
            guard batch.count > 0 else { return }
            switch await sink.append(batch) {
            case .stored, .refused:
                intake.confirm()
                return
            case .unknownSeries:
                // The store let a series go that did not come for a while: ask again, once.
                intake.forgetHandles()
            }
        }
        log.warn("host samples lost: their series are unknown")
    }

    // One line when a collector begins to fail or fails otherwise, one when it works again.
    private func note(_ failures: [(collector: String, error: HostError)]) {
        var now: [String: String] = [:]
        for failure in failures {
            let text = "\(failure.error)"
            now[failure.collector] = text
            if failing[failure.collector] != text {
                log.warn("host collector failed", ("collector", failure.collector), ("cause", text))
            }
        }
        for name in failing.keys.sorted() where now[name] == nil && lastNs[name] != nil {
            log.info("host collector works again", ("collector", name))
        }
        failing = now
    }
}
