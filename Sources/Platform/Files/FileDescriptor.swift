// A descriptor that has one owner: it cannot be copied, is closed once, and never after it was given
// away. What is kept in a class is closed when that class goes.
internal import Glibc

/// An open file, socket or event descriptor, closed when it goes out of scope.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The number for system calls.
    ///
    /// Valid while this value lives; do not close it.
    public let raw: Int32

    /// Takes over an open descriptor; nobody else may close it.
    public init(owning raw: Int32) {
        precondition(raw >= 0, "BUG: descriptor \(raw) is not open")
        self.raw = raw
    }

    /// Closes now.
    ///
    /// - Throws: what close(2) answered; the descriptor is gone all the same, and written data may
    ///   be lost (EIO, ENOSPC on network file systems). After an fsync there is nothing to lose.
    public consuming func close() throws(Errno) {
        let number = raw
        discard self
        if Glibc.close(number) != 0 {
            let failure = Errno.current
            if failure != .interrupted { throw failure }
        }
    }

    /// Gives the number away; the caller closes it.
    public consuming func release() -> Int32 {
        let number = raw
        discard self
        return number
    }

    deinit {
        // Who cares for the outcome calls close(); here nobody could hear it.
        _ = Glibc.close(raw)
    }
}
