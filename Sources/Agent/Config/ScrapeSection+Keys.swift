// The table of configuration keys, continued: scrape jobs, destinations, and how servers are reached.
internal import Formats

extension ScrapeSection {
    static let keys: [ConfigKey<ScrapeSection>] =
        [
            .text("job_name", \.jobName),
            .duration("scrape_interval", \.scrapeIntervalMs, atLeastMs: 1),
            .duration("scrape_timeout", \.scrapeTimeoutMs, atLeastMs: 1),
            .text("metrics_path", \.metricsPath),
            .word("scheme", \.scheme),
            .parameters("params", \.params),
            .flag("honor_labels", \.honorLabels),
            .flag("honor_timestamps", \.honorTimestamps),
            .flag("track_timestamps_staleness", \.trackTimestampsStaleness),
            .later("scrape_protocols", "[\"PrometheusText0.0.4\"]"),
            .word(
                "fallback_scrape_protocol",
                \.fallbackProtocol,
                later: ["OpenMetricsText1.0.0", "OpenMetricsText0.0.1"]
            ),
            .flag("enable_compression", \.enableCompression),
            .flag("follow_redirects", \.followRedirects),
            .number("sample_limit", \.sampleLimit, 0...(.max)),
            .number("label_limit", \.labelLimit, 0...(.max)),
            .number("label_name_length_limit", \.labelNameLengthLimit, 0...(.max)),
            .number("label_value_length_limit", \.labelValueLengthLimit, 0...(.max)),
            .number("target_limit", \.targetLimit, 0...(.max)),
            .size("body_size_limit", \.bodySizeLimit),
            .later("series_limit", "0"),
            .list("static_configs", \.staticConfigs, StaticTargetsSection.keys) {
                StaticTargetsSection()
            },
            .list("file_sd_configs", \.fileDiscoveries, FileDiscoverySection.keys) {
                FileDiscoverySection()
            },
            .later("http_sd_configs", "[]"),
            .later("dns_sd_configs", "[]"),
            .later("docker_sd_configs", "[]"),
            .later("kubernetes_sd_configs", "[]"),
            .headers("http_headers", \.access.headers),
            .list("relabel_configs", \.relabelRules, RelabelSection.keys, works: false) {
                RelabelRule()
            },
            .list(
                "metric_relabel_configs",
                \.metricRelabelRules,
                RelabelSection.keys,
                works: false
            ) { RelabelRule() },
        ] + AccessSection.keys()
}

extension StaticTargetsSection {
    static let keys: [ConfigKey<StaticTargetsSection>] = [
        .texts("targets", \.targets), .labels("labels", \.labels),
    ]
}

extension FileDiscoverySection {
    static let keys: [ConfigKey<FileDiscoverySection>] = [
        .paths("files", \.files),
        .duration("refresh_interval", \.refreshIntervalMs, atLeastMs: 1000),
    ]
}

extension ForwardSection {
    static let keys: [ConfigKey<ForwardSection>] =
        [
            .text("name", \.name),
            .word("kind", \.kind, later: ["agent"]),
            .text("url", \.url),
            .word("mode", \.mode),
            .later("accepts_out_of_order", "false"),
            .word("protobuf_message", \.message),
            .later("accept_window", "\"0s\""),
            .number("max_samples_per_send", \.maxSamplesPerSend, 1...100_000),
            .number("max_in_flight", \.maxInFlight, 1...64),
            .duration("remote_timeout", \.remoteTimeoutMs, atLeastMs: 1),
            .duration("min_backoff", \.minBackoffMs, atLeastMs: 1),
            .duration("max_backoff", \.maxBackoffMs, atLeastMs: 1),
            .size("rate_limit", \.rateLimit),
            .headers("headers", \.access.headers),
            .list("write_relabel_configs", \.writeRelabelRules, RelabelSection.keys) {
                RelabelRule()
            },
            .word("start", \.start),
            .later("fresh_first", "false"),
            .text("bucket", \.bucket), .text("prefix", \.prefix), .text("region", \.region),
            .flag("path_style", \.pathStyle),
            .text("access_key_id", \.accessKeyID),
            .path("access_key_id_file", \.accessKeyIDFile),
            .text("secret_access_key", \.secretAccessKey),
            .path("secret_access_key_file", \.secretAccessKeyFile),
            .path("session_token_file", \.sessionTokenFile),
        ] + AccessSection.keys()
}

/// A section that says how a server is reached.
protocol Accessing {
    var access: AccessSection { get set }
}

extension ScrapeSection: Accessing {}
extension ForwardSection: Accessing {}

extension AccessSection {
    /// The keys that scrape jobs and destinations have in common.
    static func keys<Section: Accessing>() -> [ConfigKey<Section>] {
        [
            .table("basic_auth", \.access.basicAuth, BasicAuthSection.keys),
            .table("authorization", \.access.authorization, AuthorizationSection.keys),
            .table("tls_config", \.access.tls, TLSSection.keys),
            .text("proxy_url", \.access.proxyURL),
        ]
    }
}

extension BasicAuthSection {
    static let keys: [ConfigKey<BasicAuthSection>] = [
        .text("username", \.username), .text("password", \.password),
        .path("password_file", \.passwordFile),
    ]
}

extension AuthorizationSection {
    static let keys: [ConfigKey<AuthorizationSection>] = [
        .text("type", \.type), .text("credentials", \.credentials),
        .path("credentials_file", \.credentialsFile),
    ]
}

extension TLSSection {
    static let keys: [ConfigKey<TLSSection>] = [
        .path("ca_file", \.caFile), .path("cert_file", \.certFile), .path("key_file", \.keyFile),
        .text("server_name", \.serverName), .flag("insecure_skip_verify", \.insecureSkipVerify),
    ]
}
