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
