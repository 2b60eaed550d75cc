// histogram_quantile and histogram_fraction over series with an `le` label.
import Model

extension Evaluator {
    func streamHistogramQuantile(
        _ call: Call,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        let phi = try scalar(call.arguments[0], over: grid)
        warnAboutQuantiles(phi, at: call.arguments[0].span)
        let vector = call.arguments[1]
        try streamHistograms(vector, over: grid, sink) { name, step, buckets in
            guard var histogram = HistogramBuckets(buckets) else { return .nan }
            let value = histogram.quantile(phi[step])
            if histogram.wasNotMonotonic {
                notes.info(
                    "input to histogram_quantile needed to be fixed for monotonicity (see "
                        + "https://prometheus.io/docs/prometheus/latest/querying/functions/"
                        + "#histogram_quantile) for metric name \(name.goQuoted)",
                    at: vector.span
                )
            }
            return value
        }
    }

    func streamHistogramFraction(
        _ call: Call,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        let lower = try scalar(call.arguments[0], over: grid)
        let upper = try scalar(call.arguments[1], over: grid)
        try streamHistograms(call.arguments[2], over: grid, sink) { _, step, buckets in
            HistogramBuckets(buckets)?.fraction(lower[step], upper[step]) ?? .nan
        }
    }

    // Series that differ in `le` only are one histogram.
    private struct Histogram {
        let labels: Labels
        var bounds: [Double] = []
        var columns: [[Double]] = []
    }

    private func streamHistograms(
        _ vector: Expr,
        over grid: StepGrid,
        _ sink: Sink,
        _ value: (_ name: String, _ step: Int, _ buckets: [HistogramBuckets.Bucket]) -> Double
    ) throws(QueryError) {
        let withoutBound = LabelFilter(dropping: ["le"])
        var places: [Labels: Int] = [:]
        var histograms: [Histogram] = []
        var held = 0
        try stream(vector, over: grid) { (labels, column) throws(QueryError) in
            let boundText = labels["le"] ?? ""
            guard let bound = FloatText.parse(boundText) else {
                notes.warn(
                    "bucket label \"le\" is missing or has a malformed value of "
                        + "\(boundText.goQuoted) for metric name "
                        + "\((labels.metricName ?? "").goQuoted)",
                    at: vector.span
                )
                return
            }
            try hold(grid.count)
            held += grid.count
            let key = withoutBound(labels)
            let place = places[key] ?? histograms.count
            if place == histograms.count {
                places[key] = place
                histograms.append(Histogram(labels: key))
            }
            histograms[place].bounds.append(bound)
            histograms[place].columns.append(column)
            column = []
        }
        var merged = MergedSeries()
        var buckets: [HistogramBuckets.Bucket] = []
        for histogram in histograms {
            try checkpoint()
            var column: [Double] = []
            column.reset(grid.count)
            let name = histogram.labels.metricName ?? ""
            for step in 0..<grid.count {
                buckets.removeAll(keepingCapacity: true)
                for index in histogram.bounds.indices {
                    let count = histogram.columns[index][step]
                    if count.isAbsent { continue }
                    buckets.append(
                        HistogramBuckets.Bucket(
                            upperBound: histogram.bounds[index],
                            count: count
                        )
                    )
                }
                if !buckets.isEmpty { column[step] = value(name, step, buckets) }
            }
            if column.hasValues { try merged.add(LabelFilter.name(histogram.labels), column) }
        }
        try merged.emit(sink)
        release(held)
    }
}
