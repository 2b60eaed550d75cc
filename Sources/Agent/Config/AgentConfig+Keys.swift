// The table of configuration keys: one row a key, with its name, how it is read, and where it goes.
// Rows marked `later` are known by name but set nothing yet.
internal import Collect

extension AgentConfig {
    static let keys: [ConfigKey<AgentConfig>] = [
        .table("agent", \.agent, AgentSection.keys),
        .table("api", \.api, APISection.keys),
        .table("storage", \.storage, StorageSection.keys),
        .table("buffer", \.buffer, BufferSection.keys),
        .table("index", \.index, IndexSection.keys),
        .table("redis", \.unused, LaterSection.redis),
        .table("compression", \.compression, CompressionSection.keys),
        .table("cache", \.cache, CacheSection.keys),
        .table("security", \.security, SecuritySection.keys),
        .table("host", \.host, HostSection.keys),
        .table("global", \.global, GlobalSection.keys),
        .list("scrape_configs", \.scrapeConfigs, ScrapeSection.keys) { ScrapeSection() },
        .list("forward", \.forward, ForwardSection.keys) { ForwardSection() },
    ]

    // Where sections go of which nothing works yet.
    fileprivate var unused: LaterSection {
        get { LaterSection() }
        set { _ = newValue }
    }
}

extension AgentSection {
    static let keys: [ConfigKey<AgentSection>] = [
        .text("instance", \.instance),
        .word("log_level", \.logLevel),
        .word("log_format", \.logFormat),
        .duration("self_interval", \.selfIntervalMs),
        .later("watch_config", "false"),
        .later("memory_limit", "\"0\""),
    ]
}

extension APISection {
    static let keys: [ConfigKey<APISection>] = [
        .texts("listen", \.listen),
        .path("bearer_token_file", \.bearerTokenFile),
        .path("write_token_file", \.writeTokenFile),
        .flag("allow_unauthenticated", \.allowUnauthenticated),
        .number("max_connections", \.maxConnections, 1...65_536),
        .duration("query_timeout", \.queryTimeoutMs, atLeastMs: 1),
        .number("query_max_samples", \.queryMaxSamples, 1...(.max)),
        .number("query_max_concurrency", \.queryMaxConcurrency, 1...1024),
        .duration("query_lookback", \.queryLookbackMs, atLeastMs: 1),
        .texts("cors_origins", \.corsOrigins),
        .later("result_cache_size", "\"16MB\""),
    ]
}

extension StorageSection {
    static let keys: [ConfigKey<StorageSection>] = [
        .text("base_path", \.basePath),
        .size("chunk_size_limit", \.chunkSizeLimit, atLeast: 1024),
        .duration("chunk_time_limit", \.chunkTimeLimitMs, atLeastMs: 1000),
        .number("chunk_point_limit", \.chunkPointLimit, 16...65_536),
        .duration("retention_time", \.retentionTimeMs),
        .duration("max_sample_age", \.maxSampleAgeMs),
        .size("head_size_limit", \.headSizeLimit, atLeast: 1 << 20),
        .size("retention_size", \.retentionSize),
        .word("read_mode", \.readMode),
        .flag("compression_enabled", \.compressionEnabled),
        .duration("compression_delay", \.compressionDelayMs),
        .number("cache_size_mb", \.cacheSizeMB, 0...(1 << 20)),
    ]
}

extension CompressionSection {
    static let keys: [ConfigKey<CompressionSection>] = [
        .duration("min_age_seconds", \.minAgeMs),
        .number("worker_count", \.workerCount, 1...64),
        .duration("scan_interval_seconds", \.scanIntervalMs, atLeastMs: 100),
        .number("max_chunks_per_scan", \.maxChunksPerScan, 1...(1 << 40)),
    ]
}

extension CacheSection {
    static let keys: [ConfigKey<CacheSection>] = [
        .size("max_size_bytes", \.maxBytes),
        .number("num_shards", \.shardCount, 1...256),
        .share("low_watermark", \.lowWatermark),
        .share("high_watermark", \.highWatermark),
        .number("eviction_interval_ms", \.evictionIntervalMs, 1...3_600_000),
    ]
}

extension BufferSection {
    static let keys: [ConfigKey<BufferSection>] = [
        .word("backend", \.backend, later: ["redis"]),
        .word("fsync", \.fsync),
        .duration("fsync_interval", \.fsyncIntervalMs, atLeastMs: 1),
        .size("max_size", \.maxSize, atLeast: 1 << 20),
    ]
}

extension IndexSection {
    static let keys: [ConfigKey<IndexSection>] = [
        .word("backend", \.backend, later: ["redis"])
    ]
}

extension SecuritySection {
    static let keys: [ConfigKey<SecuritySection>] = [
        .number("max_series", \.maxSeries, 1...(1 << 32)),
        .number("max_labels_per_series", \.maxLabelsPerSeries, 1...65_536),
        .number("max_label_name_length", \.maxLabelNameLength, 1...(1 << 20)),
        .number("max_label_value_length", \.maxLabelValueLength, 1...(1 << 20)),
        .later("rate_limit_points_per_sec", "10000000"),
        .later("path_validation_enabled", "true"),
    ]
}

extension GlobalSection {
    static let keys: [ConfigKey<GlobalSection>] = [
        .duration("scrape_interval", \.scrapeIntervalMs, atLeastMs: 1),
        .duration("scrape_timeout", \.scrapeTimeoutMs, atLeastMs: 1),
        .labels("external_labels", \.externalLabels),
    ]
}

extension HostSection {
    static let keys: [ConfigKey<HostSection>] =
        [
            .flag("enabled", \.enabled),
            .duration("interval", \.intervalMs, atLeastMs: 100),
            .path("procfs", \.procfs),
            .path("sysfs", \.sysfs),
            .path("rootfs", \.rootfs),
            .texts("collectors", \.collectors),
            .labels("labels", \.labels),
            .later("cgroupfs", "\"/sys/fs/cgroup\""),
            .later("textfile_directory", "\"\""),
        ]
        + HostCollectors.known.map { name in
            .table(name, \.[collector: name], CollectorSection.keys(name))
        }
}

extension HostSection {
    fileprivate subscript(collector name: String) -> CollectorSection {
        get { tables[name] ?? CollectorSection() }
        set { tables[name] = newValue }
    }
}

extension CollectorSection {
    fileprivate static func keys(_ collector: String) -> [ConfigKey<CollectorSection>] {
        var keys: [ConfigKey<CollectorSection>] = [
            .duration("interval", \.intervalMs, atLeastMs: 100)
        ]
        if ["diskstats", "filesystem", "netdev"].contains(collector) {
            keys += [.text("exclude", \.exclude), .later("include", "\"\"")]
        }
        if collector == "filesystem" {
            keys += [
                .text("fs_types_exclude", \.typesExclude),
                .duration("timeout", \.timeoutMs, atLeastMs: 1),
            ]
        }
        return keys
    }
}

/// A section of which nothing works yet.
struct LaterSection: Sendable {
    static let redis: [ConfigKey<LaterSection>] = [
        .later("url", "\"redis://localhost:6379\""), .later("password_file", "\"\""),
        .later("pool_size", "4"), .later("connection_timeout_secs", "5"),
        .later("command_timeout_secs", "1"), .later("health_check_interval_secs", "30"),
        .later("key_prefix", "\"tsdb:\""), .later("max_stream_size", "\"256MB\""),
        .later("lease_secs", "15"), .later("wait_replicas", "0"),
        .table("retry", \.itself, retry), .table("failover", \.itself, failover),
    ]
    private static let retry: [ConfigKey<LaterSection>] = [
        .later("max_retries", "3"), .later("base_delay_ms", "100"), .later("max_delay_ms", "10000"),
    ]
    private static let failover: [ConfigKey<LaterSection>] = [
        .later("health_check_interval_ms", "5000"), .later("failure_threshold", "3"),
        .later("recovery_threshold", "2"), .later("local_cache_size_mb", "16"),
        .later("cache_ttl_secs", "300"),
    ]

    private var itself: LaterSection {
        get { self }
        set { self = newValue }
    }
}
