// Selectors: reads samples and lays them on the grid. Staleness: Prometheus, querying/basics.
import Model

/// Where the windows of a range selector lie: `(time - range, time]` for every time of `times`.
struct RangeWindow {
    let times: StepGrid
    let rangeMs: Int64
}

extension Evaluator {
    /// The latest sample of each series within the lookback, at each step; `asTimes` gives the
    /// samples' times in seconds instead of their values.
    func streamSelector(
        _ selector: VectorSelector,
        over grid: StepGrid,
        asTimes: Bool,
        _ sink: Sink
    ) throws(QueryError) {
        let times = shiftedGrid(selector.shift, grid)
        let lookbackMs = options.lookbackMs
        let range = TimeRange(
            Timestamp(ms: times.startMs.minus(lookbackMs)).advanced(byMs: 1),
            Timestamp(ms: times.endMs)
        )
        let selection = try select(selector, in: range, grid: grid, rangeMs: 0, function: "")
        var samples = SampleColumns()
        var column: [Double] = []
        for index in 0..<selection.count {
            try checkpoint()
            try read(selection, index, in: range, into: &samples)
            if samples.count == 0 { continue }
            try hold(samples.count + grid.count)
            defer { release(samples.count + grid.count) }
            column.reset(grid.count)
            var next = 0
            var isPresent = false
            for step in 0..<grid.count {
                let time = times.time(step)
                while next < samples.count, samples.times[next] <= time { next += 1 }
                guard next > 0 else { continue }
                let value = samples.values[next - 1]
                let sampleTime = samples.times[next - 1]
                if value.isStaleMarker || sampleTime <= time.minus(lookbackMs) { continue }
                column[step] = asTimes ? Double(sampleTime) / 1000 : value
                isPresent = true
            }
            if isPresent { try sink(selection.labels(at: index), &column) }
        }
        notes.warn(storage: selection.warnings)
    }

    /// Takes one series of a range vector: all its samples, and where its windows lie.
    typealias RangeSink = (
        _ labels: Labels, _ samples: SampleColumns, _ window: RangeWindow
    ) throws(QueryError) -> Void

    /// Hands each series of a range vector to `sink`, without stale markers.
    // Dynamic for the same reason as `stream`.
    dynamic func streamRange(
        _ expr: Expr,
        over grid: StepGrid,
        function: String,
        _ sink: RangeSink
    ) throws(QueryError) {
        switch expr {
        case .paren(let paren):
            try streamRange(paren.inner, over: grid, function: function, sink)
        case .subquery(let subquery): try streamSubquery(subquery, over: grid, sink)
        case .range(let node):
            let times = shiftedGrid(node.selector.shift, grid)
            let window = RangeWindow(times: times, rangeMs: node.rangeMs)
            let range = TimeRange(
                Timestamp(ms: times.startMs.minus(node.rangeMs)).advanced(byMs: 1),
                Timestamp(ms: times.endMs)
            )
            let selection = try select(
                node.selector,
                in: range,
                grid: grid,
                rangeMs: node.rangeMs,
                function: function
            )
            var samples = SampleColumns()
            for index in 0..<selection.count {
                try checkpoint()
                try read(selection, index, in: range, into: &samples)
                samples.dropStaleMarkers()
                if samples.count == 0 { continue }
                try hold(samples.count)
                defer { release(samples.count) }
                try sink(selection.labels(at: index), samples, window)
            }
            notes.warn(storage: selection.warnings)
        default: preconditionFailure("BUG: \(expr.type.rawValue) evaluated as range vector")
        }
    }

    // The inner expression is evaluated once, on a grid of its own that is aligned to the step.
    private func streamSubquery(
        _ subquery: Subquery,
        over grid: StepGrid,
        _ sink: RangeSink
    ) throws(QueryError) {
        let times = shiftedGrid(subquery.shift, grid)
        let stepMs = max(1, subquery.stepMs ?? options.subqueryStepMs)
        let start = times.startMs.minus(subquery.rangeMs)
        // Truncating division, as in Prometheus, also before 1970.
        var first = start / stepMs * stepMs
        if first <= start { first = first.minus(-stepMs) }
        let inside = first <= times.endMs ? times.endMs.minus(first) / stepMs : -1
        guard inside >= 0 else { return }
        guard inside < Int64(options.maxSamples) else { throw .tooManySamples }
        let inner = StepGrid(startMs: first, stepMs: stepMs, count: Int(inside) + 1)
        let window = RangeWindow(times: times, rangeMs: subquery.rangeMs)
        try stream(subquery.inner, over: inner) { (labels, column) throws(QueryError) in
            let samples = samples(of: column, inner)
            if samples.count == 0 { return }
            try hold(samples.count)
            defer { release(samples.count) }
            try sink(labels, samples, window)
        }
    }

    // MARK: Time

    func shiftedGrid(_ shift: TimeShift, _ grid: StepGrid) -> StepGrid {
        let anchorMs: Int64? =
            switch shift.anchor {
            case nil: nil
            case .start: self.grid.startMs
            case .end: endMs
            case .time(let time): time.ms
            }
        return grid.shifted(anchorMs: anchorMs, offsetMs: shift.offsetMs)
    }

    /// Whether the expression has the same value at every step, so that one will do.
    func isInvariant(_ expr: Expr) -> Bool {
        switch expr {
        case .number, .string: true
        case .paren(let paren): isInvariant(paren.inner)
        case .unary(let unary): isInvariant(unary.operand)
        case .selector(let selector): selector.shift.anchor != nil
        case .range(let range): range.selector.shift.anchor != nil
        case .subquery(let subquery): subquery.shift.anchor != nil
        case .aggregate(let aggregation):
            isInvariant(aggregation.inner) && (aggregation.parameter.map(isInvariant) ?? true)
        case .binary(let binary): isInvariant(binary.left) && isInvariant(binary.right)
        case .call(let call):
            !Evaluator.timeDependent.contains(call.function.name)
                && call.arguments.allSatisfy(isInvariant)
        }
    }

    // These look at the time of the step itself.
    private static let timeDependent: Set<String> = [
        "days_in_month", "day_of_month", "day_of_week", "day_of_year", "hour", "minute", "month",
        "year", "predict_linear", "time", "timestamp",
    ]

    // MARK: Reading

    private func select(
        _ selector: VectorSelector,
        in range: TimeRange,
        grid: StepGrid,
        rangeMs: Int64,
        function: String
    ) throws(QueryError) -> any SeriesSelection {
        let hints = SelectHints(
            stepMs: grid.count > 1 ? grid.stepMs : 0,
            rangeMs: rangeMs,
            function: function,
            check: check
        )
        do throws(QueryStorageError) {
            return try source.select(selector.matchers, in: range, hints: hints)
        } catch {
            throw QueryError(error)
        }
    }

    private func read(
        _ selection: any SeriesSelection,
        _ index: Int,
        in range: TimeRange,
        into samples: inout SampleColumns
    ) throws(QueryError) {
        samples.removeAll()
        do throws(QueryStorageError) {
            try selection.read(at: index, in: range, into: &samples)
        } catch {
            throw QueryError(error)
        }
    }
}

extension SampleColumns {
    /// Range vectors know no markers.
    fileprivate mutating func dropStaleMarkers() {
        guard var kept = values.firstIndex(where: \.isStaleMarker) else { return }
        for index in kept..<values.count where !values[index].isStaleMarker {
            values[kept] = values[index]
            times[kept] = times[index]
            kept += 1
        }
        values.removeLast(values.count - kept)
        times.removeLast(times.count - kept)
    }
}

extension QueryError {
    fileprivate init(_ error: QueryStorageError) {
        switch error {
        case .failed(let text): self = .storage(text)
        case .interrupted(let interrupt): self = .interrupted(interrupt)
        }
    }
}
