// The host's clock, its zone, and what the kernel counts time with.

internal import Model
internal import Platform

/// `node_time_seconds`, `node_time_zone_offset_seconds`, `node_time_clocksource_…_info`.
final class TimeCollector: HostCollector {
    let name = "time"
    private let folder: String
    private let wall: any WallClock
    private let timeFamily: Int
    private let zoneFamily: Int
    private let availableFamily: Int
    private let currentFamily: Int
    private var sources: [(device: [UInt8], available: ProcFile, current: ProcFile)]?

    init(_ roots: HostRoots, _ wall: any WallClock, _ writer: inout MetricWriter) {
        folder = roots.sysfs + "/devices/system/clocksource"
        self.wall = wall
        timeFamily = writer.register(
            HostFamily("node_time_seconds", .gauge, "The host's clock, Unix time in seconds.")
        )
        zoneFamily = writer.register(
            HostFamily(
                "node_time_zone_offset_seconds",
                .gauge,
                "Seconds east of UTC.",
                ["time_zone"]
            )
        )
        availableFamily = writer.register(
            HostFamily(
                "node_time_clocksource_available_info",
                .gauge,
                "A clock source that the kernel could use; always 1.",
                ["clocksource", "device"]
            )
        )
        currentFamily = writer.register(
            HostFamily(
                "node_time_clocksource_current_info",
                .gauge,
                "The clock source that the kernel uses; always 1.",
                ["clocksource", "device"]
            )
        )
    }

    func collect(into writer: inout MetricWriter) throws(HostError) {
        let nowMs = wall.nowMs()
        writer.add(timeFamily, Double(nowMs) / 1000)
        let zone = TimeZoneNow(at: nowMs / 1000)
        writer.add(zoneFamily, zone.name.utf8, Double(zone.offsetSeconds))
        for (device, available, current) in try openSources() {
            try available.load()
            var text = ProcText(available)
            _ = text.advance()
            while let source = text.field() { info(availableFamily, source, device, &writer) }
            try current.load()
            info(currentFamily, current.word, device, &writer)
        }
    }

    private func info(
        _ family: Int,
        _ source: ArraySlice<UInt8>,
        _ device: [UInt8],
        _ writer: inout MetricWriter
    ) {
        writer.begin(family)
        writer.label(source)
        writer.label(device)
        writer.end(1)
    }

    private func openSources() throws(HostError) -> [(
        device: [UInt8], available: ProcFile, current: ProcFile
    )] {
        if let sources { return sources }
        let names: [String]
        do throws(Errno) {
            names = try PosixFileSystem().list(folder)
        } catch {
            throw .cannotRead(path: folder, cause: error)
        }
        let prefix = "clocksource"
        let found = names.filter { $0.hasPrefix(prefix) }.map { name in
            (
                device: Array(name.utf8.dropFirst(prefix.utf8.count)),
                available: ProcFile("\(folder)/\(name)/available_clocksource"),
                current: ProcFile("\(folder)/\(name)/current_clocksource")
            )
        }
        sources = found
        return found
    }
}
