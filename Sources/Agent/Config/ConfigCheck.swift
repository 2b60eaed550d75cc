// What no single key can tell: keys that must be there, that exclude each other, that must fit together.
internal import API
internal import Collect
internal import Formats
internal import Forward
internal import Model
internal import Platform

/// Checks a configuration whose single values are fine.
struct ConfigCheck {
    let config: AgentConfig
    let root: [ConfigEntry]
    private(set) var reader: ConfigReader
    // Keys that could not be read: what they lack has been said already.
    private let unread: Set<String>
    private static let smallestRetentionSize: Int64 = 8 << 20

    init(config: AgentConfig, root: [ConfigEntry], reader: ConfigReader) {
        self.config = config
        self.root = root
        self.reader = reader
        unread = Set(reader.problems.map(\.key))
    }

    /// Notes everything that does not fit together.
    mutating func run() {
        checkListeners()
        if config.storage.basePath.isEmpty {
            note(["storage", "base_path"], "is empty; name the directory for the data")
        }
        let size = config.storage.retentionSize
        if size > 0, size < ConfigCheck.smallestRetentionSize {
            note(
                ["storage", "retention_size"],
                "is \(size) bytes, too few for buffer and segments; write at least \"8MB\", or 0 for "
                    + "no cap"
            )
        }
        checkCache()
        checkCollectors()
        checkGlobal()
        checkJobs()
        checkDestinations()
    }

    private mutating func checkCache() {
        let cache = config.cache
        if cache.lowWatermark > cache.highWatermark {
            note(
                ["cache", "low_watermark"],
                "is \(cache.lowWatermark), above the high_watermark of \(cache.highWatermark); lower it"
            )
        }
        let table = root.first { $0.key == "cache" }?.item.entries ?? []
        if let megabytes = config.storage.cacheSizeMB, cache.maxBytes != megabytes << 20,
            table.contains(where: { $0.key == "max_size_bytes" })
        {
            note(
                ["storage", "cache_size_mb"],
                "is \(megabytes), but cache.max_size_bytes is \(cache.maxBytes) bytes; both mean the "
                    + "same: leave one of them out"
            )
        }
    }

    private mutating func checkListeners() {
        let path = ["api", "listen"]
        let isOpen = config.api.bearerTokenFile.isEmpty && !config.api.allowUnauthenticated
        for text in config.api.listen {
            do throws(SocketAddressError) {
                let address = try SocketAddress(text)
                if address.isLoopback || !isOpen { continue }
                note(
                    path,
                    "\"\(text)\" is open to other machines and asks for no token; set "
                        + "bearer_token_file, or allow_unauthenticated = true"
                )
            } catch {
                note(path, "\(error)")
            }
        }
        do throws(APIOptionsError) {
            try config.apiOptions.validate([])
        } catch .origin(let text) {
            note(
                ["api", "cors_origins"],
                "\"\(text)\" is no origin; write https://host:port, or *"
            )
        } catch {
            note(["api"], "\(error)")
        }
        if config.api.listen.isEmpty {
            note(["api", "listen"], "is empty; name at least one address, as \"127.0.0.1:9477\"")
        }
    }

    private mutating func checkCollectors() {
        for name in config.host.collectors {
            let plain = name.hasPrefix("-") ? String(name.dropFirst()) : name
            if HostCollectors.known.contains(plain) { continue }
            let near = NearestName.find(plain, in: HostCollectors.known)
            let all = HostCollectors.known.joined(separator: ", ")
            let hint = near.map { "did you mean \($0)?" } ?? "there are \(all)"
            note(["host", "collectors"], "no collector is named \"\(plain)\"; \(hint)")
        }
        for (name, table) in config.host.tables.sorted(by: { $0.key < $1.key }) {
            checkPattern(table.exclude ?? "", ["host", name, "exclude"])
            checkPattern(table.typesExclude ?? "", ["host", name, "fs_types_exclude"])
        }
    }

    private mutating func checkPattern(_ text: String, _ path: [String]) {
        do throws(PatternError) {
            _ = try Pattern(text)
        } catch {
            note(path, "\(error); mend the pattern")
        }
    }

    private mutating func checkGlobal() {
        let global = config.global
        if let timeout = global.scrapeTimeoutMs, timeout > global.scrapeIntervalMs {
            note(["global", "scrape_timeout"], tooLong(timeout, global.scrapeIntervalMs))
        }
    }

    private func tooLong(_ timeoutMs: Int64, _ intervalMs: Int64) -> String {
        "is \(DurationText.format(timeoutMs)), longer than the interval of "
            + "\(DurationText.format(intervalMs)); shorten it"
    }

    private mutating func checkJobs() {
        var seen: Set<String> = []
        for (index, job) in config.scrapeConfigs.enumerated() {
            let at = ["scrape_configs", "\(index)"]
            if job.jobName.isEmpty {
                note(at + ["job_name"], "is missing; every job needs a name")
            } else if !seen.insert(job.jobName).inserted {
                note(at + ["job_name"], "\"\(job.jobName)\" names two jobs; rename one")
            }
            if let timeout = job.scrapeTimeoutMs, timeout > job.intervalMs(config.global) {
                note(at + ["scrape_timeout"], tooLong(timeout, job.intervalMs(config.global)))
            }
            if !job.metricsPath.hasPrefix("/") {
                note(at + ["metrics_path"], "does not begin with /; write \"/metrics\"")
            }
            for (place, group) in job.staticConfigs.enumerated() {
                for target in group.targets where !ConfigCheck.isTarget(target) {
                    note(
                        at + ["static_configs", "\(place)", "targets"],
                        "\"\(target)\" is not a target; write \"host:port\" or \"unix:/path\", scheme "
                            + "and path have keys of their own"
                    )
                }
            }
            for (place, files) in job.fileDiscoveries.enumerated() {
                checkFiles(files, at + ["file_sd_configs", "\(place)", "files"])
            }
            checkAccess(job.access, at)
            checkRelabelling(job.relabelRules, at + ["relabel_configs"], works: false)
            checkRelabelling(job.metricRelabelRules, at + ["metric_relabel_configs"], works: false)
        }
    }

    private mutating func checkRelabelling(
        _ rules: [RelabelRule],
        _ path: [String],
        works: Bool
    ) {
        let known = reader.problems.count
        let table = ConfigCheck.key(path)
        for (index, rule) in rules.enumerated() {
            // A rule of which something could not be read is not judged by what was left.
            if unread.contains(where: { $0.hasPrefix("\(table)[\(index)].") }) { continue }
            do throws(RelabelError) {
                _ = try RelabelRules([rule])
            } catch {
                note(path + ["\(index)", error.key], error.text)
            }
        }
        guard !works, !rules.isEmpty, reader.problems.count == known,
            !unread.contains(where: { $0.hasPrefix(table) })
        else { return }
        note(path, "not supported yet; leave it out (only [] is taken so far)")
    }

    private mutating func checkFiles(_ section: FileDiscoverySection, _ path: [String]) {
        if section.files.isEmpty {
            note(path, "is missing; name the files, as [\"targets/*.json\"]")
        }
        for file in section.files where !file.hasSuffix(".json") {
            note(path, "\"\(file)\" is not a .json file; write the targets as JSON")
        }
    }

    private mutating func checkAccess(_ access: AccessSection, _ at: [String]) {
        let basic = access.basicAuth
        let bearer = access.authorization
        let usesBasic = basic != BasicAuthSection()
        if usesBasic, basic.username.isEmpty {
            note(at + ["basic_auth"], "has no username; set it")
        }
        if !basic.password.isEmpty, !basic.passwordFile.isEmpty {
            note(at + ["basic_auth"], "has password and password_file; keep one of the two")
        }
        if !bearer.credentials.isEmpty, !bearer.credentialsFile.isEmpty {
            note(
                at + ["authorization"],
                "has credentials and credentials_file; keep one of the two"
            )
        }
        if usesBasic, bearer.isUsed {
            note(at + ["authorization"], "is set beside basic_auth; keep one of the two")
        }
        if access.tls.certFile.isEmpty != access.tls.keyFile.isEmpty {
            note(at + ["tls_config"], "needs cert_file and key_file together; set both or none")
        }
    }

    private mutating func checkDestinations() {
        var seen: Set<String> = []
        for (index, destination) in config.forward.enumerated() {
            let at = ["forward", "\(index)"]
            let known = reader.problems.count
            if destination.name.isEmpty {
                note(at + ["name"], "is missing; the destination's place is kept under it")
            } else if !seen.insert(destination.name).inserted {
                note(at + ["name"], "\"\(destination.name)\" names two destinations; rename one")
            }
            if destination.kind == nil {
                note(at + ["kind"], "is missing; write \"remote_write\" or \"s3\"")
            }
            checkMode(of: destination, at)
            checkURL(destination.url, at + ["url"])
            if destination.minBackoffMs > destination.maxBackoffMs {
                note(at + ["min_backoff"], "is longer than max_backoff; swap the two")
            }
            checkAccess(destination.access, at)
            checkRelabelling(
                destination.writeRelabelRules,
                at + ["write_relabel_configs"],
                works: true
            )
            if reader.problems.count > known { continue }
            for problem in config.problems(ofDestination: destination) {
                note(at + [problem.key], problem.text)
            }
        }
    }

    private mutating func checkMode(of destination: ForwardSection, _ path: [String]) {
        switch (destination.kind, destination.mode) {
        case (.archive, .live?):
            note(path + ["mode"], "an object store takes sealed segments only; leave it out")
        case (.remoteWrite, .sealed?):
            note(path + ["mode"], "remote_write follows the tail; write \"live\" or leave it out")
        default: break
        }
        guard destination.kind == .archive else { return }
        if !destination.access.basicAuth.username.isEmpty || destination.access.authorization.isUsed
        {
            let key = destination.access.authorization.isUsed ? "authorization" : "basic_auth"
            note(path + [key], "an object store wants access_key_id instead; remove it")
        }
    }

    private mutating func checkURL(_ url: String, _ path: [String]) {
        let hint = "write it whole, as \"http://127.0.0.1:9090/api/v1/write\""
        if url.isEmpty { return note(path, "is missing; \(hint)") }
        do throws(URLError) {
            let scheme = try URLParts(url).scheme
            if scheme != "http" && scheme != "https" {
                note(path, "\"\(url)\" is not a URL; \(hint)")
            }
        } catch .badPort(let port, _) {
            note(path, "port \"\(port)\" is not a number from 1 to 65535")
        } catch {
            note(path, "\"\(url)\" is not a URL; \(hint)")
        }
    }

    /// Whether a text names a target: a host, perhaps a port, no scheme and no path.
    static func isTarget(_ text: String) -> Bool {
        if text.hasPrefix("unix:") { return text.utf8.count > 5 }
        return !text.utf8.contains(UInt8(ascii: "/")) && (try? URLParts("http://\(text)")) != nil
    }

    // The name of a path in messages: `forward[0].name`.
    private static func key(_ path: [String]) -> String {
        path.reduce("") { key, part in
            Int(part) == nil ? ConfigPath.join(key, part) : "\(key)[\(part)]"
        }
    }

    // A problem at the deepest part of the path that was written. Numbers in a path are places in a list.
    private mutating func note(_ path: [String], _ text: String) {
        var entries = root
        var items: [ConfigItem] = []
        var origin: ConfigOrigin?
        for part in path {
            if let index = Int(part), items.indices.contains(index) {
                origin = items[index].origin
                entries = items[index].entries
                items = []
                continue
            }
            guard let entry = entries.first(where: { $0.key == part }) else { break }
            origin = entry.origin
            entries = entry.item.entries
            items = entry.item.items
        }
        let key = ConfigCheck.key(path)
        if unread.contains(key) { return }
        reader.note(origin ?? .file(.init(line: 1, column: 1)), key, text)
    }
}

extension AuthorizationSection {
    /// Whether there is anything to send.
    public var isUsed: Bool { !credentials.isEmpty || !credentialsFile.isEmpty }
}

extension ConfigItem {
    /// The keys of a table; empty for anything else.
    var entries: [ConfigEntry] {
        if case .table(let entries) = value { return entries }
        return []
    }

    /// The items of a list; empty for anything else.
    var items: [ConfigItem] {
        if case .array(let items) = value { return items }
        return []
    }
}
