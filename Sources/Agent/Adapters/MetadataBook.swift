// Type, help and unit of metrics, from scrapes, the host and pushes. Best effort: in memory only.
import API
import Collect
import Forward
import Model
import Platform

/// Knows what was last said of each metric.
final class MetadataBook: MetadataSource, Sendable {
    /// Metrics kept at most; new ones beyond it are not noted.
    static let limit = 50_000
    /// Descriptions that targets may disagree on, of one metric.
    static let entryLimit = 4

    private struct State {
        var metrics: [String: [MetricMetadata]] = [:]
        var version: UInt64 = 0
    }

    private let state = Lock(State())

    /// Notes a description; the newest comes first.
    func note(_ name: String, _ metadata: MetricMetadata) {
        state.withLock { state in
            if state.metrics[name]?.first == metadata { return }
            var entries = state.metrics[name] ?? []
            if entries.isEmpty, state.metrics.count >= MetadataBook.limit { return }
            entries.removeAll { $0 == metadata }
            entries.insert(metadata, at: 0)
            state.metrics[name] = Array(entries.prefix(MetadataBook.entryLimit))
            state.version += 1
        }
    }

    /// Notes one thing that became known; what else is known of the metric stays.
    func note(_ name: String, _ note: MetadataNote) {
        state.withLock { state in
            // The newest description is being completed, not contradicted.
            var entries = state.metrics[name] ?? [MetricMetadata()]
            let before = state.metrics[name] == nil ? nil : entries.first
            switch note {
            case .kind(let kind): entries[0].kind = kind
            case .help(let help): entries[0].help = help
            case .unit(let unit): entries[0].unit = unit
            }
            guard before != entries[0] else { return }
            guard before != nil || state.metrics.count < MetadataBook.limit else { return }
            state.metrics[name] = entries
            state.version += 1
        }
    }

    func metadata(of metric: String?) async -> [MetricDescription] {
        state.withLock { state in
            let metrics = state.metrics
            if let metric {
                return metrics[metric].map { [MetricDescription(name: metric, entries: $0)] } ?? []
            }
            return metrics.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                .map { MetricDescription(name: $0.key, entries: $0.value) }
        }
    }
}

/// Destinations are told what was said last.
extension MetadataBook: MetricDescriptions {
    var version: UInt64 { state.withLock { $0.version } }

    func description(of family: String) -> MetricMetadata? {
        state.withLock { $0.metrics[family]?.first }
    }

    func all() -> [(family: String, description: MetricMetadata)] {
        state.withLock { state in
            state.metrics.compactMap { name, entries in entries.first.map { (name, $0) } }
        }
    }
}
