// What this process costs: proc_pid_status(5), proc_pid_stat(5), getrusage(2), getrlimit(2).
internal import CLinux
internal import Glibc

/// One reading of the process's own use of the machine.
public struct ResourceUsage: Sendable, Equatable {
    public var userSeconds: Double
    public var systemSeconds: Double
    public var residentBytes: Int64
    /// Memory of our own: without mapped files and libraries.
    ///
    /// The honest figure.
    public var anonymousBytes: Int64
    public var virtualBytes: Int64
    public var maxResidentBytes: Int64
    public var threads: Int64
    public var openDescriptors: Int64
    public var maxDescriptors: Int64

    /// Reads them now; what cannot be read is 0.
    ///
    /// Costs some 100 µs and no disk.
    public static func now() -> ResourceUsage {
        let status = ProcFigures.read("/proc/self/status") ?? []
        var times = clinux_usage()
        // SAFETY: filled before the call returns; on failure it stays zero.
        _ = unsafe clinux_getrusage(&times)
        func kib(_ key: String) -> Int64 {
            (ProcFigures.number(after: key, in: status) ?? 0) * 1024
        }
        return ResourceUsage(
            userSeconds: Double(times.user_us) / 1e6,
            systemSeconds: Double(times.system_us) / 1e6,
            residentBytes: kib("VmRSS:"),
            anonymousBytes: kib("RssAnon:"),
            virtualBytes: kib("VmSize:"),
            maxResidentBytes: times.max_resident_kib * 1024,
            threads: ProcFigures.number(after: "Threads:", in: status) ?? 0,
            openDescriptors: countDescriptors(),
            maxDescriptors: descriptorLimit()
        )
    }

    private static func countDescriptors() -> Int64 {
        do throws(Errno) {
            // Less the one that reads the directory.
            return Int64(try PosixFileSystem().list("/proc/self/fd").count) - 1
        } catch {
            return 0
        }
    }

    private static func descriptorLimit() -> Int64 {
        var limit = rlimit()
        // SAFETY: filled before the call returns.
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
            return 0
        }
        return Int64(clamping: limit.rlim_cur)
    }

    /// When the process started, milliseconds since 1970 UTC; nil without /proc.
    public static func processStartMs() -> Int64? {
        guard let stat = ProcFigures.read("/proc/self/stat"),
            let boot = ProcFigures.read("/proc/stat").flatMap({
                ProcFigures.number(after: "btime", in: $0)
            }),
            // The name in parentheses may hold spaces and parentheses: fields count from the last one.
            let close = stat.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        let fields = stat[close...].split(separator: UInt8(ascii: " "))
        // Field 22, starttime in clock ticks; field 3 is fields[1].
        guard fields.count > 20, let ticks = Int64(String(decoding: fields[20], as: UTF8.self))
        else { return nil }
        return boot * 1_000 + ticks * 1_000 / Int64(max(1, sysconf(Int32(_SC_CLK_TCK))))
    }
}
