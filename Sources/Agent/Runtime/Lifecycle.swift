// `tsdb-agent run`: from the configuration to the exit code.
import Platform

/// Runs the agent until a signal ends it.
enum Lifecycle {
    // Threads that malloc keeps apart: more arenas cost memory, not speed, with one busy thread.
    private static let arenas: Int32 = 2

    /// Keeps signals from ending the process until `run` waits for them.
    static func holdSignals() {
        // What it blocks stays blocked, in this thread and all later ones, when it is let go.
        do throws(Errno) { _ = try Signals() } catch { return }
    }

    /// - Returns: 0 after a clean stop, 1 when the agent could not start.
    static func run(_ request: RunRequest, _ context: CommandContext) async -> Int32 {
        let config = request.loaded.config
        let log = Logger(level: config.agent.logLevel.level, format: config.agent.logFormat.format)
        Allocator.limitArenas(arenas)
        for warning in request.loaded.warnings { log.warn("\(warning)") }
        let loop: EventLoop
        let thread: NamedThread
        let signals: Signals
        let runtime: AgentRuntime
        do throws(Errno) {
            signals = try Signals()
            loop = try EventLoop()
            thread = try loop.start(name: "loop")
        } catch {
            log.error("FATAL: cannot start: \(error)")
            return 1
        }
        defer {
            loop.stop()
            thread.join()
        }
        do throws(StartError) {
            runtime = try AgentRuntime(
                request.loaded,
                loop: loop,
                log: log,
                files: context.files,
                clock: context.clock
            )
            let reload: @Sendable () async -> String? = { [weak runtime] in
                guard let runtime else { return "the agent is stopping" }
                return await Lifecycle.reload(runtime, request, context, log)
            }
            let stops = SignalStream(signals, on: loop) { Task { _ = await reload() } }
            let addresses = try await runtime.start(reload: reload)
            let notify = ServiceNotify()
            // A signal during the replay of the buffer ends it.
            let start = Task(executorPreference: loop) {
                guard await runtime.collect() else { return }
                log.info(
                    "tsdb-agent is ready",
                    ("version", AgentVersion.text),
                    ("listen", addresses.joined(separator: " ")),
                    ("data", config.storage.basePath),
                    ("try", "tsdb-agent query node_load1")
                )
                notify.ready()
            }
            await stops.first()
            log.info("stopping")
            notify.stopping()
            await runtime.stop()
            await start.value
            log.info("stopped")
            return 0
        } catch {
            log.error("FATAL: \(error)")
            return 1
        }
    }

    private static func reload(
        _ runtime: AgentRuntime,
        _ request: RunRequest,
        _ context: CommandContext,
        _ log: Logger
    ) async -> String? {
        guard let path = request.path else {
            return "there is no configuration file to load; start with --config FILE"
        }
        do throws(ConfigErrors) {
            let loaded = try request.loader.load(path: path, context.files)
            return await runtime.apply(loaded)
        } catch {
            await runtime.noteFailedReload()
            log.error("configuration not loaded, nothing has changed", ("cause", "\(error)"))
            return "\(error)"
        }
    }
}

/// SIGTERM and SIGINT as something to wait for; the second one ends the process at once.
final class SignalStream: Sendable {
    private let stream: AsyncStream<Void>

    init(_ signals: Signals, on loop: EventLoop, onHangup: @escaping @Sendable () -> Void) {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Void.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        self.stream = stream
        loop.execute {
            let stops = Lock(0)
            // The watch lives as long as the process.
            _ = signals.deliver(on: loop) { signal in
                switch signal {
                case .hangup: onHangup()
                case .terminate, .interrupt:
                    let number = stops.withLock { stops -> Int in
                        stops += 1
                        return stops
                    }
                    if number > 1 { ThisProcess.exit(1) }
                    continuation.yield()
                }
            }
        }
    }

    /// Waits for the first signal to stop.
    func first() async {
        for await _ in stream { return }
    }
}
