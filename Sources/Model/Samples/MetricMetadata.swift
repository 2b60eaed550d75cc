// What an exporter says about a metric family: type, help and unit.

/// The type of a metric family.
///
/// Raw values are Prometheus's words in `/api/v1/metadata`.
public enum MetricKind: String, Sendable, CaseIterable {
    case unknown, counter, gauge, histogram, summary, info, stateset
    case gaugeHistogram = "gaugehistogram"
}

/// Type, help and unit of a metric family.
public struct MetricMetadata: Hashable, Sendable {
    /// The family's type.
    public var kind: MetricKind
    /// Help text, unescaped; may be empty.
    public var help: String
    /// Unit, such as `seconds`; may be empty.
    public var unit: String

    /// Makes metadata; all of it may be unknown.
    public init(kind: MetricKind = .unknown, help: String = "", unit: String = "") {
        self.kind = kind
        self.help = help
        self.unit = unit
    }
}

extension MetricKind {
    /// The family to which a series of this kind and name belongs: the name without the suffix that the
    /// parts of a histogram or summary have, else the name (exposition format 0.0.4).
    public func family(ofSeries name: String) -> String {
        let suffixes =
            switch self {
            case .histogram: ["_bucket", "_count", "_sum"]
            case .gaugeHistogram: ["_bucket", "_gcount", "_gsum"]
            case .summary: ["_count", "_sum"]
            default: [String]()
            }
        for suffix in suffixes
        where name.hasSuffix(suffix) && name.utf8.count > suffix.utf8.count {
            return String(name.dropLast(suffix.count))
        }
        return name
    }
}
