// One `[[scrape_configs]]`: Prometheus's keys with Prometheus's meaning.
public import Formats

/// A scrape job.
public struct ScrapeSection: Sendable, Equatable {
    public enum Scheme: String, Sendable, CaseIterable {
        case http, https
    }

    /// What an answer without a known content type is taken for.
    public enum FallbackProtocol: String, Sendable, CaseIterable {
        /// The scrape fails.
        case none = ""
        case text004 = "PrometheusText0.0.4"
        case text100 = "PrometheusText1.0.0"
    }

    public var jobName = ""
    /// nil means `[global]`'s.
    public var scrapeIntervalMs: Int64?
    /// nil means `[global]`'s, or the smaller of 10 s and the interval.
    public var scrapeTimeoutMs: Int64?
    public var metricsPath = "/metrics"
    public var scheme = Scheme.http
    /// URL parameters in order of name; a name may have several values.
    public var params: [ConfigParameter] = []
    public var honorLabels = false
    public var honorTimestamps = true
    public var trackTimestampsStaleness = false
    public var fallbackProtocol = FallbackProtocol.none
    public var enableCompression = true
    public var followRedirects = true
    /// Samples a scrape after which it fails; 0 means no limit, here and below.
    public var sampleLimit: Int64 = 0
    public var labelLimit: Int64 = 0
    public var labelNameLengthLimit: Int64 = 0
    public var labelValueLengthLimit: Int64 = 0
    public var targetLimit: Int64 = 0
    /// Bytes of an answer, uncompressed, after which a scrape fails; 0 means no limit.
    public var bodySizeLimit: Int64 = 64 << 20
    public var staticConfigs: [StaticTargetsSection] = []
    public var fileDiscoveries: [FileDiscoverySection] = []
    /// Of the targets' labels; not in force yet.
    public var relabelRules: [RelabelRule] = []
    /// Of the samples' labels; not in force yet.
    public var metricRelabelRules: [RelabelRule] = []
    public var access = AccessSection()

    /// The interval that holds for the job.
    public func intervalMs(_ global: GlobalSection) -> Int64 {
        scrapeIntervalMs ?? global.scrapeIntervalMs
    }

    /// The timeout that holds for the job: its own, else `[global]`'s, else 10 s; where unset in the
    /// job, never longer than the interval.
    public func timeoutMs(_ global: GlobalSection) -> Int64 {
        scrapeTimeoutMs ?? min(global.scrapeTimeoutMs ?? 10_000, intervalMs(global))
    }
}

/// One of `static_configs`.
public struct StaticTargetsSection: Sendable, Equatable {
    /// `host:port`, or `unix:/path`.
    public var targets: [String] = []
    /// In order of name.
    public var labels: [ConfigLabel] = []
}

/// One of `file_sd_configs`.
public struct FileDiscoverySection: Sendable, Equatable {
    /// Paths; the last part may hold `*`.
    public var files: [String] = []
    public var refreshIntervalMs: Int64 = 300_000
}

/// One URL parameter with its values.
public struct ConfigParameter: Sendable, Equatable {
    public var name: String
    public var values: [String]

    /// Makes a parameter.
    public init(_ name: String, _ values: [String]) {
        self.name = name
        self.values = values
    }
}

/// How a server is reached: who we say we are, which certificates, which way.
public struct AccessSection: Sendable, Equatable {
    public var basicAuth = BasicAuthSection()
    public var authorization = AuthorizationSection()
    public var tls = TLSSection()
    /// In order of name.
    public var headers: [ConfigHeader] = []
    /// Empty means none.
    public var proxyURL = ""
}

/// `basic_auth`; no user name means that it is not used.
public struct BasicAuthSection: Sendable, Equatable {
    public var username = ""
    public var password = ""
    public var passwordFile = ""
}

/// `authorization`; without credentials it is not used.
public struct AuthorizationSection: Sendable, Equatable {
    public var type = "Bearer"
    public var credentials = ""
    public var credentialsFile = ""
}

/// `tls_config`.
public struct TLSSection: Sendable, Equatable {
    public var caFile = ""
    public var certFile = ""
    public var keyFile = ""
    public var serverName = ""
    public var insecureSkipVerify = false
}

/// One header that goes with every request, once for each value.
public struct ConfigHeader: Sendable, Equatable {
    public var name: String
    public var values: [String]

    /// Makes a header.
    public init(_ name: String, _ values: [String]) {
        self.name = name
        self.values = values
    }
}
