// The seam of host collection: one collector, its options, its errors.

public import Model
public import Platform

/// Reads one part of the host, such as memory or disks.
///
/// It blocks: call it on a thread that may. It is used by one thread at a time.
public protocol HostCollector: AnyObject {
    /// node_exporter's name of the collector.
    var name: String { get }

    /// Writes what is there now.
    ///
    /// - Throws: `HostError`; what was written before stays.
    func collect(into writer: inout MetricWriter) throws(HostError)
}

/// Where the host's files are; a container mounts them elsewhere.
public struct HostRoots: Hashable, Sendable {
    /// Usually `/proc`.
    public var procfs: String
    /// Usually `/sys`.
    public var sysfs: String
    /// Usually `/`: what mount points are below.
    public var rootfs: String
    /// What udev knows about devices.
    public var udev: String

    /// Names the roots; the defaults are the host's own.
    public init(
        procfs: String = "/proc",
        sysfs: String = "/sys",
        rootfs: String = "/",
        udev: String = "/run/udev/data"
    ) {
        self.procfs = procfs
        self.sysfs = sysfs
        self.rootfs = rootfs
        self.udev = udev
    }
}

/// What to collect, and from where.
///
/// Patterns are searched for, not anchored, as in node_exporter's flags.
public struct HostOptions: Sendable {
    /// Where the host's files are.
    public var roots = HostRoots()
    /// Labels for the series that are stored: `job`, `instance` and more.
    public var labels: [Label] = []
    /// Names of collectors; empty for the default set; `-name` takes one away.
    public var collectors: [String] = []
    /// Block devices that are left out.
    public var diskExclude = #"^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$"#
    /// Network devices that are left out; empty for none.
    public var networkExclude = ""
    /// Mount points that are left out.
    public var mountExclude =
        "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)"
    /// File system types that are left out.
    public var fileSystemExclude =
        "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs"
        + "|iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs"
        + "|squashfs|erofs|sysfs|tracefs)$"
    /// How long one file system may take to answer statvfs(3).
    public var mountTimeoutMs: Int64 = 5000

    /// node_exporter's defaults.
    public init() {}
}

/// Why a collector brought nothing, or not all.
public enum HostError: Error, Equatable {
    case cannotRead(path: String, cause: Errno)
    case malformed(path: String, line: Int, what: String)
    case noData(what: String)
    case tooManyStuck(count: Int)
    case unknownCollector(name: String, known: [String])
    case badPattern(option: String, cause: PatternError)
}

extension HostError: CustomStringConvertible {
    /// What, where, and what to do.
    public var description: String {
        switch self {
        case .cannotRead(let path, let cause): "cannot read \(path): \(cause)"
        case .malformed(let path, let line, let what): "\(path):\(line): \(what)"
        case .noData(let what): "no data: \(what)"
        case .tooManyStuck(let count):
            "\(count) mount points do not answer; check `mount` for dead network file systems"
        case .unknownCollector(let name, let known):
            "no collector \"\(name)\"; there are \(known.joined(separator: ", "))"
        case .badPattern(let option, let cause): "\(option): \(cause)"
        }
    }
}
