// A made-up host under Fixtures/, and copies of it that a test may damage.

import Model
import Platform
import TestSupport
import Testing

@testable import Collect

/// Where the fixture lies, and how to collect from it.
enum HostTree {
    static let folder =
        #filePath.split(separator: "/").dropLast().map { "/" + $0 }.joined()
        + "/Fixtures"

    static func options(_ folder: String = folder) -> HostOptions {
        var options = HostOptions()
        options.roots = HostRoots(
            procfs: folder + "/proc",
            sysfs: folder + "/sys",
            rootfs: "/",
            udev: folder + "/udev"
        )
        return options
    }

    static func collectors(
        _ options: HostOptions = options(),
        clock: ManualClock = ManualClock()
    ) throws -> HostCollectors {
        try HostCollectors(options, wall: clock, steady: clock) { path throws(Errno) in
            if path == "/missing" { throw .noSuchFile }
            return FileSystemUsage(
                sizeBytes: 1e9,
                freeBytes: 5e8,
                availableBytes: 4e8,
                files: Double(path.utf8.count),
                filesFree: 1
            )
        }
    }

    /// The text of one collection, without the zone of the machine that tests.
    static func text(_ snapshot: HostSnapshot) -> String {
        var bytes: [UInt8] = []
        snapshot.writeExposition(to: &bytes)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        return lines.filter { !$0.hasPrefix("node_time_zone_offset_seconds{") }
            .map { $0 + "\n" }.joined()
    }

    static func value(_ snapshot: HostSnapshot, _ series: String) -> Double? {
        for part in snapshot.parts {
            for (labels, value) in zip(part.series, part.values)
            where labels.description == series { return value }
        }
        return nil
    }

    static func write(_ text: String, to path: String) throws {
        try write(Array(text.utf8), to: path)
    }

    static func write(_ bytes: [UInt8], to path: String) throws {
        let file = try PosixFileSystem().open(path, .replace)
        try file.write(bytes.span, at: 0)
        try file.close()
    }

    /// Copies the fixture; gives the paths of the copied files.
    static func copy(from source: String = folder, to target: String) throws -> [String] {
        let files = PosixFileSystem()
        try files.makeDirectory(target)
        var paths: [String] = []
        for name in try files.list(source) {
            let (from, to) = (source + "/" + name, target + "/" + name)
            if try files.stat(from).kind == .directory {
                paths += try copy(from: from, to: to)
            } else {
                try write(files.readAll(from, limit: 1 << 20), to: to)
                paths.append(to)
            }
        }
        return paths
    }
}
