// What is known of metrics, for requests that say it beside the samples.
public import Model

/// Knows type, help and unit of metric families.
public protocol MetricDescriptions: Sendable {
    /// Changes whenever an answer of `description(of:)` may have changed.
    var version: UInt64 { get }

    /// What is known of the family of that name, nil when nothing is.
    func description(of family: String) -> MetricMetadata?

    /// All that is known, in any order.
    func all() -> [(family: String, description: MetricMetadata)]
}

/// Knows nothing.
public struct NoMetricDescriptions: MetricDescriptions {
    /// Always the same.
    public var version: UInt64 { 0 }

    /// Makes one.
    public init() {}

    public func description(of family: String) -> MetricMetadata? { nil }

    public func all() -> [(family: String, description: MetricMetadata)] { [] }
}

extension MetricDescriptions {
    /// What is known of the family to which a series of this name belongs.
    ///
    /// A family's series have suffixes that depend on its type (OpenMetrics 1.0, "Metric Types").
    func description(ofSeries name: String) -> MetricMetadata? {
        if let known = description(of: name) { return known }
        for (suffix, kinds) in Self.suffixes where name.utf8.count > suffix.utf8.count {
            guard name.hasSuffix(suffix) else { continue }
            let family = String(name.dropLast(suffix.count))
            if let known = description(of: family), kinds.contains(known.kind) { return known }
        }
        return nil
    }

    private static var suffixes: [(String, Set<MetricKind>)] {
        [
            ("_bucket", [.histogram, .gaugeHistogram]),
            ("_count", [.histogram, .summary]), ("_sum", [.histogram, .summary]),
            ("_gcount", [.gaugeHistogram]), ("_gsum", [.gaugeHistogram]),
            ("_total", [.counter]), ("_info", [.info]),
            ("_created", [.counter, .histogram, .summary]),
        ]
    }
}
