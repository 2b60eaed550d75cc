// A file, a pipe or standard input, read from its begin to its end.
internal import Glibc

/// Bytes one behind the other: a file, a pipe, standard input.
public struct SequentialInput: ~Copyable {
    private let descriptor: FileDescriptor

    /// Opens a file, or standard input for `-`.
    ///
    /// - Throws: what open(2) or dup(2) says.
    public init(_ path: String) throws(Errno) {
        if path == "-" {
            descriptor = FileDescriptor(owning: try Syscall.retry { dup(STDIN_FILENO) })
        } else {
            descriptor = try openDescriptor(path, O_RDONLY, mode: 0)
        }
    }

    /// The next bytes, at most `limit`; none at the end.
    ///
    /// - Throws: what read(2) says, such as `.isADirectory`.
    public func read(limit: Int) throws(Errno) -> [UInt8] {
        let raw = descriptor.raw
        var failure: Errno?
        let bytes = [UInt8](capacity: limit) { span in
            do throws(Errno) {
                _ = try Syscall.retry { span.readOnce(from: raw) }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }
}
