// Standard output as bytes, for commands that carry data: what a full disk or a closed pipe answers
// must not get lost, as it would with print().
internal import Glibc

/// Standard output.
public enum StandardOutput {
    /// Writes all bytes.
    ///
    /// - Throws: what write(2) says: `.noSpace`, `.brokenPipe`, …
    public static func write(_ bytes: Span<UInt8>) throws(Errno) {
        try PosixFile.writeAll(bytes) { rest, _ in rest.writeOnce(to: STDOUT_FILENO) }
    }
}

/// Standard error, where it is a terminal that can show how far something is.
public enum ProgressTerminal {
    /// Whether somebody watches: isatty(3).
    public static var isThere: Bool { isatty(STDERR_FILENO) == 1 }
}
