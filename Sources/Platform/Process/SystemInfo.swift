// Who and where this process is.
internal import CLinux
internal import Glibc

/// Facts about the machine and the process that do not change.
public enum SystemInfo {
    /// The host's name, as `hostname(1)` prints it; `localhost` when it has none.
    public static var hostName: String {
        var buffer = [CChar](repeating: 0, count: 256)
        // SAFETY: the buffer's length is passed along; the call ends the name with a zero.
        let status = unsafe buffer.withUnsafeMutableBufferPointer { buffer -> Int32 in
            guard let start = buffer.baseAddress else { return -1 }
            return unsafe clinux_hostname(start, buffer.count)
        }
        let name = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return status == 0 && !name.isEmpty ? String(decoding: name, as: UTF8.self) : "localhost"
    }

    /// This process's id.
    public static var processID: Int32 { getpid() }
}
