// One place to scrape, made from an address, its group's labels and the job: Prometheus's rules.
internal import Codec
internal import Formats
public import Model

/// Targets that are discovered together and share labels.
public struct TargetGroup: Sendable, Equatable {
    /// `host:port` or `unix:/path`.
    public var targets: [String]
    /// Added to each of them; those that begin with `__` are gone after rewriting.
    public var labels: [Label]

    /// Makes a group.
    public init(targets: [String], labels: [Label] = []) {
        self.targets = targets
        self.labels = labels
    }
}

/// Why an address is no target.
public enum TargetError: Error, Equatable {
    case noAddress(job: String)
    case badAddress(String, job: String)
    case badScheme(String, address: String)
    case badDuration(label: String, text: String, address: String)
    case timeoutAboveInterval(address: String)
}

extension TargetError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noAddress(let job): "job \(job): a target has no address"
        case .badAddress(let address, let job):
            "job \(job): \"\(address)\" is not a valid address; write host:port without a path"
        case .badScheme(let scheme, let address):
            "target \(address): scheme \"\(scheme)\" is neither http nor https"
        case .badDuration(let label, let text, let address):
            "target \(address): \(label) \"\(text)\" is no duration above zero"
        case .timeoutAboveInterval(let address):
            "target \(address): its timeout is longer than its interval"
        }
    }
}

/// A target as it is scraped.
public struct Target: Sendable, Equatable {
    /// What its series get: no label begins with `__`.
    public let labels: Labels
    /// Before rewriting, for people.
    public let discovered: Labels
    /// What is asked for.
    public let url: String
    /// The socket to connect to instead of the URL's host; empty for none.
    public let unixSocket: String
    /// From one scrape to the next; milliseconds.
    public let intervalMs: Int64
    /// For one scrape; milliseconds.
    public let timeoutMs: Int64

    /// The same for the same labels and URL, after every restart.
    var identity: UInt64 {
        let url = Array((url + "\n" + unixSocket).utf8)
        return XXH64.hash((labels.bytes + url).span)
    }

    /// The target at `address`; nil when the job's rules drop it.
    /// - Throws: why it is none; the other targets of the group are not affected.
    public static func make(
        _ address: String,
        in group: TargetGroup,
        of options: ScrapeOptions
    ) throws(TargetError) -> Target? {
        var builder = LabelsBuilder()
        for label in group.labels { builder.set(label.name, label.value) }
        builder.set("__address__", address)
        let defaults = [
            ("job", options.jobName), ("__scheme__", options.scheme),
            ("__metrics_path__", options.metricsPath),
            ("__scrape_interval__", DurationText.format(options.intervalMs)),
            ("__scrape_timeout__", DurationText.format(options.timeoutMs)),
        ]
        for (name, value) in defaults where builder[name] == nil { builder.set(name, value) }
        for parameter in options.params {
            let name = "__param_\(parameter.name)"
            if let value = parameter.values.first, builder[name] == nil { builder.set(name, value) }
        }
        let discovered = builder.labels()
        guard let rewritten = options.targetRewrite.apply(discovered) else { return nil }
        return try Target(rewritten, discovered, options)
    }

    private init(
        _ rewritten: Labels,
        _ discovered: Labels,
        _ options: ScrapeOptions
    ) throws(TargetError) {
        guard let address = rewritten["__address__"] else {
            throw .noAddress(job: options.jobName)
        }
        let scheme = rewritten["__scheme__"] ?? "http"
        guard scheme == "http" || scheme == "https" else {
            throw .badScheme(scheme, address: address)
        }
        var host = address
        var socket = rewritten["__unix_socket__"] ?? ""
        if address.utf8.starts(with: "unix:".utf8) {
            socket = String(decoding: address.utf8.dropFirst(5), as: UTF8.self)
            while socket.utf8.starts(with: "//".utf8) { socket.removeFirst() }
            host = "localhost"
        }
        let path = rewritten["__metrics_path__"] ?? "/metrics"
        let base = "\(scheme)://\(host)"
        guard !host.utf8.contains(UInt8(ascii: "/")), (try? URLParts(base)) != nil else {
            throw .badAddress(address, job: options.jobName)
        }
        let query = Target.query(rewritten, options)
        url =
            base + (path.utf8.first == UInt8(ascii: "/") ? path : "/" + path)
            + (query.isEmpty ? "" : "?" + query)
        unixSocket = socket
        intervalMs = try Target.duration(rewritten, "__scrape_interval__", address)
        timeoutMs = try Target.duration(rewritten, "__scrape_timeout__", address)
        guard timeoutMs <= intervalMs else { throw .timeoutAboveInterval(address: address) }
        var shown = LabelsBuilder()
        for label in rewritten.array where !label.name.utf8.starts(with: "__".utf8) {
            shown.set(label.name, label.value)
        }
        if shown["instance"] == nil { shown.set("instance", address) }
        labels = shown.labels()
        self.discovered = discovered
    }

    // The first value of a parameter may have been rewritten.
    private static func query(_ labels: Labels, _ options: ScrapeOptions) -> String {
        var form = FormCoding()
        var rest = labels.array.filter { $0.name.utf8.starts(with: "__param_".utf8) }
        for parameter in options.params {
            let name = "__param_\(parameter.name)"
            let first = labels[name]
            rest.removeAll { $0.name == name }
            if let first { form.add(parameter.name, first) }
            for value in parameter.values.dropFirst() { form.add(parameter.name, value) }
        }
        for label in rest { form.add(String(label.name.dropFirst(8)), label.value) }
        return form.encoded
    }

    private static func duration(
        _ labels: Labels,
        _ name: String,
        _ address: String
    ) throws(TargetError) -> Int64 {
        let text = labels[name] ?? ""
        guard let ms = try? DurationText.parse(text), ms > 0 else {
            throw .badDuration(label: name, text: text, address: address)
        }
        return ms
    }
}
