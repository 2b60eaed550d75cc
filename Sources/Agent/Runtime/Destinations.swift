// The destinations of one configuration at work: started, exchanged by a reload, ended in order.
import Formats
import Forward
import HTTP
import Platform
import Store

/// What all destinations of a running agent share.
struct DestinationContext: Sendable {
    let loop: EventLoop
    let database: Database
    let place: CursorPlace
    let client: CurlMulti
    let files: any FileSystem
    let pool: BlockingPool
    let meters: MeterRegistry
    let log: Logger
    let descriptions: any MetricDescriptions
    let clock: any WallClock
}

/// The destinations that run, by name; pinned to the agent's event loop.
actor Destinations {
    private enum Options: Equatable {
        case remoteWrite(ForwardOptions)
        case archive(S3Options)

        var name: String {
            switch self {
            case .remoteWrite(let options): options.name
            case .archive(let options): options.name
            }
        }
    }

    private struct Destination {
        let options: Options
        let stop: @Sendable () async -> Void
    }

    private static let stopLimit = Duration.milliseconds(1500)

    private let context: DestinationContext
    private nonisolated let loop: EventLoop
    private var running: [String: Destination] = [:]

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // SAFETY: `loop` lives as long as this actor.
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Makes an empty set.
    init(_ context: DestinationContext) {
        self.context = context
        loop = context.loop
    }

    /// Runs what the configuration names, and nothing else.
    ///
    /// Destinations that stay the same keep going. The place belongs to the name: one that comes back
    /// with other options, or of another kind, goes on where it stood; one that is gone no longer
    /// holds anything back in the store.
    func run(_ config: AgentConfig) async {
        let wanted =
            config.forwardOptions.map { Options.remoteWrite($0) }
            + config.archiveOptions.map { Options.archive($0) }
        for (name, destination) in running {
            let new = wanted.first { $0.name == name }
            if new == destination.options { continue }
            await destination.stop()
            running[name] = nil
            if new == nil {
                context.database.unpin(name)
                StoreMeters.forget(destination: name, in: context.meters)
                context.log.info("destination removed", ("destination", name))
            }
        }
        for options in wanted where running[options.name] == nil { start(options) }
    }

    /// Ends all of them at the same time: what is under way is finished, for a bounded time.
    func stop() async {
        await withDiscardingTaskGroup { group in
            for destination in running.values {
                group.addTask(executorPreference: loop) { await destination.stop() }
            }
        }
    }

    private func start(_ options: Options) {
        let stop: @Sendable () async -> Void
        switch options {
        case .remoteWrite(let options):
            let shipper = shipper(options)
            let task = Task(executorPreference: loop) { await shipper.run() }
            stop = {
                await shipper.stop(within: Destinations.stopLimit)
                await task.value
            }
        case .archive(let options):
            let archive = archive(options)
            let task = Task(executorPreference: loop) { await archive.run() }
            stop = {
                await archive.stop(within: Destinations.stopLimit)
                task.cancel()
                await task.value
            }
        }
        running[options.name] = Destination(options: options, stop: stop)
        StoreMeters.register(
            destination: options.name,
            context.database,
            in: context.meters
        )
    }

    private func shipper(_ options: ForwardOptions) -> Shipper {
        Shipper(
            options,
            feed: context.database,
            place: context.place,
            client: context.client,
            loop: loop,
            pool: context.pool,
            meters: context.meters,
            log: context.log,
            descriptions: context.descriptions,
            userAgent: AgentVersion.userAgent,
            wall: context.clock
        )
    }

    private func archive(_ options: S3Options) -> S3Destination {
        let endpoint: S3Endpoint
        do throws(URLError) { endpoint = try options.endpoint() } catch {
            preconditionFailure("BUG: the configuration was checked: \(error)")
        }
        let credentials = S3CredentialSource(
            options.credentials,
            environment: Environment.value,
            files: context.files
        )
        return S3Destination(
            options,
            feed: context.database,
            place: context.place,
            client: S3Client(
                endpoint,
                as: credentials,
                settings: options.settings(userAgent: AgentVersion.userAgent),
                over: context.client,
                pool: context.pool,
                wall: context.clock
            ),
            loop: loop,
            pool: context.pool,
            meters: context.meters,
            log: context.log,
            wall: context.clock
        )
    }
}
