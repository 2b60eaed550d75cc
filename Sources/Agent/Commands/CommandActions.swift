// What commands do beyond reading their arguments: filled by Wiring, which knows the floors below.
public import Platform

/// What `run` was asked to do.
public struct RunRequest: Sendable {
    /// The configuration as it is now.
    public let loaded: LoadedConfig
    /// The file's path; nil when there is none.
    ///
    /// A reload reads it again.
    public let path: String?
    /// Reads the file again with the same overrides.
    public let loader: ConfigLoader
}

/// What `collect` was asked to do; nil means the default.
public struct CollectRequest: Sendable, Equatable {
    public var procfs: String?
    public var sysfs: String?
    public var rootfs: String?
    /// Names of collectors, or `-name`; empty means the default set.
    public var collectors: [String] = []
}

/// Where a command's words go, and what it reads from outside.
public struct CommandContext: Sendable {
    /// Takes what the command was asked for.
    public let out: @Sendable (String) -> Void
    /// Takes problems and remarks.
    public let err: @Sendable (String) -> Void
    /// Takes data, and says when it cannot be written.
    public var emit: @Sendable ([UInt8]) throws(Errno) -> Void
    /// Shows how far something is; nil where nobody watches.
    public var progress: (@Sendable (String) -> Void)?
    public let environment: [String: String]
    public let files: any FileSystem
    public let clock: any WallClock

    /// Makes a context.
    public init(
        environment: [String: String],
        files: any FileSystem = PosixFileSystem(),
        clock: any WallClock = SystemClock(),
        out: @escaping @Sendable (String) -> Void,
        err: @escaping @Sendable (String) -> Void
    ) {
        self.environment = environment
        self.files = files
        self.clock = clock
        self.out = out
        self.err = err
        emit = { bytes throws(Errno) in out(String(decoding: bytes, as: UTF8.self)) }
    }

    /// Standard output and standard error.
    public static func standard(environment: [String: String]) -> CommandContext {
        let err: @Sendable (String) -> Void = {
            StandardErrorSink().write(line: Array($0.utf8))
        }
        var context = CommandContext(
            environment: environment,
            out: { print($0, terminator: "") },
            err: err
        )
        context.emit = { bytes throws(Errno) in try StandardOutput.write(bytes.span) }
        if ProgressTerminal.isThere { context.progress = err }
        return context
    }
}

/// The work of the commands that need more than configuration.
///
/// Each answers the exit code.
public struct CommandActions: Sendable {
    public var run: @Sendable (RunRequest, CommandContext) async -> Int32
    public var collect: @Sendable (CollectRequest, CommandContext) async -> Int32
    /// Shows the file at a path.
    public var inspect: @Sendable (String, CommandContext) async -> Int32
    /// Checks the files and directories at paths.
    public var verify: @Sendable ([String], CommandContext) async -> Int32
    /// Answers a query over HTTP.
    public var ask: @Sendable (QueryRequest) async throws(QueryFailure) -> QueryReply

    init(
        run: @escaping @Sendable (RunRequest, CommandContext) async -> Int32,
        collect: @escaping @Sendable (CollectRequest, CommandContext) async -> Int32 =
            CollectCommand.run,
        inspect: @escaping @Sendable (String, CommandContext) async -> Int32 = InspectCommand.run,
        verify: @escaping @Sendable ([String], CommandContext) async -> Int32 = VerifyCommand.run,
        ask: @escaping @Sendable (QueryRequest) async throws(QueryFailure) -> QueryReply =
            QueryClient.ask
    ) {
        self.run = run
        self.collect = collect
        self.inspect = inspect
        self.verify = verify
        self.ask = ask
    }
}
