// The running agent: everything that was built from one configuration, and how it is taken down.
// Data flows one way: scraper, host and pushes → writer → store → queries and destinations.
import API
import Collect
import Forward
import HTTP
import Model
import Platform
import PromQL
import Store

/// Why the agent cannot start.
///
/// The text goes to the operator as it is.
struct StartError: Error, CustomStringConvertible {
    let description: String

    init(_ what: some CustomStringConvertible) {
        description = what.description
    }
}

/// The running agent, pinned to its event loop.
actor AgentRuntime {
    // How long each part of a clean stop may take; together under the promised 5 s.
    private static let drainMs: Int64 = 500
    private static let tokenRefresh = Duration.seconds(10)

    private nonisolated let loop: EventLoop
    private let log: Logger
    private let clock: any WallClock
    private let files: any FileSystem
    private let meters: MeterRegistry
    private let database: Database
    private let writer: StoreWriter
    private let metadata = MetadataBook()
    private let sink: StoreSink
    private let client: CurlMulti
    private let queryPool: BlockingPool
    private let filePool: BlockingPool
    private let hostPool: BlockingPool
    private let scraper: Scraper
    private let status: StatusAdapter
    private let tokens: TokenFiles
    private let server: HTTPServer
    private let destinations: Destinations

    private var config: AgentConfig
    private var hostTask: Task<Void, Never>?
    private var ownTask: Task<Void, Never>?
    private var tokenTask: Task<Void, Never>?
    private var ledgerTask: Task<Void, Never>?
    private var isStopping = false
    // The store takes batches, and sources bring them.
    private var isCollecting = false
    private var isReloading = false

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        // SAFETY: `loop` lives as long as this actor.
        unsafe loop.asUnownedSerialExecutor()
    }

    /// Opens the store and builds everything; nothing listens, scrapes or ships yet.
    ///
    /// The store's buffer is being replayed meanwhile. Blocks for the disk: called before the loop has work, not on it.
    init(
        _ loaded: LoadedConfig,
        loop: EventLoop,
        log: Logger,
        files: any FileSystem,
        clock: any WallClock
    ) throws(StartError) {
        let config = loaded.config
        let startMs = clock.nowMs()
        self.config = config
        self.loop = loop
        self.log = log
        self.files = files
        self.clock = clock
        meters = MeterRegistry()
        do throws(StoreError) {
            var options = config.storeOptions
            options.replaysInBackground = true
            database = try Database(
                options,
                fileSystem: files,
                wallClock: clock,
                log: log
            )
        } catch { throw StartError(error) }
        // Until its shipper has read its cursor, a destination may need everything.
        for section in config.forward {
            database.offer(section.name, through: FeedPosition(number: .max))
            database.pin(section.name, at: FeedPosition(number: .zero))
        }
        do throws(Errno) {
            writer = try StoreWriter(database, meters)
            let workers = max(1, ThisProcess.processorCount - 1)
            queryPool = try BlockingPool(
                name: "query",
                threads: workers,
                queueLimit: 4096,
                nice: 10
            )
            filePool = try BlockingPool(name: "files", threads: 2, queueLimit: 4096)
            hostPool = try BlockingPool(name: "host", threads: 1, queueLimit: 64)
        } catch { throw StartError("cannot start a thread: \(error)") }
        do throws(HTTPClientError) {
            client = try CurlMulti(loop: loop)
        } catch { throw StartError(error) }
        sink = StoreSink(database, writer, metadata)
        scraper = Scraper(
            loop: loop,
            client: client,
            sink: sink,
            wallClock: clock,
            fileSystem: files,
            files: filePool,
            log: log,
            userAgent: AgentVersion.userAgent
        )
        status = StatusAdapter(
            database,
            startMs: startMs,
            clock: loop.clock,
            workers: filePool
        )
        status.set(
            configText: loaded.shownText,
            flags: config.flags,
            retention: config.retentionText,
            atMs: startMs
        )
        tokens = TokenFiles(
            apiPath: config.api.bearerTokenFile,
            writePath: config.api.writeTokenFile,
            files,
            log
        )
        do throws(TokenFileError) {
            try tokens.load()
        } catch { throw StartError(error) }
        let base = config.storage.basePath
        let place = CursorPlace(
            files: files,
            directory: FilePath.join(base, "forward"),
            quarantine: FilePath.join(base, "quarantine"),
            store: CursorTag(database.storeID.bytes),
            boot: MachineFacts.bootTag(files)
        )
        destinations = Destinations(
            DestinationContext(
                loop: loop,
                database: database,
                place: place,
                client: client,
                files: files,
                pool: filePool,
                meters: meters,
                log: log,
                descriptions: metadata,
                clock: clock
            )
        )
        let queryable = StoreQueryable(database)
        let options = config.apiOptions
        let service = APIService(
            options: options,
            sources: APISources(
                queryable: queryable,
                labels: queryable,
                targets: TargetsAdapter(scraper),
                metadata: metadata,
                status: status,
                intake: PushAdapter(database, writer, metadata, workers: filePool),
                snappy: SnappyAdapter(),
                tokens: tokens,
                ledger: LedgerAdapter(
                    database: database,
                    destinations: destinations,
                    pool: filePool
                )
            ),
            engine: QueryEngine(config.queryOptions),
            runner: QueryRunner(pool: queryPool, loop: loop, options: options, meters: meters),
            pushWorkers: filePool,
            meters: meters,
            build: BuildInfo(version: AgentVersion.text),
            clock: clock
        )
        var limits = ServerLimits()
        limits.maxConnections = Int(config.api.maxConnections)
        server = HTTPServer(
            loop: loop,
            limits: limits,
            clock: clock,
            events: .metered(meters, log),
            handler: service.handler
        )
        StoreMeters.register(database, in: meters)
        ProcessMeters.register(in: meters)
    }

    /// Listens and ships; queries are answered while the store still replays its buffer.
    ///
    /// - Returns: the addresses that it listens on.
    /// - Throws: when an address cannot be had, or a host option is wrong.
    func start(
        reload: @escaping @Sendable () async -> String?
    ) async throws(StartError) -> [String] {
        var addresses: [String] = []
        for text in config.api.listen {
            let address: SocketAddress
            do throws(SocketAddressError) {
                address = try SocketAddress(text)
            } catch { throw StartError("api.listen: \(error)") }
            do throws(HTTPServerError) {
                addresses.append("\(try await server.listen(on: address))")
            } catch { throw StartError(error) }
        }
        status.set(reload: reload)
        // Said before anything is up; it begins with the store.
        if config.host.enabled {
            do throws(HostError) {
                _ = try HostCollectors(config.hostOptions, wall: clock)
            } catch { throw StartError("host: \(error)") }
        }
        await destinations.run(config)
        tokenTask = Task(executorPreference: loop) { [loop, tokens, filePool] in
            while !Task.isCancelled {
                do throws(CancellationError) {
                    try await loop.sleep(for: AgentRuntime.tokenRefresh)
                } catch { return }
                await filePool.run { tokens.refresh() }
            }
        }
        ledgerTask = Task(executorPreference: loop) { [destinations] in await destinations.watch() }
        status.set(listening: true)
        return addresses
    }

    /// Collects, once the store takes batches.
    ///
    /// - Returns: whether it does; false when the agent is stopped before.
    func collect() async -> Bool {
        let database = database
        await withCheckedContinuation { continuation in
            database.whenReplayed { continuation.resume() }
        }
        guard !isStopping else { return false }
        isCollecting = true
        do throws(StartError) { try startHost() } catch { log.error("\(error)") }
        startOwnMetrics()
        await scraper.update(config.scrapeJobs(SecretFiles(files, on: filePool)))
        return true
    }

    /// Puts a new configuration in force: jobs, destinations, host and log level.
    ///
    /// What needs a restart is said in the log; nil when it worked, else why not.
    func apply(_ loaded: LoadedConfig) async -> String? {
        guard !isStopping else { return "the agent is stopping" }
        // It waits in several places: a second one must not come in between.
        guard !isReloading else { return "another reload is under way; try again" }
        isReloading = true
        defer { isReloading = false }
        let new = loaded.config
        do throws(HostError) {
            if new.host != config.host, new.host.enabled { _ = try HostCollectors(new.hostOptions) }
        } catch {
            status.set(reloadSucceeded: false)
            return "host: \(error)"
        }
        for section in config.sectionsThatNeedRestart(for: new) {
            log.warn("a changed section counts only after a restart", ("section", section))
        }
        let old = config
        config = new
        log.level = new.agent.logLevel.level
        if isCollecting, new.host != old.host || new.instanceName != old.instanceName {
            hostTask?.cancel()
            await hostTask?.value
            hostTask = nil
            do throws(StartError) { try startHost() } catch { log.error("\(error)") }
        }
        if isCollecting, new.agent.selfIntervalMs != old.agent.selfIntervalMs {
            ownTask?.cancel()
            await ownTask?.value
            ownTask = nil
            startOwnMetrics()
        }
        await destinations.run(new)
        if isCollecting {
            await scraper.update(new.scrapeJobs(SecretFiles(files, on: filePool)))
        }
        status.set(
            configText: loaded.shownText,
            flags: new.flags,
            retention: new.retentionText,
            atMs: clock.nowMs()
        )
        status.set(reloadSucceeded: true)
        log.info("configuration loaded")
        return nil
    }

    /// Notes that a reload failed before it came here.
    func noteFailedReload() {
        status.set(reloadSucceeded: false)
    }

    /// Stops collecting, lets answers and shipments under way finish, seals the store.
    func stop() async {
        isStopping = true
        status.set(listening: false)
        tokenTask?.cancel()
        ledgerTask?.cancel()
        hostTask?.cancel()
        ownTask?.cancel()
        await scraper.stop()
        await server.stop(drainMs: AgentRuntime.drainMs)
        await hostTask?.value
        await ownTask?.value
        await destinations.stop()
        await client.close()
        let database = database
        let writer = writer
        let failure = await filePool.run { () -> StoreError? in
            writer.stop()
            do throws(StoreError) {
                try database.close()
                return nil
            } catch { return error }
        }
        if let failure { log.error("the store was not closed cleanly", ("cause", "\(failure)")) }
        let pools = [queryPool, hostPool]
        for pool in pools { pool.stop() }
    }

    private func startHost() throws(StartError) {
        guard config.host.enabled else {
            status.set(host: nil)
            return
        }
        do throws(HostError) {
            let runner = HostRunner(
                try HostCollectors(config.hostOptions, wall: clock),
                on: hostPool
            )
            let cycle = HostCycle(
                loop: loop,
                runner: runner,
                schedule: config.hostSchedule,
                sink: sink,
                log: log
            )
            status.set(host: runner)
            hostTask = Task(executorPreference: loop) { await cycle.run() }
        } catch { throw StartError("host: \(error)") }
    }

    private func startOwnMetrics() {
        guard config.agent.selfIntervalMs > 0 else { return }
        let own = OwnMetrics(
            loop: loop,
            meters: meters,
            sink: sink,
            wallClock: clock,
            intervalMs: config.agent.selfIntervalMs,
            labels: [Label("job", "tsdb-agent"), Label("instance", config.instanceName)]
        )
        ownTask = Task(executorPreference: loop) { await own.run() }
    }
}
