// A process that is there to be killed. posix_spawn(3), kill(2), waitpid(2).
import Glibc
import Platform

/// A running copy of this program.
///
/// Whoever starts it ends it.
struct KillableProcess {
    private let id: pid_t

    /// Starts this program with other arguments.
    /// - Throws: what posix_spawn(3) says.
    init(_ arguments: [String]) throws(Errno) {
        // SAFETY: the strings live until they are freed below, after the call.
        var argv = unsafe (["fuzz"] + arguments).map { unsafe strdup($0) }
        unsafe argv.append(nil)
        defer { unsafe argv.forEach { unsafe free($0) } }
        var id: pid_t = 0
        // SAFETY: as above; without actions, attributes or an environment.
        let code = unsafe posix_spawn(&id, "/proc/self/exe", nil, nil, argv, nil)
        guard code == 0 else { throw Errno(code: code) }
        self.id = id
    }

    /// Kills the process and waits until it is gone.
    ///
    /// - Returns: nil when it was killed, its exit code or signal as text when it ended before.
    func killAndWait() -> String? {
        _ = kill(id, SIGKILL)
        var status: Int32 = 0
        // SAFETY: the status is written before the call returns.
        while unsafe waitpid(id, &status, 0) != id {}
        let signal = status & 0x7f
        if signal == SIGKILL { return nil }
        return signal == 0 ? "exit code \((status >> 8) & 0xff)" : "signal \(signal)"
    }

    /// Sleeps.
    static func pause(ns: Int64) {
        let time = timespec(tv_sec: Int(ns / 1_000_000_000), tv_nsec: Int(ns % 1_000_000_000))
        // SAFETY: the time lives for the call; a signal that ends it early does no harm here.
        _ = unsafe withUnsafePointer(to: time) { unsafe nanosleep($0, nil) }
    }
}
