// From the labels in the text to the labels of the series: target labels, rules, limits.
internal import Formats
internal import Model

/// What a job does to the labels of its series.
struct SeriesLabels {
    let options: ScrapeOptions
    /// The target's public labels.
    let target: [Label]

    /// The labels of the series with these raw bytes; nil when the job's rules drop it.
    /// - Throws: `.text` for what is no series, the limit that it breaks.
    func labels(
        _ raw: Span<UInt8>,
        line: Int,
        column: Int
    ) throws(ScrapeError) -> Labels? {
        let found: Labels
        do throws(ExpositionError) {
            found = try ExpositionLabels.parse(raw, line: line, column: column)
        } catch {
            throw .text(error)
        }
        guard let labels = options.seriesRewrite.apply(merged(found)), !labels.isEmpty else {
            return nil
        }
        guard labels.range(of: Label.metricName) != nil else {
            throw .text(ExpositionError(.noMetricName, line: line, column: column))
        }
        try check(labels)
        return labels
    }

    /// The labels of one of the target's own series, such as `up`.
    func reportLabels(_ name: String) -> Labels {
        Labels([Label(Label.metricName, name)] + target)
    }

    // A label of the series that the target has too moves to exported_NAME, or stays if honoured.
    private func merged(_ found: Labels) -> Labels {
        var builder = LabelsBuilder(found)
        for label in target {
            guard let own = found[label.name] else {
                builder.set(label.name, label.value)
                continue
            }
            if options.honorLabels { continue }
            var name = "exported_" + label.name
            while builder[name] != nil { name = "exported_" + name }
            builder.set(name, own)
            builder.set(label.name, label.value)
        }
        return builder.labels()
    }

    private func check(_ labels: Labels) throws(ScrapeError) {
        if options.labelLimit > 0, labels.count > options.labelLimit {
            throw .labelLimit(
                metric: labels.metricName ?? "",
                count: labels.count,
                limit: options.labelLimit
            )
        }
        guard options.labelNameLengthLimit > 0 || options.labelValueLengthLimit > 0 else { return }
        for label in labels.array {
            let name = label.name.utf8.count
            if options.labelNameLengthLimit > 0, name > options.labelNameLengthLimit {
                throw .labelNameLength(
                    metric: labels.metricName ?? "",
                    name: label.name,
                    length: name,
                    limit: options.labelNameLengthLimit
                )
            }
            let value = label.value.utf8.count
            if options.labelValueLengthLimit > 0, value > options.labelValueLengthLimit {
                throw .labelValueLength(
                    metric: labels.metricName ?? "",
                    name: label.name,
                    length: value,
                    limit: options.labelValueLengthLimit
                )
            }
        }
    }
}
