// The labels under which a series goes to a destination: external labels, then write_relabel_configs.
internal import Formats
internal import Model

/// Relabelling on the way out, in Prometheus's order.
struct SeriesLabelling: Sendable {
    private let externalLabels: [Label]
    private let rules: RelabelRules

    init(_ externalLabels: Labels, _ rules: RelabelRules) {
        self.externalLabels = externalLabels.array
        self.rules = rules
    }

    /// Whether every series goes out.
    var keepsAll: Bool { rules.isEmpty }

    /// The labels to send for a stored series, nil when it is not to be sent.
    ///
    /// A series that is left without any label is not to be sent either.
    func labels(of stored: Labels, _ scratch: inout RelabelScratch) -> Labels? {
        guard let labels = rules.apply(to: complete(stored), &scratch), !labels.isEmpty else {
            return nil
        }
        return labels
    }

    // The series' own labels win.
    private func complete(_ labels: Labels) -> Labels {
        if externalLabels.isEmpty { return labels }
        var builder = LabelsBuilder(labels)
        for label in externalLabels where builder[label.name] == nil {
            builder.set(label.name, label.value)
        }
        return builder.labels(reserving: labels.bytes.count + 64)
    }
}
