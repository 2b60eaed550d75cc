// Pressure stall information of /proc/pressure: the kernel's Documentation/accounting/psi.rst.

internal import Model
internal import Platform

/// `node_pressure_…_waiting_seconds_total` (some tasks stalled) and `…_stalled_…` (all of them).
final class PressureCollector: HostCollector {
    let name = "pressure"
    private let sources: [(file: ProcFile, some: Int?, full: Int?, isOptional: Bool)]

    init(_ roots: HostRoots, _ writer: inout MetricWriter) {
        func family(_ resource: String, _ word: String, _ help: String) -> Int {
            writer.register(
                HostFamily("node_pressure_\(resource)_\(word)_seconds_total", .counter, help)
            )
        }
        func file(_ resource: String) -> ProcFile {
            ProcFile("\(roots.procfs)/pressure/\(resource)")
        }
        sources = [
            // For processors, "all tasks stalled" is not defined at the level of the system.
            (
                file("cpu"), family("cpu", "waiting", "Seconds some task waited for a processor."),
                nil, false
            ),
            (
                file("io"), family("io", "waiting", "Seconds some task waited for I/O."),
                family("io", "stalled", "Seconds every task waited for I/O."), false
            ),
            (
                file("memory"), family("memory", "waiting", "Seconds some task waited for memory."),
                family("memory", "stalled", "Seconds every task waited for memory."), false
            ),
            // Since Linux 6.1, and only with CONFIG_IRQ_TIME_ACCOUNTING.
            (
                file("irq"), nil,
                family("irq", "stalled", "Seconds every task waited for interrupts."), true
            ),
        ]
    }

    func collect(into writer: inout MetricWriter) throws(HostError) {
        for source in sources {
            do throws(HostError) {
                try source.file.load()
            } catch .cannotRead(let path, let cause)
                where cause == .noSuchFile || cause == .notSupported
            {
                if source.isOptional { continue }
                throw .noData(
                    what:
                        "\(path): \(cause); pressure needs Linux 4.20, CONFIG_PSI and perhaps psi=1"
                )
            }
            var text = ProcText(source.file)
            while text.advance() {
                guard let kind = text.field() else { continue }
                guard let family = kind.spells("some") ? source.some : source.full else { continue }
                writer.add(family, Double(try total(&text)) / 1e6)
            }
        }
    }

    // `total=` in microseconds.
    private func total(_ text: inout ProcText) throws(HostError) -> UInt64 {
        while let field = text.field() {
            if field.starts(with: "total=".utf8), let total = ProcText.number(field.dropFirst(6)) {
                return total
            }
        }
        throw text.malformed("no total=")
    }
}
