// Bytes to and from descriptors: the only pointers that reach read(2) and write(2).
internal import CLinux
internal import Glibc

extension Span where Element == UInt8 {
    /// One write(2): the count, or -1 with `Errno.current`.
    func writeOnce(to fd: Int32) -> Int {
        // SAFETY: the kernel reads `count` bytes of a span that lives for the call.
        unsafe withUnsafeBufferPointer { unsafe Glibc.write(fd, $0.baseAddress, $0.count) }
    }

    /// One pwrite(2): the count, or -1 with `Errno.current`.
    func writeOnce(to fd: Int32, at offset: Int64) -> Int {
        // SAFETY: as above.
        unsafe withUnsafeBufferPointer {
            unsafe Glibc.pwrite(fd, $0.baseAddress, $0.count, off_t(offset))
        }
    }

    /// One send(2) that never raises SIGPIPE: the count, or -1 with `Errno.current`.
    func sendOnce(to fd: Int32) -> Int {
        // SAFETY: as above.
        unsafe withUnsafeBufferPointer { unsafe clinux_send(fd, $0.baseAddress, $0.count) }
    }
}

extension OutputSpan where Element == UInt8 {
    /// One read(2) into the free room, at most `limit` bytes: the count, or -1 with `Errno.current`.
    mutating func readOnce(from fd: Int32, limit: Int = .max) -> Int {
        // SAFETY: `fill` passes room that it owns for the call.
        unsafe fill(limit: limit) { unsafe Glibc.read(fd, $0, $1) }
    }

    /// One pread(2) into the free room, at most `limit` bytes: the count, or -1 with `Errno.current`.
    mutating func readOnce(from fd: Int32, at offset: Int64, limit: Int = .max) -> Int {
        // SAFETY: `fill` passes room that it owns for the call.
        unsafe fill(limit: limit) { unsafe Glibc.pread(fd, $0, $1, off_t(offset)) }
    }

    private mutating func fill(
        limit: Int,
        _ body: (UnsafeMutableRawPointer?, Int) -> Int
    ) -> Int {
        // SAFETY: the kernel writes at most the free room behind the initialised part; bytes need no
        // construction, and exactly what it wrote is declared initialised.
        unsafe withUnsafeMutableBufferPointer { buffer, initialized in
            let room = UnsafeMutableRawBufferPointer(buffer)
            let wanted = Swift.min(limit, room.count - initialized)
            let start = unsafe room.baseAddress.map { unsafe $0 + initialized }
            let count = unsafe body(start, wanted)
            if count > 0 { initialized += count }
            return count
        }
    }
}
