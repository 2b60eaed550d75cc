// The system calls of host collection that Platform does not offer: statvfs(3), localtime_r(3).

internal import Glibc
internal import Platform

/// What statvfs(3) says about a mounted file system, in bytes and file nodes.
struct FileSystemUsage: Sendable, Equatable {
    let sizeBytes: Double
    let freeBytes: Double
    let availableBytes: Double
    let files: Double
    let filesFree: Double

    /// Asks the kernel, which may take for ever on a dead network file system.
    static func of(_ path: String) throws(Errno) -> FileSystemUsage {
        var status = statvfs()
        // SAFETY: the kernel fills the struct before the call returns.
        try Syscall.retry { unsafe statvfs(path, &status) }
        let unit = Double(status.f_frsize)
        return FileSystemUsage(
            sizeBytes: Double(status.f_blocks) * unit,
            freeBytes: Double(status.f_bfree) * unit,
            availableBytes: Double(status.f_bavail) * unit,
            files: Double(status.f_files),
            filesFree: Double(status.f_ffree)
        )
    }
}

/// The host's time zone, as TZ or /etc/localtime set it.
struct TimeZoneNow {
    let name: String
    let offsetSeconds: Int

    /// The zone that holds at `seconds` since 1970.
    init(at seconds: Int64) {
        var time = time_t(seconds)
        // SAFETY: all zero is a valid tm; its one pointer is read only after the C library set it.
        var parts = unsafe tm()
        // SAFETY: localtime_r fills `parts`; tm_zone is a C string that the C library keeps.
        if unsafe localtime_r(&time, &parts) == nil {
            name = "UTC"
            offsetSeconds = 0
        } else {
            name = unsafe parts.tm_zone.map { unsafe String(cString: $0) } ?? "UTC"
            offsetSeconds = unsafe parts.tm_gmtoff
        }
    }
}

/// Sleeps the calling thread; only for threads that may block.
func pause(microseconds: UInt32) {
    _ = usleep(microseconds)
}
