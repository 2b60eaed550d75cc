// Aggregations over series. Those that need only a running value a step keep no input series.
import Model

extension Evaluator {
    func streamAggregation(
        _ aggregation: Aggregation,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        switch aggregation.operation {
        case .sum, .avg, .count, .min, .max, .group, .stddev, .stdvar:
            try streamRunning(aggregation, over: grid, sink)
        case .quantile: try streamQuantile(aggregation, over: grid, sink)
        case .countValues: try streamCountValues(aggregation, over: grid, sink)
        case .topk, .bottomk, .limitk, .limitRatio: try streamPicked(aggregation, over: grid, sink)
        }
    }

    private func streamRunning(
        _ aggregation: Aggregation,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        let filter = LabelFilter.group(aggregation)
        var places: [Labels: Int] = [:]
        var groups: [(labels: Labels, values: RunningColumn)] = []
        try stream(aggregation.inner, over: grid) { (labels, column) throws(QueryError) in
            let key = filter(labels)
            let place: Int
            if let known = places[key] {
                place = known
            } else {
                try hold(grid.count)
                place = groups.count
                places[key] = place
                groups.append((key, RunningColumn(aggregation.operation, count: grid.count)))
            }
            groups[place].values.add(column)
        }
        for place in groups.indices {
            var column = groups[place].values.take()
            if column.hasValues { try sink(groups[place].labels, &column) }
        }
        release(groups.count * grid.count)
    }

    /// The series of each group, in order of the groups' first series.
    func collectGroups(
        _ aggregation: Aggregation,
        over grid: StepGrid
    ) throws(QueryError) -> [(labels: Labels, members: [EvalSeries])] {
        let filter = LabelFilter.group(aggregation)
        var places: [Labels: Int] = [:]
        var groups: [(labels: Labels, members: [EvalSeries])] = []
        for series in try collect(aggregation.inner, over: grid) {
            let key = filter(series.labels)
            let place = places[key] ?? groups.count
            if place == groups.count {
                places[key] = place
                groups.append((key, []))
            }
            groups[place].members.append(series)
        }
        return groups
    }

    func parameter(_ aggregation: Aggregation, over grid: StepGrid) throws(QueryError) -> [Double] {
        guard let parameter = aggregation.parameter else {
            preconditionFailure("BUG: \(aggregation.operation.rawValue) without its parameter")
        }
        return try scalar(parameter, over: grid)
    }

    private func streamQuantile(
        _ aggregation: Aggregation,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        let phi = try parameter(aggregation, over: grid)
        warnAboutQuantiles(phi, at: aggregation.parameter?.span ?? aggregation.span)
        var values: [Double] = []
        for group in try collectGroups(aggregation, over: grid) {
            try checkpoint()
            var column: [Double] = []
            column.reset(grid.count)
            for step in 0..<grid.count {
                values.removeAll(keepingCapacity: true)
                for series in group.members where !series.column[step].isAbsent {
                    values.append(series.column[step])
                }
                if !values.isEmpty { column[step] = quantile(phi[step], &values) }
            }
            if column.hasValues { try sink(group.labels, &column) }
            release(group.members, over: grid)
        }
    }

    /// Notes quantiles that are not between 0 and 1.
    func warnAboutQuantiles(_ phi: [Double], at span: Range<Int>) {
        for phi in phi where !(phi >= 0 && phi <= 1) {
            notes.warn(
                "quantile value should be between 0 and 1, got "
                    + FloatText.text(phi, .exposition),
                at: span
            )
        }
    }

    private func streamCountValues(
        _ aggregation: Aggregation,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        let name = aggregation.parameter.map(string) ?? ""
        guard !name.isEmpty, !name.contains("\u{fffd}") else {
            throw .execution("invalid label name \(name.goQuoted)")
        }
        let filter = LabelFilter.group(aggregation)
        var merged = MergedCounts()
        try stream(aggregation.inner, over: grid) { (labels, column) throws(QueryError) in
            var texts: [UInt64: Labels] = [:]
            let base = filter(labels)
            for step in 0..<column.count where !column[step].isAbsent {
                let value = column[step]
                if texts[value.bitPattern] == nil {
                    var builder = LabelsBuilder(base)
                    builder.set(name, FloatText.text(value, .plain))
                    texts[value.bitPattern] = builder.labels()
                }
                guard let key = texts[value.bitPattern] else { continue }
                if merged.add(key, step, of: grid.count) { try hold(grid.count) }
            }
        }
        for index in merged.series.indices {
            try sink(merged.series[index].labels, &merged.series[index].column)
        }
        release(merged.series, over: grid)
    }
}

// Counts by label set and step.
private struct MergedCounts {
    var series: [EvalSeries] = []
    private var places: [Labels: Int] = [:]

    // Whether the label set is new.
    mutating func add(_ labels: Labels, _ step: Int, of count: Int) -> Bool {
        if let place = places[labels] {
            let old = series[place].column[step]
            series[place].column[step] = old.isAbsent ? 1 : old + 1
            return false
        }
        places[labels] = series.count
        series.append(
            EvalSeries(labels: labels, column: [Double](repeating: .absent, count: count))
        )
        series[series.count - 1].column[step] = 1
        return true
    }
}
