// The configuration's values as the options of the floors below, each in its own words and units.
import API
import Collect
import Formats
import Forward
import HTTP
import Model
import Platform
import PromQL
import Store

extension AgentConfig {
    /// The store's options.
    var storeOptions: StoreOptions {
        var options = StoreOptions(basePath: storage.basePath)
        options.chunkPointLimit = Int(storage.chunkPointLimit)
        options.chunkSizeLimit = Int(storage.chunkSizeLimit)
        options.chunkTimeLimitMs = storage.chunkTimeLimitMs
        options.headSizeLimit = Int(storage.headSizeLimit)
        options.bufferMaxSize = buffer.maxSize
        options.retentionMs = storage.retentionTimeMs
        options.retentionSize = storage.retentionSize
        options.readMode = storage.readMode == .mmap ? .map : .pread
        options.cache = BlockCache.Limits(
            maxBytes: Int(cacheMaxBytes),
            shards: Int(cache.shardCount),
            lowWatermark: cache.lowWatermark,
            highWatermark: cache.highWatermark,
            evictionIntervalMs: cache.evictionIntervalMs
        )
        options.rewrite.isEnabled = storage.compressionEnabled
        options.rewrite.delayMs = storage.compressionDelayMs
        options.rewrite.minAgeMs = compression.minAgeMs
        options.rewrite.workerCount = Int(compression.workerCount)
        options.rewrite.scanIntervalMs = compression.scanIntervalMs
        options.rewrite.chunksPerScan = Int(compression.maxChunksPerScan)
        options.maxSampleAgeMs = storage.maxSampleAgeMs
        options.maxSeries = Int(security.maxSeries)
        options.maxLabelsPerSeries = Int(security.maxLabelsPerSeries)
        options.maxLabelNameBytes = Int(security.maxLabelNameLength)
        options.maxLabelValueBytes = Int(security.maxLabelValueLength)
        options.sync =
            switch buffer.fsync {
            case .always: .always
            case .interval: .interval(ms: buffer.fsyncIntervalMs)
            case .never: .never
            }
        return options
    }

    /// The API's options.
    var apiOptions: APIOptions {
        var options = APIOptions()
        options.listen = api.listen
        options.hasBearerToken = !api.bearerTokenFile.isEmpty
        options.hasWriteToken = !api.writeTokenFile.isEmpty
        options.allowUnauthenticated = api.allowUnauthenticated
        options.corsOrigins = api.corsOrigins
        options.queryTimeoutMs = api.queryTimeoutMs
        options.queryMaxConcurrency = Int(api.queryMaxConcurrency)
        return options
    }

    /// The query engine's options.
    var queryOptions: QueryOptions {
        QueryOptions(lookbackMs: api.queryLookbackMs, maxSamples: Int(api.queryMaxSamples))
    }

    /// The agent's identity: as configured, else the host's name.
    var instanceName: String { agent.instance.isEmpty ? MachineName.host() : agent.instance }

    /// What the host collectors are to do.
    var hostOptions: HostOptions {
        var options = HostOptions()
        options.roots = HostRoots(procfs: host.procfs, sysfs: host.sysfs, rootfs: host.rootfs)
        var labels = LabelsBuilder()
        labels.set("job", "node")
        labels.set("instance", instanceName)
        for label in host.labels { labels.set(label.name, label.value) }
        options.labels = labels.array
        options.collectors = host.collectors
        if let exclude = host.tables["diskstats"]?.exclude { options.diskExclude = exclude }
        if let exclude = host.tables["netdev"]?.exclude { options.networkExclude = exclude }
        if let table = host.tables["filesystem"] {
            if let exclude = table.exclude { options.mountExclude = exclude }
            if let exclude = table.typesExclude { options.fileSystemExclude = exclude }
            if let timeoutMs = table.timeoutMs { options.mountTimeoutMs = timeoutMs }
        }
        return options
    }

    /// When the host collectors run.
    ///
    /// File systems change slowly: every minute unless told otherwise.
    var hostSchedule: HostSchedule {
        var own = ["filesystem": max(60_000, host.intervalMs)]
        for (name, table) in host.tables {
            if let intervalMs = table.intervalMs { own[name] = intervalMs }
        }
        return HostSchedule(
            intervalMs: host.intervalMs,
            ownIntervalsMs: own.filter { $0.value != host.intervalMs }
        )
    }

    /// The scrape jobs.
    func scrapeJobs(_ secrets: SecretFiles) -> [ScrapeJob] {
        scrapeConfigs.map { section in
            ScrapeJob(
                section.options(global, secrets),
                groups: section.staticConfigs.map { group in
                    TargetGroup(
                        targets: group.targets,
                        labels: group.labels.map { Label($0.name, $0.value) }
                    )
                },
                files: section.fileDiscoveries.map {
                    FileDiscoveryOptions(files: $0.files, refreshIntervalMs: $0.refreshIntervalMs)
                }
            )
        }
    }

    /// The destinations that take samples.
    var forwardOptions: [ForwardOptions] {
        forward.filter { $0.kind != .archive }.map { $0.options(externalLabels) }
    }

    /// The destinations that take whole segments.
    var archiveOptions: [S3Options] {
        forward.filter { $0.kind == .archive }.map { $0.archiveOptions(externalLabels) }
    }

    /// Everything that is wrong with a destination's settings.
    func problems(ofDestination section: ForwardSection) -> [ForwardProblem] {
        section.kind == .archive
            ? section.archiveOptions(externalLabels).problems()
            : section.options(externalLabels).problems()
    }

    private var externalLabels: Labels {
        Labels(global.externalLabels.map { Label($0.name, $0.value) })
    }
}

extension ScrapeSection {
    fileprivate func options(_ global: GlobalSection, _ secrets: SecretFiles) -> ScrapeOptions {
        var options = ScrapeOptions(jobName: jobName)
        options.intervalMs = intervalMs(global)
        options.timeoutMs = timeoutMs(global)
        options.metricsPath = metricsPath
        options.scheme = scheme.rawValue
        options.params = params.map { ScrapeParameter($0.name, $0.values) }
        options.honorLabels = honorLabels
        options.honorTimestamps = honorTimestamps
        options.trackTimestampsStaleness = trackTimestampsStaleness
        options.fallbackToText = fallbackProtocol != .none
        options.enableCompression = enableCompression
        options.followRedirects = followRedirects
        options.sampleLimit = Int(sampleLimit)
        options.labelLimit = Int(labelLimit)
        options.labelNameLengthLimit = Int(labelNameLengthLimit)
        options.labelValueLengthLimit = Int(labelValueLengthLimit)
        options.targetLimit = Int(targetLimit)
        // 0 in the file means no limit; the client counts up to one.
        options.bodySizeLimitBytes = Int(bodySizeLimit)
        for header in access.headers {
            for value in header.values { options.headers.add(header.name, value) }
        }
        options.tls = access.tls.options
        options.proxyURL = access.proxyURL
        options.credentials = secrets.credentials(of: access)
        return options
    }
}

extension TLSSection {
    fileprivate var options: TLSOptions {
        var options = TLSOptions()
        options.caFile = caFile
        options.certFile = certFile
        options.keyFile = keyFile
        options.serverName = serverName
        options.insecureSkipVerify = insecureSkipVerify
        return options
    }
}

extension ForwardSection {
    fileprivate func options(_ external: Labels) -> ForwardOptions {
        var options = ForwardOptions(name: name, url: url)
        options.start = start == .now ? .now : .oldest
        options.message = message
        options.rateLimit = Int(rateLimit)
        options.maxSamplesPerSend = Int(maxSamplesPerSend)
        options.maxInFlight = Int(maxInFlight)
        options.remoteTimeout = .milliseconds(remoteTimeoutMs)
        options.minBackoff = .milliseconds(minBackoffMs)
        options.maxBackoff = .milliseconds(maxBackoffMs)
        options.headers = access.headers.flatMap { header in
            header.values.map { ForwardOptions.Header(header.name, $0) }
        }
        if !access.basicAuth.username.isEmpty {
            options.basicAuth = .init(
                username: access.basicAuth.username,
                password: access.basicAuth.password,
                passwordFile: access.basicAuth.passwordFile
            )
        }
        let authorization = access.authorization
        if !authorization.credentials.isEmpty || !authorization.credentialsFile.isEmpty {
            options.authorization = .init(
                type: authorization.type,
                credentials: authorization.credentials,
                credentialsFile: authorization.credentialsFile
            )
        }
        options.tls.caFile = access.tls.caFile
        options.tls.certFile = access.tls.certFile
        options.tls.keyFile = access.tls.keyFile
        options.tls.serverName = access.tls.serverName
        options.tls.insecureSkipVerify = access.tls.insecureSkipVerify
        options.proxyURL = access.proxyURL
        options.externalLabels = external
        do throws(RelabelError) {
            options.writeRelabelRules = try RelabelRules(writeRelabelRules)
        } catch {
            preconditionFailure("BUG: \(name) was not checked: \(error)")
        }
        return options
    }
}

extension ForwardSection {
    fileprivate func archiveOptions(_ external: Labels) -> S3Options {
        var options = S3Options(name: name, url: url, bucket: bucket)
        options.prefix = prefix
        if !region.isEmpty { options.region = region }
        options.usesPathStyle = pathStyle
        options.credentials.accessKeyID = accessKeyID
        options.credentials.accessKeyIDFile = accessKeyIDFile
        options.credentials.secretAccessKey = secretAccessKey
        options.credentials.secretAccessKeyFile = secretAccessKeyFile
        options.credentials.sessionTokenFile = sessionTokenFile
        options.start = start == .now ? .now : .oldest
        options.remoteTimeout = .milliseconds(remoteTimeoutMs)
        options.minBackoff = .milliseconds(minBackoffMs)
        options.maxBackoff = .milliseconds(maxBackoffMs)
        options.tls = access.tls.options
        options.proxyURL = access.proxyURL
        options.externalLabels = external
        options.relabelRules = writeRelabelRules
        return options
    }
}

extension AgentSection.LogLevel {
    /// The logger's level.
    var level: LogLevel {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warn: .warn
        case .error: .error
        }
    }
}

extension AgentSection.LogFormat {
    /// The logger's format.
    var format: LogFormat {
        switch self {
        case .logfmt: .logfmt
        case .json: .json
        }
    }
}
