// A dozen series in memory, for queries: counters, gauges, buckets, gaps, stale markers, odd values.
import Model
import PromQL

/// A `Queryable` that never changes.
struct TinySeries: Queryable {
    private let series: [(labels: Labels, samples: SampleColumns)]

    /// Ten minutes before and after the times that are asked for.
    init() {
        var series: [(labels: Labels, samples: SampleColumns)] = []
        let odd: [Double] = [
            0, -0.0, 1, -1, .infinity, -.infinity, .nan, StaleMarker.value, 1e308,
            .leastNonzeroMagnitude, 0.1,
        ]
        for (number, name) in ["a", "b", "c", "up", "http_requests_total"].enumerated() {
            for job in ["x", "y", "z"].prefix(number % 3 + 1) {
                var samples = SampleColumns()
                for index in 0..<40 {
                    let time = 1_699_999_400_000 + Int64(index) * 30_000 + Int64(number)
                    if job == "y", index % 7 == 3 { continue }
                    let counter = Double(index % 17 * number)
                    samples.append(time, job == "z" ? odd[index % odd.count] : counter)
                }
                series.append(
                    (
                        Labels([
                            Label(Label.metricName, name), Label("job", job),
                            Label("code", number % 2 == 0 ? "200" : "503"),
                        ]), samples
                    )
                )
            }
        }
        for bound in ["0.1", "1", "+Inf", "x"] {
            var samples = SampleColumns()
            for index in 0..<40 {
                samples.append(1_699_999_400_000 + Int64(index) * 30_000, Double(index * 3))
            }
            let labels = [Label(Label.metricName, "h_bucket"), Label("le", bound)]
            series.append((Labels(labels), samples))
        }
        self.series = series.sorted { $0.labels < $1.labels }
    }

    func select(
        _ matchers: [LabelMatcher],
        in range: TimeRange,
        hints: SelectHints
    ) throws(QueryStorageError) -> any SeriesSelection {
        if let interrupt = hints.check() { throw .interrupted(interrupt) }
        let found = series.filter { one in
            matchers.allSatisfy { $0.accepts(one.labels[$0.name] ?? "") }
        }
        return TinySelection(found)
    }
}

private final class TinySelection: SeriesSelection {
    private let series: [(labels: Labels, samples: SampleColumns)]

    init(_ series: [(labels: Labels, samples: SampleColumns)]) {
        self.series = series
    }

    var count: Int { series.count }

    func labels(at index: Int) -> Labels { series[index].labels }

    func read(
        at index: Int,
        in range: TimeRange,
        into samples: inout SampleColumns
    ) throws(QueryStorageError) {
        samples.removeAll()
        let all = series[index].samples
        for (time, value) in zip(all.times, all.values)
        where range.contains(Timestamp(ms: time)) {
            samples.append(time, value)
        }
    }
}
