// How full the mounted file systems are.

internal import Model
internal import Platform

/// `node_filesystem_…`.
final class FilesystemCollector: HostCollector {
    /// More mounts than this are a fault of the host that must not become one of the store.
    static let maxMounts = 4096

    let name = "filesystem"
    private let table: MountTable
    private let probe: MountProbe
    private let rootfs: String
    private let pointFilter: HostFilter
    private let typeFilter: HostFilter
    private let errorFamily: Int
    private let readOnlyFamily: Int
    private let usageFamilies: [Int]
    private let infoFamily: Int

    init(
        _ options: HostOptions,
        _ probe: MountProbe,
        _ writer: inout MetricWriter
    ) throws(HostError) {
        table = MountTable(options.roots)
        self.probe = probe
        rootfs = options.roots.rootfs
        pointFilter = try HostFilter(
            excluding: options.mountExclude,
            option: "host.filesystem.exclude"
        )
        typeFilter = try HostFilter(
            excluding: options.fileSystemExclude,
            option: "host.filesystem.exclude_types"
        )
        func family(_ name: String, _ help: String) -> Int {
            writer.register(
                HostFamily(
                    "node_filesystem_\(name)",
                    .gauge,
                    help,
                    ["device", "device_error", "fstype", "mountpoint"]
                )
            )
        }
        errorFamily = family("device_error", "Whether the file system could not be asked.")
        readOnlyFamily = family("readonly", "Whether the file system is mounted read-only.")
        usageFamilies = [
            family("size_bytes", "Size in bytes."), family("free_bytes", "Free bytes."),
            family("avail_bytes", "Free bytes that any user may take."),
            family("files", "File nodes."), family("files_free", "Free file nodes."),
            family("purgeable_bytes", "Purgeable bytes, which only macOS knows; 0 here."),
        ]
        infoFamily = writer.register(
            HostFamily(
                "node_filesystem_mount_info",
                .gauge,
                "What is mounted where; always 1.",
                ["device", "major", "minor", "mountpoint"]
            )
        )
    }

    func collect(into writer: inout MetricWriter) throws(HostError) {
        let mounts = try table.load().filter {
            !pointFilter.excludes($0.point[...]) && !typeFilter.excludes($0.type[...])
        }
        guard mounts.count <= FilesystemCollector.maxMounts else {
            throw .noData(what: "\(mounts.count) mounts; exclude some with host.filesystem.exclude")
        }
        let answers = try probe.answers(for: mounts.map { path($0) })
        for (mount, answer) in zip(mounts, answers) { write(mount, answer, &writer) }
    }

    // Where this process finds what the host calls `point`.
    private func path(_ mount: Mount) -> String {
        var root = rootfs
        while root.hasSuffix("/") { root.removeLast() }
        return root + String(decoding: mount.point, as: UTF8.self)
    }

    private func write(_ mount: Mount, _ answer: MountAnswer, _ writer: inout MetricWriter) {
        var trouble = ""
        var values: [Double] = []
        switch answer {
        case .usage(let usage):
            values = [
                usage.sizeBytes, usage.freeBytes, usage.availableBytes, usage.files,
                usage.filesFree, 0,
            ]
        case .failed(let cause): trouble = cause.description
        case .stuck: trouble = "mountpoint timeout"
        }
        func row(_ family: Int, _ value: Double) {
            writer.begin(family)
            writer.label(mount.device)
            writer.label(trouble.utf8)
            writer.label(mount.type)
            writer.label(mount.point)
            writer.end(value)
        }
        row(errorFamily, trouble.isEmpty ? 0 : 1)
        row(readOnlyFamily, mount.isReadOnly ? 1 : 0)
        guard !values.isEmpty else { return }
        for (family, value) in zip(usageFamilies, values) { row(family, value) }
        writer.begin(infoFamily)
        writer.label(mount.device)
        writer.label(mount.major)
        writer.label(mount.minor)
        writer.label(mount.point)
        writer.end(1)
    }
}
