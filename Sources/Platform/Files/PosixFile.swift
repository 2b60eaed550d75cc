// An open file of the real disk. Corresponding C functions: pread(2), pwrite(2), write(2),
// ftruncate(2), fallocate(2), fsync(2), fdatasync(2).
internal import CLinux
internal import Glibc

/// Owns one descriptor; a number is used only while the lock says that it is still open.
final class PosixFile: OpenFile {
    let path: String
    private let descriptor: Int32
    // Readers count themselves in, so that close() cannot pull the number from under a running call.
    private let usage = Lock(Usage())

    private struct Usage {
        var running = 0
        var isClosed = false
    }

    init(path: String, descriptor: consuming FileDescriptor) {
        self.path = path
        self.descriptor = descriptor.release()
    }

    deinit {
        if !usage.withLock({ $0.isClosed }) { _ = Glibc.close(descriptor) }
    }

    func close() throws(Errno) {
        let mustClose = try usage.withLock { usage throws(Errno) in
            guard !usage.isClosed else { throw .badDescriptor }
            usage.isClosed = true
            return usage.running == 0
        }
        if mustClose { try FileDescriptor(owning: descriptor).close() }
    }

    private func use<R>(_ body: (Int32) throws(Errno) -> R) throws(Errno) -> R {
        try usage.withLock { usage throws(Errno) in
            guard !usage.isClosed else { throw .badDescriptor }
            usage.running += 1
        }
        defer {
            let mustClose = usage.withLock { usage in
                usage.running -= 1
                return usage.isClosed && usage.running == 0
            }
            if mustClose { _ = Glibc.close(descriptor) }
        }
        return try body(descriptor)
    }

    func size() throws(Errno) -> Int64 {
        try use { fd throws(Errno) in try PosixFileSystem.info(fd).size }
    }

    func read(
        into target: inout OutputSpan<UInt8>,
        count: Int,
        at offset: Int64
    ) throws(Errno) -> Int {
        try use { fd throws(Errno) in
            var done = 0
            while done < count, target.freeCapacity > 0 {
                let got = try Syscall.retry {
                    target.readOnce(from: fd, at: offset + Int64(done), limit: count - done)
                }
                if got == 0 { break }
                done += got
            }
            return done
        }
    }

    func write(_ bytes: Span<UInt8>, at offset: Int64) throws(Errno) {
        try use { fd throws(Errno) in
            try Self.writeAll(bytes) { $0.writeOnce(to: fd, at: offset + Int64($1)) }
        }
    }

    func append(_ bytes: Span<UInt8>) throws(Errno) {
        try use { fd throws(Errno) in
            try Self.writeAll(bytes) { rest, _ in rest.writeOnce(to: fd) }
        }
    }

    /// Repeats `write` until everything is written: write(2) may take a part, on a full disk too, and
    /// only the next call says why.
    static func writeAll(
        _ bytes: Span<UInt8>,
        _ write: (Span<UInt8>, _ done: Int) -> Int
    ) throws(Errno) {
        var done = 0
        while done < bytes.count {
            let rest = bytes.extracting(done...)
            let count = try Syscall.retry { write(rest, done) }
            // POSIX allows 0 for a regular file only when nothing was asked; do not spin on it.
            if count == 0 { throw .inputOutput }
            done += count
        }
    }

    func truncate(to size: Int64) throws(Errno) {
        try use { fd throws(Errno) in
            try Syscall.retry { ftruncate(fd, off_t(size)) }
            // Mode `append` ignores the position; for the others the next append goes to the new end.
            let position = try Syscall.retry { lseek(fd, 0, SEEK_CUR) }
            if position > off_t(size) { try Syscall.retry { lseek(fd, off_t(size), SEEK_SET) } }
        }
    }

    func allocate(offset: Int64, length: Int64) throws(Errno) {
        try use { fd throws(Errno) in
            _ = try Syscall.retry { clinux_fallocate(fd, 1, offset, length) }
        }
    }

    func sync() throws(Errno) {
        try use { fd throws(Errno) in _ = try Syscall.retry { fsync(fd) } }
    }

    func syncData() throws(Errno) {
        try use { fd throws(Errno) in _ = try Syscall.retry { fdatasync(fd) } }
    }
}
