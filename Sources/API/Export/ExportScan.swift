// All samples of all series that selectors choose, one series after the other.
public import Model
public import PromQL

/// Walks over series in order of metric, then of labels, each label set once.
///
/// In memory are one metric's label sets and one series' samples. Used by one thread.
public final class ExportScan {
    /// Counts in the answer of a server what could not be read.
    public static let leftOutHeader = "X-Parts-Left-Out"

    private let source: any Queryable
    private let selectors: [[LabelMatcher]]
    private let range: TimeRange
    private let after: Labels?
    private let hints: SelectHints
    // Metrics that are still to come, the next one last.
    private var metrics: [String]
    private var selections: [any SeriesSelection] = []
    private var places: [(labels: Labels, selection: Int, index: Int)] = []
    private var next = 0
    private var notes: [String] = []

    /// Finds the metrics.
    ///
    /// - Parameters:
    ///   - source: where the samples are.
    ///   - names: the same, asked for metrics.
    ///   - selectors: a series that one of them accepts is taken; none at all means every series.
    ///   - range: what lies outside is left out.
    ///   - after: begins behind this series.
    ///   - check: asked now and then; an answer ends the walk.
    /// - Throws: what the source throws.
    public init(
        source: any Queryable,
        names: any LabelSource,
        selectors: [[LabelMatcher]],
        range: TimeRange,
        after: Labels? = nil,
        check: @escaping QueryCheck = { nil }
    ) throws(QueryStorageError) {
        self.source = source
        self.selectors = selectors.isEmpty ? [[]] : selectors
        self.range = range
        self.after = after
        hints = SelectHints(function: "export", check: check)
        // Series without a name, if there are any, come first.
        var found: Set<String> = [""]
        for matchers in self.selectors {
            let values = try names.labelValues(
                of: Label.metricName,
                matchers,
                in: range,
                limit: 0,
                check: check
            )
            found.formUnion(values.texts)
            Envelope.add(values.warnings, to: &notes)
        }
        let first = after?.metricName ?? ""
        metrics = found.filter { !$0.utf8.lexicographicallyPrecedes(first.utf8) }
            .sorted { $1.utf8.lexicographicallyPrecedes($0.utf8) }
    }

    /// What could not be read so far and is missing, in words for people, each once.
    public var warnings: [String] {
        var warnings = notes
        for selection in selections { Envelope.add(selection.warnings, to: &warnings) }
        return warnings
    }

    /// The next series that has samples in the range, with them; nil after the last one.
    ///
    /// - Throws: what the source throws.
    public func step(_ samples: inout SampleColumns) throws(QueryStorageError) -> Labels? {
        while true {
            while next < places.count {
                let place = places[next]
                next += 1
                samples.removeAll()
                try selections[place.selection].read(at: place.index, in: range, into: &samples)
                if samples.count > 0 { return place.labels }
            }
            guard let metric = metrics.popLast() else { return nil }
            try begin(metric)
        }
    }

    private func begin(_ metric: String) throws(QueryStorageError) {
        if let why = hints.check() { throw .interrupted(why) }
        notes = warnings
        selections = []
        places = []
        next = 0
        for matchers in selectors {
            let selection = try source.select(
                matchers + [LabelMatcher(Label.metricName, equals: metric)],
                in: range,
                hints: hints
            )
            for index in 0..<selection.count {
                let labels = selection.labels(at: index)
                if let after, metric == after.metricName ?? "", labels <= after { continue }
                places.append((labels, selections.count, index))
            }
            selections.append(selection)
        }
        guard selectors.count > 1 else { return }
        places.sort { $0.labels < $1.labels }
        var distinct: [(labels: Labels, selection: Int, index: Int)] = []
        for place in places where distinct.last?.labels != place.labels { distinct.append(place) }
        places = distinct
    }
}
