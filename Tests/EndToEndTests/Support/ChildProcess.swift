// A real process of a test, in a process group of its own, gone when the test is, whatever happens.
import Glibc
import Platform
import Synchronization
import TestSupport

/// Why a process could not be started or did not end.
enum ChildError: Error, CustomStringConvertible {
    case cannotStart(path: String, cause: Errno)
    case stillRunning(path: String, seconds: Int, log: String)

    var description: String {
        switch self {
        case .cannotStart(let path, let cause): "cannot start \(path): \(cause)"
        case .stillRunning(let path, let seconds, let log):
            "\(path) still runs after \(seconds) s; its log:\n\(log)"
        }
    }
}

/// A running process.
///
/// Its group is killed when this goes. Should the test's own process die first, a watchdog does it:
/// a shell that waits for the end of a pipe whose other end only the test's process holds.
final class ChildProcess: Sendable {
    let path: String
    let id: pid_t
    /// Where its standard output and standard error go.
    let logPath: String
    private let watchdog: pid_t
    private let lifeline: Int32
    private let ended = Mutex<Int32?>(nil)

    /// Starts a program in a working directory.
    ///
    /// `environment` stands instead of the test's own, so that nothing of the machine leaks in; the
    /// log is made when missing, continued otherwise.
    /// - Throws: `.cannotStart`.
    init(
        _ path: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        directory: String,
        logPath: String
    ) throws(ChildError) {
        self.path = path
        self.logPath = logPath
        var variables = ["PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": directory]
        variables.merge(environment) { $1 }
        id = try Spawn.start(
            path,
            arguments,
            variables.map { "\($0.key)=\($0.value)" }.sorted(),
            directory: directory,
            output: logPath,
            input: nil
        )
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0, fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0 else {
            kill(-id, SIGKILL)
            throw .cannotStart(path: "pipe", cause: .current)
        }
        lifeline = ends[1]
        do throws(ChildError) {
            watchdog = try Spawn.start(
                "/bin/sh",
                ["-c", "read line; kill -KILL -- -\(id)"],
                [],
                directory: "/",
                output: "/dev/null",
                input: ends[0]
            )
        } catch {
            kill(-id, SIGKILL)
            close(ends[0])
            close(ends[1])
            throw error
        }
        close(ends[0])
    }

    deinit {
        kill(-id, SIGKILL)
        kill(-watchdog, SIGKILL)
        var status: Int32 = 0
        if ended.withLock({ $0 == nil }) { unsafe waitpid(id, &status, 0) }
        unsafe waitpid(watchdog, &status, 0)
        close(lifeline)
    }

    /// Sends a signal to the process itself.
    func signal(_ number: Int32) { if isRunning { kill(id, number) } }

    /// Waits for the end.
    ///
    /// - Returns: the exit code, or the signal as a negative number.
    /// - Throws: `.stillRunning` after `seconds`.
    func exitCode(within seconds: Int) async throws -> Int32 {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while ContinuousClock.now < deadline {
            if let code = endedCode { return code }
            try await Task.sleep(for: .milliseconds(10))
        }
        throw ChildError.stillRunning(path: path, seconds: seconds, log: log)
    }

    /// Whether it has not ended.
    var isRunning: Bool { endedCode == nil }

    // Reaps the process once; its status stays known.
    private var endedCode: Int32? {
        ended.withLock { ended in
            if let ended { return ended }
            var status: Int32 = 0
            guard unsafe waitpid(id, &status, WNOHANG) == id else { return nil }
            let signal = status & 0x7f
            ended = signal == 0 ? (status >> 8) & 0xff : -signal
            return ended
        }
    }

    /// What it has written so far.
    var log: String {
        let bytes = try? PosixFileSystem().readAll(logPath, limit: 64 << 20)
        return String(decoding: bytes ?? [], as: UTF8.self)
    }

    /// Anonymous resident memory in bytes: `RssAnon` of proc(5).
    var anonymousBytes: Int64? {
        guard let file = unsafe fopen("/proc/\(id)/status", "r") else { return nil }
        defer { unsafe fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while unsafe fgets(&line, 256, file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
            let words = text.split { $0 == " " || $0 == "\t" }
            if words.first == "RssAnon:", words.count > 1, let kilobytes = Int64(words[1]) {
                return kilobytes * 1024
            }
        }
        return nil
    }
}

/// posix_spawn(3) into a process group of its own.
enum Spawn {
    static func start(
        _ path: String,
        _ arguments: [String],
        _ environment: [String],
        directory: String,
        output: String,
        input: Int32?
    ) throws(ChildError) -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        if let input {
            unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
        } else {
            unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        }
        unsafe posix_spawn_file_actions_addopen(
            &actions,
            1,
            output,
            O_WRONLY | O_CREAT | O_APPEND,
            0o600
        )
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)

        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        // A signal mask or an ignored signal of the test runner must not reach the program.
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigfillset(&signals)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))

        // env(1) changes the directory and becomes the program.
        let command = ["/usr/bin/env", "-C", directory, path] + arguments
        var argv: [UnsafeMutablePointer<CChar>?] = unsafe command.map {
            unsafe strdup($0)
        }
        var envp: [UnsafeMutablePointer<CChar>?] = unsafe environment.map { unsafe strdup($0) }
        unsafe argv.append(nil)
        unsafe envp.append(nil)
        defer { unsafe (argv + envp).forEach { unsafe free($0) } }
        var id: pid_t = 0
        let code = unsafe posix_spawn(&id, command[0], &actions, &attributes, argv, envp)
        guard code == 0 else { throw .cannotStart(path: path, cause: Errno(code: code)) }
        return id
    }
}
