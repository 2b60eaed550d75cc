// What the running process is and how it ends.
internal import Glibc

/// The process itself.
public enum ThisProcess {
    /// Where relative paths begin: getcwd(3), `.` when that fails.
    public static var workingDirectory: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        // SAFETY: the call writes at most the buffer's length, the last byte zero.
        guard unsafe getcwd(&buffer, buffer.count) != nil else { return "." }
        let bytes = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Processors that are online, at least 1.
    public static var processorCount: Int {
        max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    }

    /// Ends at once, with nothing flushed: _exit(2).
    public static func exit(_ code: Int32) -> Never {
        _exit(code)
    }
}
