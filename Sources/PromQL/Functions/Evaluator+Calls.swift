// Finds the evaluation of a function that gives an instant vector. One file a family beside it.
import Model

extension Evaluator {
    func streamCall(_ call: Call, over grid: StepGrid, _ sink: Sink) throws(QueryError) {
        let name = call.function.name
        if let map = MathFunctions.map(name) {
            return try streamMapped(call.arguments[0], over: grid, map, sink)
        }
        if let field = CalendarFunctions.field(name) {
            return try streamCalendar(call, field, over: grid, sink)
        }
        switch name {
        case "absent": try streamAbsent(call, over: grid, sink)
        case "absent_over_time": try streamAbsentOverTime(call, over: grid, sink)
        case "clamp", "clamp_min", "clamp_max": try streamClamp(call, over: grid, sink)
        case "round": try streamRound(call, over: grid, sink)
        case "timestamp": try streamTimestamp(call, over: grid, sink)
        case "vector":
            var column = try scalar(call.arguments[0], over: grid)
            try sink(Labels(), &column)
        case "label_replace": try streamLabelReplace(call, over: grid, sink)
        case "label_join": try streamLabelJoin(call, over: grid, sink)
        case "sort", "sort_desc": try streamSorted(call, over: grid, sink)
        case "sort_by_label", "sort_by_label_desc":
            try streamSortedByLabel(call, over: grid, sink)
        case "histogram_quantile": try streamHistogramQuantile(call, over: grid, sink)
        case "histogram_fraction": try streamHistogramFraction(call, over: grid, sink)
        case "histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar",
            "histogram_sum":
            // They see native histograms only, and no series here holds one.
            try stream(call.arguments[0], over: grid) { (_, _) throws(QueryError) in }
        default: try streamOverRange(call, over: grid, sink)
        }
    }

    // MARK: Clamping and rounding

    private func streamClamp(
        _ call: Call,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        let name = call.function.name
        let first = try scalar(call.arguments[1], over: grid)
        let low = name == "clamp_max" ? nil : first
        let high =
            switch name {
            case "clamp_max": first
            case "clamp": try scalar(call.arguments[2], over: grid)
            default: [Double]?.none
            }
        try streamUnnamed(call.arguments[0], over: grid, sink) { column in
            for step in 0..<column.count where !column[step].isAbsent {
                if let low, let high, high[step] < low[step] {
                    column[step] = .absent
                    continue
                }
                if let high { column[step] = MathFunctions.lesser(high[step], column[step]) }
                if let low { column[step] = MathFunctions.greater(low[step], column[step]) }
            }
        }
    }

    private func streamRound(
        _ call: Call,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        var inverse = [Double](repeating: 1, count: grid.count)
        if call.arguments.count > 1 {
            inverse = try scalar(call.arguments[1], over: grid).map { 1 / $0 }
        }
        try streamUnnamed(call.arguments[0], over: grid, sink) { column in
            for step in 0..<column.count where !column[step].isAbsent {
                column[step] =
                    (column[step] * inverse[step] + 0.5).rounded(.down) / inverse[step]
            }
        }
    }

    // MARK: Times

    // Right around a selector it is the sample's own time, else the time of evaluation.
    private func streamTimestamp(
        _ call: Call,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        guard case .selector(let selector) = call.arguments[0].unwrapped else {
            return try streamUnnamed(call.arguments[0], over: grid, sink) { column in
                for step in 0..<column.count where !column[step].isAbsent {
                    column[step] = Double(grid.time(step)) / 1000
                }
            }
        }
        var merged = MergedSeries()
        let isDirect = hasOneName(.selector(selector))
        try streamSelector(selector, over: grid, asTimes: true) {
            (labels, column) throws(QueryError) in
            if isDirect { return try sink(LabelFilter.name(labels), &column) }
            try merged.add(LabelFilter.name(labels), column)
        }
        try merged.emit(sink)
    }

    private func streamCalendar(
        _ call: Call,
        _ field: (CalendarFunctions.Moment) -> Double,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        func map(_ seconds: Double) -> Double {
            CalendarFunctions.Moment(seconds: seconds).map(field) ?? .nan
        }
        if call.arguments.isEmpty {
            var column = (0..<grid.count).map { map((Double(grid.time($0)) / 1000)) }
            return try sink(Labels(), &column)
        }
        try streamMapped(call.arguments[0], over: grid, map, sink)
    }

    // MARK: Absence

    private func streamAbsent(
        _ call: Call,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        var column = [Double](repeating: 1, count: grid.count)
        try stream(call.arguments[0], over: grid) { (_, values) throws(QueryError) in
            for step in 0..<values.count where !values[step].isAbsent { column[step] = .absent }
        }
        if column.hasValues { try sink(absentLabels(call.arguments[0]), &column) }
    }

    private func streamAbsentOverTime(
        _ call: Call,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        var column = [Double](repeating: 1, count: grid.count)
        try streamRange(call.arguments[0], over: grid, function: call.function.name) {
            (_, samples, window) throws(QueryError) in
            var cursor = WindowCursor(window)
            for step in 0..<grid.count where !cursor.advance(to: step, samples).isEmpty {
                column[step] = .absent
            }
        }
        if column.hasValues { try sink(absentLabels(call.arguments[0]), &column) }
    }

    // What can be said about the series that is not there: the labels that `=` fixes, once each.
    private func absentLabels(_ expr: Expr) -> Labels {
        let matchers: [LabelMatcher]
        switch expr.unwrapped {
        case .selector(let selector): matchers = selector.matchers
        case .range(let range): matchers = range.selector.matchers
        default: return Labels()
        }
        var builder = LabelsBuilder()
        var known: Set<String> = []
        for matcher in matchers where matcher.name != Label.metricName {
            if matcher.operation == .equal, known.insert(matcher.name).inserted {
                builder.set(matcher.name, matcher.value)
            } else {
                builder.remove(matcher.name)
            }
        }
        return builder.labels()
    }
}
