// Keeps or drops labels by name, on the canonical bytes: no String a label.
import Model

struct LabelFilter {
    private let names: [[UInt8]]
    private let keeps: Bool

    /// Keeps only these labels.
    init(keeping names: [String]) {
        self.names = names.map { Array($0.utf8) }
        keeps = true
    }

    /// Drops these labels.
    init(dropping names: [String]) {
        self.names = names.map { Array($0.utf8) }
        keeps = false
    }

    /// Drops the metric's name.
    static let name = LabelFilter(dropping: [Label.metricName])

    /// The labels that two series of a binary operation must share to meet.
    static func signature(_ matching: VectorMatching) -> LabelFilter {
        matching.isOn
            ? LabelFilter(keeping: matching.labels)
            : LabelFilter(dropping: matching.labels + [Label.metricName])
    }

    /// The labels that name a group of an aggregation.
    static func group(_ aggregation: Aggregation) -> LabelFilter {
        aggregation.isWithout
            ? LabelFilter(dropping: aggregation.grouping + [Label.metricName])
            : LabelFilter(keeping: aggregation.grouping)
    }

    func callAsFunction(_ labels: Labels) -> Labels {
        if keeps, names.isEmpty { return Labels() }
        let bytes = labels.bytes
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var start = 0
        labels.forEachRange { name, value in
            let field = bytes[name]
            if names.contains(where: { field.elementsEqual($0) }) == keeps {
                kept.append(contentsOf: bytes[start..<value.upperBound])
            }
            start = value.upperBound
        }
        return kept.count == bytes.count ? labels : Labels(canonical: kept)
    }
}

extension Labels {
    /// Go's spelling, which Prometheus's messages use: `{__name__="up", job="a"}`.
    var goText: String {
        let inside = array.map {
            ($0.name.isClassicLabelName ? $0.name : $0.name.goQuoted) + "=" + $0.value.goQuoted
        }
        return "{\(inside.joined(separator: ", "))}"
    }
}
