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

        var kind: ForwardSection.Kind {
            switch self {
            case .remoteWrite: .remoteWrite
            case .archive: .archive
            }
        }
    }

    // One of any kind: all that the rest of the agent asks of it.
    private struct Destination {
        let options: Options
        let member: any LedgerMember
        let status: @Sendable () async -> ForwardStatus
        let stop: @Sendable () async -> Void
    }

    /// A destination's row of the ledger, or why there is none.
    struct Row: Sendable {
        let name: String
        let kind: String
        let status: ForwardStatus
        /// Nil before its cursor is open, and where something could not be read.
        let balance: ShipBalance?
        let problem: String
    }

    private static let stopLimit = Duration.milliseconds(1500)
    private static let watchNs: Int64 = 15_000_000_000

    private let context: DestinationContext
    private let ledgerMeters: LedgerMeters
    private nonisolated let loop: EventLoop
    private var running: [String: Destination] = [:]

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // SAFETY: `loop` lives as long as this actor.
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Makes an empty set.
    init(_ context: DestinationContext) {
        self.context = context
        ledgerMeters = LedgerMeters(context.meters)
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
                ledgerMeters.forget(name)
                context.log.info("destination removed", ("destination", name))
            }
        }
        await release(allBut: Set(wanted.map(\.name)))
        for options in wanted where running[options.name] == nil { start(options) }
    }

    // What goes while a destination is not configured counts as expired, should it come back.
    private func release(allBut names: Set<String>) async {
        let place = context.place
        do throws(ForwardError) {
            try await context.pool.run { () throws(ForwardError) in
                try CursorFile.release(allBut: names, in: place)
            }
        } catch {
            context.log.warn("cannot note that a destination is not configured: \(error)")
        }
    }

    /// The row of each destination, in order of name, counted now.
    func rows() async -> [Row] {
        var rows: [Row] = []
        for (name, destination) in running.sorted(by: { $0.key < $1.key }) {
            var balance: ShipBalance?
            var problem = ""
            do throws(StoreError) {
                balance = try await destination.member.balance(
                    against: context.database,
                    on: context.pool
                )
            } catch { problem = "\(error)" }
            rows.append(
                Row(
                    name: name,
                    kind: destination.options.kind.rawValue,
                    status: await destination.status(),
                    balance: balance,
                    problem: problem
                )
            )
        }
        return rows
    }

    /// Keeps the figures of the ledger in the metrics fresh, until its task is cancelled.
    func watch() async {
        while !Task.isCancelled {
            let startNs = loop.clock.nowNs()
            var isSettled = true
            for row in await rows() where running[row.name] != nil {
                ledgerMeters.update(row)
                isSettled = isSettled && row.balance?.isSettled ?? false
            }
            // What is behind a place inside of a large segment takes its time to count.
            let tookNs = loop.clock.nowNs() - startNs
            let pauseNs = max(isSettled ? Destinations.watchNs : 1_000_000_000, 50 * tookNs)
            do throws(CancellationError) {
                try await loop.sleep(for: .nanoseconds(pauseNs))
            } catch { return }
        }
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
        let member: any LedgerMember
        let status: @Sendable () async -> ForwardStatus
        let stop: @Sendable () async -> Void
        switch options {
        case .remoteWrite(let options):
            let shipper = shipper(options)
            let task = Task(executorPreference: loop) { await shipper.run() }
            member = shipper
            status = { await shipper.status() }
            stop = {
                await shipper.stop(within: Destinations.stopLimit)
                await task.value
            }
        case .archive(let options):
            let archive = archive(options)
            let task = Task(executorPreference: loop) { await archive.run() }
            member = archive
            status = { await archive.status() }
            stop = {
                await archive.stop(within: Destinations.stopLimit)
                task.cancel()
                await task.value
            }
        }
        running[options.name] = Destination(
            options: options,
            member: member,
            status: status,
            stop: stop
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
