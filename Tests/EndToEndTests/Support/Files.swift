// Files of a test, and programs that run to their end in its directory.
import Platform
import TestSupport

extension TemporaryDirectory {
    /// Writes a whole file.
    func write(_ name: String, _ text: String) throws(Errno) {
        try PosixFileSystem().overwrite(file(name), Array(text.utf8))
    }
}

extension PosixFileSystem {
    /// Replaces what is in a file.
    func overwrite(_ path: String, _ bytes: [UInt8]) throws(Errno) {
        let file = try open(path, .replace)
        try file.append(bytes.span)
        try file.close()
    }
}

extension Programs {
    /// Runs the agent to its end: for commands, and for a `run` that must not start.
    static func runAgent(
        _ arguments: [String],
        in directory: TemporaryDirectory
    ) async throws -> (code: Int32, text: String) {
        let name = "log-\(String(UInt64.random(in: 0 ... .max), radix: 36))"
        let child = try ChildProcess(
            agent,
            arguments,
            directory: directory.path,
            logPath: directory.file(name)
        )
        return (try await child.exitCode(within: 20), child.log)
    }
}
