// glibc's heap: by default it keeps what was freed, and one arena a thread.
internal import CLinux

/// The process's heap.
public enum Memory {
    /// Gives freed memory back to the system, after something large was let go: malloc_trim(3).
    public static func trim() {
        _ = clinux_malloc_trim()
    }
}
