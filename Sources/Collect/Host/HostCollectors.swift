// The set of collectors: runs them one after the other, keeps account, lets one fail alone.

internal import Model
public import Platform

/// Runs host collectors and hands out what they found.
///
/// Every call blocks for as long as the kernel takes: call it from a thread of its own or a blocking
/// pool, never from an event loop. Calls must not overlap; whoever owns the set sees to that.
public final class HostCollectors {
    /// Every collector there is; all of them run by default.
    public static let known = [
        "cpu", "diskstats", "filesystem", "loadavg", "meminfo", "netdev", "pressure", "stat",
        "time",
        "uname",
    ]

    private struct Slot {
        let collector: any HostCollector
        var writer: MetricWriter
        var seconds = 0.0
        var succeeded = false
        var hasRun = false
    }

    private let wall: any WallClock
    private let steady: any SteadyClock
    private var slots: [Slot] = []
    private var account: MetricWriter
    private let durationFamily: Int
    private let successFamily: Int

    /// Sets the collectors up; opens no file yet.
    /// - Throws: `.unknownCollector` or `.badPattern`.
    public convenience init(
        _ options: HostOptions,
        wall: any WallClock = SystemClock(),
        steady: any SteadyClock = SystemClock()
    ) throws(HostError) {
        try self.init(options, wall: wall, steady: steady, ask: FileSystemUsage.of)
    }

    // `ask` stands for statvfs(3).
    init(
        _ options: HostOptions,
        wall: any WallClock,
        steady: any SteadyClock,
        ask: @escaping @Sendable (String) throws(Errno) -> FileSystemUsage
    ) throws(HostError) {
        self.wall = wall
        self.steady = steady
        account = MetricWriter(extra: options.labels)
        durationFamily = account.register(
            HostFamily(
                "node_scrape_collector_duration_seconds",
                .gauge,
                "How long a host collector took.",
                ["collector"]
            )
        )
        successFamily = account.register(
            HostFamily(
                "node_scrape_collector_success",
                .gauge,
                "Whether a host collector brought all that it should.",
                ["collector"]
            )
        )
        for name in try HostCollectors.chosen(options.collectors) {
            var writer = MetricWriter(extra: options.labels)
            let probe = MountProbe(timeoutMs: options.mountTimeoutMs, steady: steady, ask: ask)
            let collector = try HostCollectors.make(name, options, wall, probe, &writer)
            slots.append(Slot(collector: collector, writer: writer))
        }
    }

    /// The names of the collectors in this set, sorted.
    public var names: [String] { slots.map(\.collector.name) }

    /// Runs the collectors in `wanted`, or all of them.
    public func collect(only wanted: Set<String>? = nil) -> HostSnapshot {
        let time = Timestamp(ms: wall.nowMs())
        var failures: [(collector: String, error: HostError)] = []
        var parts: [HostPart] = []
        for index in slots.indices {
            let name = slots[index].collector.name
            if let wanted, !wanted.contains(name) { continue }
            if let error = run(index) { failures.append((name, error)) }
            parts.append(HostPart(collector: name, writer: slots[index].writer))
        }
        account.restart()
        for family in [durationFamily, successFamily] {
            for slot in slots where slot.hasRun {
                let value = family == durationFamily ? slot.seconds : slot.succeeded ? 1 : 0
                account.add(family, slot.collector.name.utf8, value)
            }
        }
        account.finish()
        parts.append(HostPart(collector: "scrape", writer: account))
        return HostSnapshot(time: time, parts: parts, failures: failures)
    }

    private func run(_ index: Int) -> HostError? {
        let start = steady.nowNs()
        let collector = slots[index].collector
        var failure: HostError?
        slots[index].writer.restart()
        do throws(HostError) {
            try collector.collect(into: &slots[index].writer)
        } catch {
            failure = error
        }
        slots[index].writer.finish()
        slots[index].seconds = Double(steady.nowNs() - start) / 1e9
        slots[index].succeeded = failure == nil
        slots[index].hasRun = true
        return failure
    }

    // Names add up to a set of their own; with only `-name`s, the default set less those.
    private static func chosen(_ names: [String]) throws(HostError) -> [String] {
        let removed = names.filter { $0.hasPrefix("-") }.map { String($0.dropFirst()) }
        let added = names.filter { !$0.hasPrefix("-") }
        for name in added + removed where !known.contains(name) {
            throw .unknownCollector(name: name, known: known)
        }
        let base = added.isEmpty ? known : known.filter { added.contains($0) }
        return base.filter { !removed.contains($0) }
    }

    private static func make(
        _ name: String,
        _ options: HostOptions,
        _ wall: any WallClock,
        _ probe: MountProbe,
        _ writer: inout MetricWriter
    ) throws(HostError) -> any HostCollector {
        let roots = options.roots
        switch name {
        case "cpu": return CPUCollector(roots, &writer)
        case "diskstats": return try DiskCollector(options, &writer)
        case "filesystem": return try FilesystemCollector(options, probe, &writer)
        case "loadavg": return LoadCollector(roots, &writer)
        case "meminfo": return MemoryCollector(roots)
        case "netdev": return try NetworkCollector(options, &writer)
        case "pressure": return PressureCollector(roots, &writer)
        case "stat": return StatCollector(roots, &writer)
        case "time": return TimeCollector(roots, wall, &writer)
        case "uname": return UnameCollector(roots, &writer)
        default: throw .unknownCollector(name: name, known: known)
        }
    }
}
