// The time that each processor spent in each mode: /proc/stat, proc(5).

internal import Model

/// `node_cpu_seconds_total`, `node_cpu_guest_seconds_total`, and what `ProcessorTopology` adds.
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
    private let timeFamily: Int
    private let guestFamily: Int
    private let topology: ProcessorTopology
    private var highest: [[UInt8]: [UInt64]] = [:]  // per processor, what was shown last

    init(_ roots: HostRoots, _ writer: inout MetricWriter) {
        file = ProcFile(roots.procfs + "/stat")
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
        topology = ProcessorTopology(roots, &writer)
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
        try topology.write(&writer)
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
}
