// What a host collector says about one of its metrics, once.

public import Model

/// A metric family of the host: name, type, help and the names of its labels.
public struct HostFamily: Hashable, Sendable {
    /// node_exporter's name.
    public let name: String
    /// `counter` or `gauge`.
    public let kind: MetricKind
    /// Help in our own words.
    public let help: String
    /// Label names in bytewise order, as rows give their values.
    public let labels: [String]

    /// Describes a family; `labels` must be sorted.
    public init(_ name: String, _ kind: MetricKind, _ help: String, _ labels: [String] = []) {
        precondition(
            labels == labels.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) },
            "BUG: labels of \(name) are not sorted"
        )
        self.name = name
        self.kind = kind
        self.help = help
        self.labels = labels
    }
}
