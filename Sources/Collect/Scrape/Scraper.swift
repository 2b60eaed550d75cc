// The set of jobs and their targets: compares what should be scraped with what is.
public import HTTP
public import Model
public import Platform

/// A job with the targets that are known to belong to it.
public struct ScrapeJob: Sendable, Equatable {
    /// How its targets are scraped.
    public var options: ScrapeOptions
    /// Targets that never change.
    public var groups: [TargetGroup]
    /// Files that name further targets.
    public var files: [FileDiscoveryOptions]

    /// Makes a job.
    public init(
        _ options: ScrapeOptions,
        groups: [TargetGroup] = [],
        files: [FileDiscoveryOptions] = []
    ) {
        self.options = options
        self.groups = groups
        self.files = files
    }
}

/// Scrapes the targets of all jobs.
public actor Scraper {
    private struct Running {
        let cycle: ScrapeCycle
        let task: Task<Void, Never>
        var target: Target
        var options: ScrapeOptions
        var forcedError: ScrapeError?
    }

    private struct Job {
        var job: ScrapeJob
        /// One a discovery, the last good groups.
        var found: [[TargetGroup]]
        var watches: [Task<Void, Never>] = []
        /// By the targets' identity.
        var running: [UInt64: Running] = [:]
        var dropped: [Labels] = []
    }

    private let services: ScrapeServices
    private let reader: FileTargetReader
    private var jobs: [String: Job] = [:]
    private var isStopped = false

    // SAFETY: `services` keeps the loop alive as long as the actor.
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe services.loop.asUnownedSerialExecutor()
    }

    /// Makes a scraper without jobs.
    ///
    /// Files of file discovery are read in `files`; `userAgent` is name and version, such as
    /// `tsdb-agent/1.0`.
    public init(
        loop: EventLoop,
        client: any HTTPClient,
        sink: any SampleSink,
        wallClock: any WallClock,
        fileSystem: any FileSystem,
        files: BlockingPool,
        log: Logger,
        userAgent: String
    ) {
        services = ScrapeServices(
            loop: loop,
            client: client,
            sink: sink,
            wallClock: wallClock,
            log: log,
            refusals: RateLimitedLog(log, every: .seconds(60), clock: loop.clock),
            userAgent: userAgent
        )
        reader = FileTargetReader(fileSystem: fileSystem, pool: files)
    }

    /// Makes these the jobs: targets that are in both keep connection, cache and phase.
    ///
    /// Returns when removed targets have their stale markers.
    public func update(_ wanted: [ScrapeJob]) async {
        guard !isStopped else { return }
        let names = Set(wanted.map(\.options.jobName))
        for name in jobs.keys.sorted() where !names.contains(name) {
            guard let job = jobs.removeValue(forKey: name) else { continue }
            for watch in job.watches { watch.cancel() }
            await retire(Array(job.running.values))
        }
        for job in wanted {
            guard !isStopped else { return }
            let name = job.options.jobName
            var state = jobs[name] ?? Job(job: job, found: [])
            let keepsFiles = state.job.files == job.files && state.found.count == job.files.count
            state.job = job
            if !keepsFiles {
                for watch in state.watches { watch.cancel() }
                // What was found stays until the new files have been read.
                state.found = Array(repeating: [], count: job.files.count)
                state.watches = []
            }
            jobs[name] = state
            if !keepsFiles {
                for index in job.files.indices { await watch(name, index) }
            }
            await reconcile(name)
        }
    }

    /// Ends all scraping without stale markers; the series go on after the next start.
    public func stop() async {
        isStopped = true
        let all = jobs.values
        jobs = [:]
        for job in all {
            for watch in job.watches { watch.cancel() }
            for running in job.running.values { running.task.cancel() }
        }
        for job in all {
            for watch in job.watches { await watch.value }
            for running in job.running.values {
                await running.task.value
                await running.cycle.close()
            }
        }
    }

    /// Every target as it stands, by job, then labels.
    public func snapshots() async -> [TargetSnapshot] {
        var all: [TargetSnapshot] = []
        for name in jobs.keys.sorted() {
            for running in jobs[name]?.running.values.map({ $0 }) ?? [] {
                all.append(await running.cycle.snapshot)
            }
        }
        return all.sorted { ($0.job, $0.labels) < ($1.job, $1.labels) }
    }

    /// The discovered labels of targets that the rules drop, by job.
    public func droppedTargets() -> [(job: String, labels: Labels)] {
        jobs.keys.sorted().flatMap { name in
            (jobs[name]?.dropped ?? []).map { (name, $0) }
        }
    }

    private func retire(_ gone: [Running]) async {
        for running in gone { running.task.cancel() }
        for running in gone {
            await running.task.value
            await running.cycle.retire()
        }
    }

    // Starts, changes and ends cycles until they are what the job's groups say. All is decided before
    // the first await: another reconciliation may come in between.
    private func reconcile(_ name: String) async {
        guard var state = jobs[name], !isStopped else { return }
        let options = state.job.options
        let wanted = targets(&state)
        let gone = state.running.filter { wanted[$0.key] == nil }.map(\.value)
        state.running = state.running.filter { wanted[$0.key] != nil }
        let tooMany =
            options.targetLimit > 0 && wanted.count > options.targetLimit
            ? ScrapeError.targetLimit(count: wanted.count, limit: options.targetLimit) : nil
        var changed: [Running] = []
        for (identity, target) in wanted {
            if var running = state.running[identity] {
                guard
                    running.target != target || running.options != options
                        || running.forcedError != tooMany
                else { continue }
                running.target = target
                running.options = options
                running.forcedError = tooMany
                state.running[identity] = running
                changed.append(running)
                continue
            }
            let cycle = ScrapeCycle(target, options, services, forcedError: tooMany)
            let task = Task(executorPreference: services.loop) { await cycle.run() }
            state.running[identity] = Running(
                cycle: cycle,
                task: task,
                target: target,
                options: options,
                forcedError: tooMany
            )
        }
        jobs[name] = state
        for running in changed {
            await running.cycle.change(running.target, running.options, running.forcedError)
        }
        await retire(gone)
    }

    // By identity, which also makes one of two equal targets.
    private func targets(_ state: inout Job) -> [UInt64: Target] {
        var wanted: [UInt64: Target] = [:]
        state.dropped = []
        for group in state.job.groups + state.found.flatMap({ $0 }) {
            for address in group.targets {
                do throws(TargetError) {
                    if let target = try Target.make(address, in: group, of: state.job.options) {
                        wanted[target.identity] = target
                    } else {
                        state.dropped.append(
                            Labels(group.labels + [Label("__address__", address)])
                        )
                    }
                } catch {
                    services.log.error("a target is left out", ("cause", "\(error)"))
                }
            }
        }
        return wanted
    }
}

// MARK: - File discovery

extension Scraper {
    private func watch(_ name: String, _ index: Int) async {
        guard let options = jobs[name]?.job.files[index] else { return }
        var watch = FileWatch(options)
        // The first reading is awaited: the first scrape has all targets.
        if let groups = await look(&watch) { adopt(groups, name, index, options) }
        guard !isStopped, jobs[name]?.job.files.count ?? 0 > index else { return }
        let first = watch
        let task = Task(executorPreference: services.loop) { [services] in
            var watch = first
            while !Task.isCancelled {
                do throws(CancellationError) {
                    try await services.loop.sleep(for: .milliseconds(options.pollMs))
                } catch {
                    return
                }
                if let groups = await self.look(&watch), !Task.isCancelled {
                    await self.found(groups, name, index, options)
                }
            }
        }
        jobs[name]?.watches.append(task)
    }

    // Groups when they have changed.
    private func look(_ watch: inout FileWatch) async -> [TargetGroup]? {
        let before = watch
        let (after, reading) = await reader.read(before)
        watch = after
        for problem in reading.problems {
            services.log.warn("a discovery file is left as it was", ("cause", "\(problem)"))
        }
        return reading.hasChanged ? reading.groups : nil
    }

    private func found(
        _ groups: [TargetGroup],
        _ name: String,
        _ index: Int,
        _ options: FileDiscoveryOptions
    ) async {
        guard !isStopped else { return }
        adopt(groups, name, index, options)
        await reconcile(name)
    }

    // Unless the job has changed meanwhile.
    private func adopt(
        _ groups: [TargetGroup],
        _ name: String,
        _ index: Int,
        _ options: FileDiscoveryOptions
    ) {
        guard let job = jobs[name], index < job.found.count, job.job.files[index] == options else {
            return
        }
        jobs[name]?.found[index] = groups
    }
}
