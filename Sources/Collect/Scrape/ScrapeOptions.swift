// How the targets of one job are scraped: the keys of [[scrape_configs]].
public import HTTP
public import Model

/// Rewrites target labels or series labels; nil drops the target or the series.
///
/// Two are equal when their identities are: a reload compares them.
public struct LabelRewrite: Sendable, Equatable {
    /// Says what it does; equal texts do the same.
    public let identity: String
    /// The rewriting.
    public let apply: @Sendable (Labels) -> Labels?

    /// Makes a rewrite.
    public init(identity: String, _ apply: @escaping @Sendable (Labels) -> Labels?) {
        self.identity = identity
        self.apply = apply
    }

    /// Leaves everything as it is.
    public static let none = LabelRewrite(identity: "") { $0 }

    public static func == (one: LabelRewrite, other: LabelRewrite) -> Bool {
        one.identity == other.identity
    }
}

/// What a scrape shows to prove who asks.
public struct ScrapeCredentials: Sendable, Equatable {
    /// For basic authentication.
    public var basicAuth: BasicAuth?
    /// The whole value of the Authorization header.
    public var authorization: String?
    /// Headers whose values are secret or come from files.
    public var headers: HTTPHeaders

    /// Makes credentials; nil is none.
    public init(
        basicAuth: BasicAuth? = nil,
        authorization: String? = nil,
        headers: HTTPHeaders = HTTPHeaders()
    ) {
        self.basicAuth = basicAuth
        self.authorization = authorization
        self.headers = headers
    }
}

/// Gives the credentials of a job before each scrape, so that changed secret files count at once.
public struct CredentialSource: Sendable, Equatable {
    /// Says where the secrets are, never what they are; equal texts are the same source.
    public let identity: String
    /// Reads them; throws the text that becomes the target's last error.
    public let read: @Sendable () async throws(ScrapeError) -> ScrapeCredentials

    /// Makes a source.
    public init(
        identity: String,
        _ read: @escaping @Sendable () async throws(ScrapeError) -> ScrapeCredentials
    ) {
        self.identity = identity
        self.read = read
    }

    /// No credentials.
    public static let none = CredentialSource(identity: "") { () throws(ScrapeError) in
        ScrapeCredentials()
    }

    public static func == (one: CredentialSource, other: CredentialSource) -> Bool {
        one.identity == other.identity
    }
}

/// Everything about a job but its targets; limits of 0 are none.
public struct ScrapeOptions: Sendable, Equatable {
    /// The label `job`, and the ledger's source.
    public var jobName: String
    /// From one scrape to the next; milliseconds.
    public var intervalMs: Int64 = 15_000
    /// For one scrape, not more than the interval; milliseconds.
    public var timeoutMs: Int64 = 10_000
    /// Begins with a slash.
    public var metricsPath = "/metrics"
    /// `http` or `https`.
    public var scheme = "http"
    /// Query parameters.
    public var params: [ScrapeParameter] = []
    /// Labels of the series win over the target's.
    public var honorLabels = false
    /// Times in the text count.
    public var honorTimestamps = true
    /// Series with times of their own get stale markers too.
    public var trackTimestampsStaleness = false
    /// Ask for gzip.
    public var enableCompression = true
    /// Follow redirects.
    public var followRedirects = true
    /// Take a response without a known content type as text 0.0.4.
    public var fallbackToText = false
    /// Samples a scrape, after rewriting; more fail it.
    public var sampleLimit = 0
    /// Labels a series; more fail the scrape.
    public var labelLimit = 0
    /// Bytes of a label name; more fail the scrape.
    public var labelNameLengthLimit = 0
    /// Bytes of a label value; more fail the scrape.
    public var labelValueLengthLimit = 0
    /// Targets of the job; with more of them every scrape fails.
    public var targetLimit = 0
    /// Bytes of a response after decompression; more fail the scrape.
    public var bodySizeLimitBytes = 64 * 1024 * 1024
    /// Sent with every scrape.
    public var headers = HTTPHeaders()
    /// Certificates.
    public var tls = TLSOptions()
    /// URL of a proxy, empty for none.
    public var proxyURL = ""
    /// Who asks.
    public var credentials = CredentialSource.none
    /// Applied to the labels of each target.
    public var targetRewrite = LabelRewrite.none
    /// Applied to the labels of each series.
    public var seriesRewrite = LabelRewrite.none

    /// Makes the options of a job with the defaults above.
    public init(jobName: String) {
        self.jobName = jobName
    }
}

/// One query parameter with its values.
public struct ScrapeParameter: Sendable, Equatable {
    /// The name.
    public var name: String
    /// One value an occurrence.
    public var values: [String]

    /// Makes a parameter.
    public init(_ name: String, _ values: [String]) {
        self.name = name
        self.values = values
    }
}
