// The totals of /proc/stat that are not about single processors: proc(5).

internal import Model

/// `node_intr_total`, `node_context_switches_total`, `node_forks_total`, `node_boot_time_seconds`,
/// `node_procs_running`, `node_procs_blocked`.
final class StatCollector: HostCollector {
    let name = "stat"
    private let file: ProcFile
    private let families: [(key: StaticString, family: Int)]

    init(_ roots: HostRoots, _ writer: inout MetricWriter) {
        file = ProcFile(roots.procfs + "/stat")
        families = [
            (
                "intr",
                writer.register(
                    HostFamily("node_intr_total", .counter, "Interrupts served since boot.")
                )
            ),
            (
                "ctxt",
                writer.register(
                    HostFamily("node_context_switches_total", .counter, "Context switches.")
                )
            ),
            (
                "btime",
                writer.register(
                    HostFamily("node_boot_time_seconds", .gauge, "When the host booted, Unix time.")
                )
            ),
            (
                "processes",
                writer.register(HostFamily("node_forks_total", .counter, "Processes created."))
            ),
            (
                "procs_running",
                writer.register(
                    HostFamily("node_procs_running", .gauge, "Processes that run or could run.")
                )
            ),
            (
                "procs_blocked",
                writer.register(
                    HostFamily("node_procs_blocked", .gauge, "Processes that wait for I/O.")
                )
            ),
        ]
    }

    func collect(into writer: inout MetricWriter) throws(HostError) {
        try file.load()
        var text = ProcText(file)
        while text.advance() {
            guard let key = text.field() else { continue }
            for (word, family) in families where key.spells(word) {
                guard let value = try text.number() else {
                    throw text.malformed("the number is missing")
                }
                writer.add(family, Double(value))
            }
        }
    }
}
