// The time that each processor spent in each mode: /proc/stat, proc(5).

internal import Model
internal import Platform

/// `node_cpu_seconds_total`, `node_cpu_guest_seconds_total` and, where the kernel can take processors
/// offline, `node_cpu_online`.
final class CPUCollector: HostCollector {
    /// /proc/stat counts in USER_HZ, which is 100 on every architecture that Linux still has.
    private static let ticksPerSecond = 100.0
    /// Idle time is computed, not counted, and may step back a little; more is a hotplug event.
    private static let resetTicks: UInt64 = 300
    private static let idle = 3

    // The order of the kernel's columns, user first.
    private static let modes: [[UInt8]] = [
        "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal",
    ].map { Array($0.utf8) }
    private static let guestModes: [[UInt8]] = ["user", "nice"].map { Array($0.utf8) }

    let name = "cpu"
    private let file: ProcFile
    private let sysfs: String
    private let timeFamily: Int
    private let guestFamily: Int
    private let onlineFamily: Int
    private var highest: [[UInt8]: [UInt64]] = [:]  // per processor, what was shown last
    private var online: [(processor: [UInt8], file: ProcFile)]?

    init(_ roots: HostRoots, _ writer: inout MetricWriter) {
        file = ProcFile(roots.procfs + "/stat")
        sysfs = roots.sysfs
        timeFamily = writer.register(
            HostFamily(
                "node_cpu_seconds_total",
                .counter,
                "Seconds a processor spent in each mode.",
                ["cpu", "mode"]
            )
        )
        guestFamily = writer.register(
            HostFamily(
                "node_cpu_guest_seconds_total",
                .counter,
                "Seconds a processor ran virtual machines, which user and nice include.",
                ["cpu", "mode"]
            )
        )
        onlineFamily = writer.register(
            HostFamily("node_cpu_online", .gauge, "Whether a processor is online.", ["cpu"])
        )
    }

    func collect(into writer: inout MetricWriter) throws(HostError) {
        try file.load()
        var text = ProcText(file)
        var found = 0
        while text.advance() {
            guard let key = text.field(), key.starts(with: "cpu".utf8), key.count > 3 else {
                continue
            }
            let processor = Array(key.dropFirst(3))
            var ticks = [UInt64](repeating: 0, count: 10)
            for column in 0..<10 {
                // Old kernels have fewer columns.
                guard let value = try text.number() else { break }
                ticks[column] = value
            }
            write(processor, steady(processor, ticks), &writer)
            found += 1
        }
        if found == 0 { throw .noData(what: "\(file.path) names no processor") }
        try writeOnline(&writer)
    }

    // Counters never step back, unless the processor was replugged.
    private func steady(_ processor: [UInt8], _ ticks: [UInt64]) -> [UInt64] {
        var shown = highest[processor] ?? ticks
        let idle = CPUCollector.idle
        if shown[idle] > ticks[idle], shown[idle] - ticks[idle] >= CPUCollector.resetTicks {
            shown = ticks
        }
        for column in ticks.indices { shown[column] = max(shown[column], ticks[column]) }
        highest[processor] = shown
        return shown
    }

    private func write(
        _ processor: [UInt8],
        _ ticks: [UInt64],
        _ writer: inout MetricWriter
    ) {
        for (column, mode) in CPUCollector.modes.enumerated() {
            writer.begin(timeFamily)
            writer.label(processor)
            writer.label(mode)
            writer.end(Double(ticks[column]) / CPUCollector.ticksPerSecond)
        }
        for (column, mode) in CPUCollector.guestModes.enumerated() {
            writer.begin(guestFamily)
            writer.label(processor)
            writer.label(mode)
            writer.end(Double(ticks[8 + column]) / CPUCollector.ticksPerSecond)
        }
    }

    // Processors come and go as directories only with the machine; which are online changes.
    private func writeOnline(_ writer: inout MetricWriter) throws(HostError) {
        let folder = sysfs + "/devices/system/cpu"
        if online == nil {
            let names = (try? PosixFileSystem().list(folder)) ?? []
            online = names.filter { name in
                name.hasPrefix("cpu") && ProcText.number(name.utf8.dropFirst(3)) != nil
            }.map { (Array($0.utf8.dropFirst(3)), ProcFile("\(folder)/\($0)/online")) }
        }
        guard let online, let first = online.first, try first.file.loadIfPresent() else { return }
        for (processor, file) in online {
            let isOnline = try file.loadIfPresent() && file.word.spells("1")
            writer.add(onlineFamily, processor, isOnline ? 1 : 0)
        }
    }
}
