// The load averages of /proc/loadavg: proc(5).

internal import Model

/// `node_load1`, `node_load5`, `node_load15`.
final class LoadCollector: HostCollector {
    let name = "loadavg"
    private let file: ProcFile
    private let families: [Int]

    init(_ roots: HostRoots, _ writer: inout MetricWriter) {
        file = ProcFile(roots.procfs + "/loadavg")
        families = [1, 5, 15].map { minutes in
            writer.register(
                HostFamily("node_load\(minutes)", .gauge, "Load average of \(minutes) minutes.")
            )
        }
    }

    func collect(into writer: inout MetricWriter) throws(HostError) {
        try file.load()
        var text = ProcText(file)
        _ = text.advance()
        for family in families {
            guard let field = text.field(), let value = FloatText.parse(field.span) else {
                throw text.malformed("three load averages are expected")
            }
            writer.add(family, value)
        }
    }
}
