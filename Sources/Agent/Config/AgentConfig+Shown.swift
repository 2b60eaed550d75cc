// What status pages show of a configuration, and what a reload cannot change.
internal import Model

extension AgentConfig {
    /// Settings in force, by name: `/api/v1/status/flags`.
    var flags: [(name: String, value: String)] {
        [
            ("api.listen", api.listen.joined(separator: ",")),
            ("api.query_lookback", DurationText.format(api.queryLookbackMs)),
            ("api.query_max_concurrency", "\(api.queryMaxConcurrency)"),
            ("api.query_max_samples", "\(api.queryMaxSamples)"),
            ("api.query_timeout", DurationText.format(api.queryTimeoutMs)),
            ("buffer.fsync", buffer.fsync.rawValue),
            ("storage.base_path", storage.basePath),
            ("storage.retention_time", DurationText.format(storage.retentionTimeMs)),
        ]
    }

    /// How long samples stay.
    var retentionText: String {
        storage.retentionTimeMs == 0 ? "for ever" : DurationText.format(storage.retentionTimeMs)
    }

    /// The sections in which `new` differs and that are read only at a start.
    func sectionsThatNeedRestart(for new: AgentConfig) -> [String] {
        var names: [String] = []
        if new.api != api { names.append("api") }
        if new.storage != storage { names.append("storage") }
        if new.compression != compression { names.append("compression") }
        if new.buffer != buffer { names.append("buffer") }
        if new.security != security { names.append("security") }
        if new.agent.logFormat != agent.logFormat { names.append("agent.log_format") }
        return names
    }
}
