// Where export and import work: on a running agent, or on the directory of a stopped one.
internal import Platform
internal import Store

/// Why a command that carries data stopped; the text is what the operator sees.
struct DataFailure: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ what: some CustomStringConvertible) {
        description = what.description
    }
}

/// The choice between a server and a directory.
enum DataPlace {
    case server(ServerAddress)
    /// What the configuration says about the store.
    case directory

    static let options =
        [
            CommandSpec.Option(
                name: "config",
                value: "FILE",
                help: "work on the stopped agent of this configuration"
            ),
            CommandSpec.Option(
                name: "set",
                value: "KEY=VALUE",
                help: "the same, such as storage.base_path=/data",
                repeats: true
            ),
        ] + ServerAddress.options

    /// Takes `--server` or the directory's options, which do not go together; the server it is when
    /// neither is there.
    /// - Throws: when both are there, or the server's address is none.
    init(_ arguments: CommandArguments) throws(UsageError) {
        let directory = ["config", "set"].first { arguments.options[$0] != nil }
        let server = ["server", "token-file"].first { arguments.options[$0] != nil }
        if let directory, let server { throw .excluded(option: server, by: directory) }
        self =
            directory == nil
            ? .server(try ServerAddress(arguments["server"] ?? ServerAddress.standard)) : .directory
    }

    /// The configuration of the stopped agent.
    /// - Throws: everything that is wrong with it.
    static func config(
        _ arguments: CommandArguments,
        _ context: CommandContext
    ) throws(DataFailure) -> AgentConfig {
        let loader = ConfigLoader(
            environment: context.environment,
            options: arguments.options["set"] ?? []
        )
        do throws(ConfigErrors) {
            guard let path = arguments["config"] else { return try loader.loadWithoutFile().config }
            return try loader.load(path: path, context.files).config
        } catch {
            throw DataFailure(error)
        }
    }

    /// What to say when a store cannot be opened.
    static func failure(_ error: StoreError) -> DataFailure {
        if case .locked(let path, let holder) = error {
            return DataFailure("\(path) is in use by \(holder); stop that agent, or use --server")
        }
        return DataFailure(error)
    }
}

/// One line on a terminal that says how far something is; nothing where nobody watches.
struct ProgressLine {
    private let show: (@Sendable (String) -> Void)?
    private let clock: @Sendable () -> Int64
    private var lastMs = Int64.min
    private var isShown = false

    init(_ context: CommandContext) {
        show = context.progress
        let wall = context.clock
        clock = { wall.nowMs() }
    }

    /// Shows the text, unless the last one is fresh.
    mutating func update(_ text: @autoclosure () -> String) {
        guard let show else { return }
        let now = clock()
        if isShown, now &- lastMs < 200, now >= lastMs { return }
        lastMs = now
        isShown = true
        show("\r\u{1b}[K\(text())")
    }

    /// Takes the line away.
    mutating func clear() {
        if isShown { show?("\r\u{1b}[K") }
        isShown = false
    }
}
