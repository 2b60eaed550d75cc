// The one place that repeats an interrupted call. `close(2)` must not come here: Linux closes the
// descriptor even when it answers EINTR, and a repeat would close somebody else's.

/// Calls the system and turns -1 into a thrown `Errno`.
public enum Syscall {
    /// Repeats `body` while it fails with EINTR.
    ///
    /// - Returns: what the call returned, never negative.
    /// - Throws: the call's `Errno`, any but `.interrupted`.
    @discardableResult
    public static func retry<R: FixedWidthInteger & SignedInteger>(
        _ body: () -> R
    ) throws(Errno) -> R {
        while true {
            let result = body()
            if result >= 0 { return result }
            let failure = Errno.current
            if failure != .interrupted { throw failure }
        }
    }
}
