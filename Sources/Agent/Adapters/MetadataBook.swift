// Type, help and unit of metrics, from scrapes, the host and pushes. Best effort: in memory only.
import API
import Collect
import Model
import Platform

/// Knows what was last said of each metric.
final class MetadataBook: MetadataSource, Sendable {
    /// Metrics kept at most; new ones beyond it are not noted.
    static let limit = 50_000
    /// Descriptions that targets may disagree on, of one metric.
    static let entryLimit = 4

    private let metrics = Lock<[String: [MetricMetadata]]>([:])

    /// Notes a description; the newest comes first.
    func note(_ name: String, _ metadata: MetricMetadata) {
        metrics.withLock { metrics in
            if metrics[name]?.first == metadata { return }
            var entries = metrics[name] ?? []
            if entries.isEmpty, metrics.count >= MetadataBook.limit { return }
            entries.removeAll { $0 == metadata }
            entries.insert(metadata, at: 0)
            metrics[name] = Array(entries.prefix(MetadataBook.entryLimit))
        }
    }

    /// Notes one thing that became known; what else is known of the metric stays.
    func note(_ name: String, _ note: MetadataNote) {
        var known = metrics.withLock { $0[name]?.first } ?? MetricMetadata()
        switch note {
        case .kind(let kind): known.kind = kind
        case .help(let help): known.help = help
        case .unit(let unit): known.unit = unit
        }
        metrics.withLock { metrics in
            // The newest description is being completed, not contradicted.
            guard metrics[name] != nil || metrics.count < MetadataBook.limit else { return }
            var entries = metrics[name] ?? []
            if entries.isEmpty { entries.append(known) } else { entries[0] = known }
            metrics[name] = entries
        }
    }

    func metadata(of metric: String?) async -> [MetricDescription] {
        metrics.withLock { metrics in
            if let metric {
                return metrics[metric].map { [MetricDescription(name: metric, entries: $0)] } ?? []
            }
            return metrics.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                .map { MetricDescription(name: $0.key, entries: $0.value) }
        }
    }
}
