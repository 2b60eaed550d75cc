// What the API tells about metrics.
public import Model

/// Knows type, help and unit of metrics.
public protocol MetadataSource: Sendable {
    /// Every metric with what is known about it, sorted bytewise by name; targets may disagree, so
    /// a metric can have several entries. With a metric's name, only that one.
    func metadata(of metric: String?) async -> [MetricDescription]
}

/// What is known about one metric.
public struct MetricDescription: Sendable {
    /// The metric's name.
    public var name: String
    /// Each distinct description.
    public var entries: [MetricMetadata]

    /// Makes a description.
    public init(name: String, entries: [MetricMetadata]) {
        self.name = name
        self.entries = entries
    }
}
