// Block devices: /proc/diskstats (the kernel's Documentation/admin-guide/iostats.rst) and udev.

internal import Model

/// `node_disk_…`.
final class DiskCollector: HostCollector {
    /// Collections between two looks at what udev says, which changes when devices are swapped.
    private static let udevRounds = 20
    /// /proc/diskstats counts sectors of 512 bytes whatever the device's own are.
    private static let sectorBytes = 512.0

    private enum Unit {
        case plain, sectors, ms
    }

    private struct Column {
        let name: String
        let kind: MetricKind
        let help: String
        let unit: Unit
    }

    // In the order of the file. Linux before 4.18 ends after 11 of them, before 5.5 after 15.
    private static let columns: [Column] = [
        Column(
            name: "reads_completed_total",
            kind: .counter,
            help: "Reads completed.",
            unit: .plain
        ),
        Column(
            name: "reads_merged_total",
            kind: .counter,
            help: "Reads merged into another.",
            unit: .plain
        ),
        Column(name: "read_bytes_total", kind: .counter, help: "Bytes read.", unit: .sectors),
        Column(
            name: "read_time_seconds_total",
            kind: .counter,
            help: "Seconds spent by all reads.",
            unit: .ms
        ),
        Column(
            name: "writes_completed_total",
            kind: .counter,
            help: "Writes completed.",
            unit: .plain
        ),
        Column(
            name: "writes_merged_total",
            kind: .counter,
            help: "Writes merged into another.",
            unit: .plain
        ),
        Column(name: "written_bytes_total", kind: .counter, help: "Bytes written.", unit: .sectors),
        Column(
            name: "write_time_seconds_total",
            kind: .counter,
            help: "Seconds spent by all writes.",
            unit: .ms
        ),
        Column(name: "io_now", kind: .gauge, help: "Requests under way.", unit: .plain),
        Column(
            name: "io_time_seconds_total",
            kind: .counter,
            help: "Seconds with a request under way.",
            unit: .ms
        ),
        Column(
            name: "io_time_weighted_seconds_total",
            kind: .counter,
            help: "Seconds times requests under way.",
            unit: .ms
        ),
        Column(
            name: "discards_completed_total",
            kind: .counter,
            help: "Discards completed.",
            unit: .plain
        ),
        Column(
            name: "discards_merged_total",
            kind: .counter,
            help: "Discards merged into another.",
            unit: .plain
        ),
        Column(
            name: "discarded_sectors_total",
            kind: .counter,
            help: "Sectors of 512 bytes discarded.",
            unit: .plain
        ),
        Column(
            name: "discard_time_seconds_total",
            kind: .counter,
            help: "Seconds spent by all discards.",
            unit: .ms
        ),
        Column(
            name: "flush_requests_total",
            kind: .counter,
            help: "Flush requests completed.",
            unit: .plain
        ),
        Column(
            name: "flush_requests_time_seconds_total",
            kind: .counter,
            help: "Seconds spent by all flush requests.",
            unit: .ms
        ),
    ]

    let name = "diskstats"
    private let file: ProcFile
    private let roots: HostRoots
    private let filter: HostFilter
    private let families: [Int]
    private let facts: DiskFactFamilies
    private var disks: [[UInt8]: Disk] = [:]
    private var round = 0

    private struct Disk {
        let isExcluded: Bool
        let rotational: ProcFile
        var facts: DiskFacts
        var round: Int
    }

    init(_ options: HostOptions, _ writer: inout MetricWriter) throws(HostError) {
        roots = options.roots
        file = ProcFile(roots.procfs + "/diskstats")
        filter = try HostFilter(excluding: options.diskExclude, option: "host.diskstats.exclude")
        families = DiskCollector.columns.map {
            writer.register(HostFamily("node_disk_\($0.name)", $0.kind, $0.help, ["device"]))
        }
        facts = DiskFactFamilies(&writer)
    }

    func collect(into writer: inout MetricWriter) throws(HostError) {
        try file.load()
        round += 1
        var text = ProcText(file)
        while text.advance() {
            guard let major = text.field() else { continue }
            guard let minor = text.field(), let device = text.field().map({ Array($0) }) else {
                throw text.malformed("major, minor and name of a device are expected")
            }
            var disk = disks[device] ?? open(device)
            disk.round = round
            if !disk.isExcluded {
                if disk.facts.round == 0 || round - disk.facts.round >= DiskCollector.udevRounds {
                    disk.facts = try DiskFacts(roots, major: major, minor: minor, round: round)
                }
                let isRotational =
                    try disk.rotational.loadIfPresent() && disk.rotational.word.spells("1")
                facts.write(device, major, minor, isRotational, disk.facts, &writer)
                try writeColumns(device, &text, &writer)
            }
            disks[device] = disk
        }
        disks = disks.filter { $0.value.round == round }
    }

    private func writeColumns(
        _ device: [UInt8],
        _ text: inout ProcText,
        _ writer: inout MetricWriter
    ) throws(HostError) {
        for (column, family) in zip(DiskCollector.columns, families) {
            guard let count = try text.number() else { return }
            let value =
                switch column.unit {
                case .plain: Double(count)
                case .sectors: Double(count) * DiskCollector.sectorBytes
                case .ms: Double(count) / 1000
                }
            writer.add(family, device, value)
        }
    }

    private func open(_ device: [UInt8]) -> Disk {
        // In sysfs a "/" in a device's name is a "!".
        let name = String(
            decoding: device.map { $0 == UInt8(ascii: "/") ? UInt8(ascii: "!") : $0 },
            as: UTF8.self
        )
        return Disk(
            isExcluded: filter.excludes(String(decoding: device, as: UTF8.self)),
            rotational: ProcFile("\(roots.sysfs)/block/\(name)/queue/rotational"),
            facts: DiskFacts(),
            round: round
        )
    }
}
