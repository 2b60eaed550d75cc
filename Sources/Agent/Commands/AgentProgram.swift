// The program: finds the command, reads its arguments, runs it, answers the exit code.
internal import Glibc
internal import Platform

/// The command line of tsdb-agent.
public struct AgentProgram: Sendable {
    let actions: CommandActions
    let context: CommandContext

    /// Makes the program; `actions` is what the commands do.
    public init(actions: CommandActions, context: CommandContext) {
        self.actions = actions
        self.context = context
    }

    /// Runs one command line, without the program's own name.
    ///
    /// - Returns: 0 done, 1 the work failed, 2 wrong usage.
    public func run(_ arguments: [String]) async -> Int32 {
        guard let name = arguments.first else {
            context.err(CommandSpec.overview)
            return 2
        }
        if ["--help", "-h", "help"].contains(name) {
            let command = CommandSpec.all.first { $0.name == arguments.dropFirst().first }
            context.out(command?.help ?? CommandSpec.overview)
            return 0
        }
        if name == "--version" { return showVersion() }
        do throws(UsageError) {
            guard let spec = CommandSpec.all.first(where: { $0.name == name }) else {
                let nearest = NearestName.find(name, in: CommandSpec.all.map(\.name))
                throw .unknownCommand(name, nearest: nearest)
            }
            let parsed = try CommandArguments(arguments.dropFirst(), spec)
            if parsed.wantsHelp {
                context.out(spec.help)
                return 0
            }
            return try await run(spec.name, parsed)
        } catch {
            context.err("tsdb-agent: \(error)\n")
            return 2
        }
    }

    private func run(
        _ name: String,
        _ arguments: CommandArguments
    ) async throws(UsageError) -> Int32 {
        switch name {
        case CommandSpec.run.name: await start(arguments)
        case CommandSpec.checkConfig.name: check(arguments.operands[0])
        case CommandSpec.collect.name: await actions.collect(collectRequest(arguments), context)
        case CommandSpec.query.name: try await QueryCommand(arguments, context).run(actions.ask)
        case CommandSpec.ledger.name: try await LedgerCommand(arguments, context).run(actions.ask)
        case CommandSpec.verify.name: await verify(arguments)
        case CommandSpec.export.name:
            try await ExportCommand(arguments, context).run(actions.ask)
        case CommandSpec.import.name:
            try await ImportCommand(arguments, context).run(actions.ask)
        case CommandSpec.inspect.name: await actions.inspect(arguments.operands[0], context)
        case CommandSpec.version.name: showVersion()
        default: preconditionFailure("BUG: the command \(name) is in the table and does nothing")
        }
    }

    // Archives first: what is checked there takes longest, and files stand at the end of the output.
    private func verify(_ arguments: CommandArguments) async -> Int32 {
        var code: Int32 = 0
        for operand in arguments.operands where ArchivePlace.isOne(operand) {
            code = max(code, await ArchiveVerify.run(operand, arguments, context))
        }
        let paths = arguments.operands.filter { !ArchivePlace.isOne($0) }
        return paths.isEmpty ? code : max(code, await actions.verify(paths, context))
    }

    private func showVersion() -> Int32 {
        context.out("tsdb-agent \(AgentVersion.text)\n")
        return 0
    }

    private func start(_ arguments: CommandArguments) async -> Int32 {
        let loader = ConfigLoader(
            environment: context.environment,
            options: arguments.options["set"] ?? []
        )
        let path = arguments["config"]
        let loaded: LoadedConfig
        do throws(ConfigErrors) {
            if let path {
                loaded = try loader.load(path: path, context.files)
            } else {
                loaded = try loader.loadWithoutFile()
            }
        } catch {
            context.err("\(error)\n")
            return 1
        }
        return await actions.run(RunRequest(loaded: loaded, path: path, loader: loader), context)
    }

    private func check(_ path: String) -> Int32 {
        do throws(ConfigErrors) {
            let loader = ConfigLoader(environment: context.environment)
            let loaded = try loader.load(path: path, context.files)
            for warning in loaded.warnings { context.err("\(warning)\n") }
            context.out("\(path): no problems found\n")
            return 0
        } catch {
            context.err("\(error)\n")
            return 1
        }
    }

    private func collectRequest(_ arguments: CommandArguments) -> CollectRequest {
        let names = arguments["collectors"]?.split(separator: ",").map(String.init)
        return CollectRequest(
            procfs: arguments["procfs"],
            sysfs: arguments["sysfs"],
            rootfs: arguments["rootfs"],
            collectors: names ?? []
        )
    }
}

extension AgentProgram {
    /// The program as `main` starts it: the process's arguments and environment, the real actions.
    ///
    /// Not an `async` main: that one parks the main thread in libdispatch, which takes signals with
    /// their default fate, and SIGTERM must seal the store.
    public static func main() -> Never {
        var environment: [String: String] = [:]
        for (name, value) in Environment.all() { environment[name] = value }
        let program = AgentProgram(
            actions: .wired,
            context: .standard(environment: environment)
        )
        let arguments = Array(CommandLine.arguments.dropFirst())
        // Before the first thread: one that does not block a signal dies of it.
        if arguments.first == CommandSpec.run.name { Lifecycle.holdSignals() }
        let code = Lock<Int32>(0)
        let done = Bell()
        Task.detached {
            let result = await program.run(arguments)
            code.withLock { $0 = result }
            done.ring()
        }
        while !done.wait(ms: 3_600_000) {}
        exit(code.withLock { $0 })
    }
}
