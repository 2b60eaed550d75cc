// Evaluates a tree over a grid of steps, series by series: a node hands each of its series, a
// column of values, to its consumer as soon as it has it, and keeps none where it need not.
import Model

final class Evaluator {
    let source: any Queryable
    let options: QueryOptions
    /// The whole query's grid; its start is what `start()` means, also inside subqueries.
    let grid: StepGrid
    /// What `end()` means: the end that was asked for, which may lie past the last step.
    let endMs: Int64
    let check: QueryCheck
    var notes: Annotations
    private var held = 0
    private var peak = 0

    init(
        source: any Queryable,
        options: QueryOptions,
        grid: StepGrid,
        endMs: Int64,
        text: String,
        check: @escaping QueryCheck
    ) {
        self.source = source
        self.options = options
        self.grid = grid
        self.endMs = endMs
        self.check = check
        notes = Annotations(text: text)
    }

    /// Takes one series of a node.
    ///
    /// It may change or take away the column.
    typealias Sink = (_ labels: Labels, _ column: inout [Double]) throws(QueryError) -> Void

    // MARK: Limits

    /// Counts samples that are held from now on.
    func hold(_ samples: Int) throws(QueryError) {
        let (sum, overflow) = held.addingReportingOverflow(samples)
        guard !overflow, sum <= options.maxSamples else { throw .tooManySamples }
        held = sum
        peak = max(peak, held)
    }

    /// Counts samples that are held no longer.
    func release(_ samples: Int) {
        held -= samples
    }

    /// To be called once a series.
    func checkpoint() throws(QueryError) {
        if let interrupt = check() { throw .interrupted(interrupt) }
    }

    // MARK: Results

    func result(_ value: QueryValue) -> QueryResult {
        QueryResult(
            value: value,
            warnings: notes.warnings,
            infos: notes.infos,
            peakSamples: peak
        )
    }

    func instantValue(of expr: Expr) throws(QueryError) -> QueryValue {
        let time = Timestamp(ms: grid.startMs)
        switch expr.type {
        case .scalar:
            return .scalar(Sample(time: time, value: try scalar(expr, over: grid)[0]))
        case .string: return .string(string(expr), time: time)
        case .vector:
            var elements: [VectorElement] = []
            try stream(expr, over: grid) { (labels, column) throws(QueryError) in
                if column[0].isAbsent { return }
                try hold(1)
                elements.append(
                    VectorElement(labels: labels, sample: Sample(time: time, value: column[0]))
                )
            }
            return .vector(elements)
        case .matrix:
            var matrix: [MatrixSeries] = []
            try streamRange(expr, over: grid, function: "") {
                (labels, samples, window) throws(QueryError) in
                var inside = SampleColumns()
                let end = window.times.time(0)
                for index in 0..<samples.count {
                    let time = samples.times[index]
                    if time > end.minus(window.rangeMs), time <= end {
                        inside.append(time, samples.values[index])
                    }
                }
                if inside.count == 0 { return }
                try hold(inside.count)
                matrix.append(MatrixSeries(labels: labels, samples: inside))
            }
            matrix.sort { $0.labels < $1.labels }
            return .matrix(matrix)
        }
    }

    func rangeValue(of expr: Expr) throws(QueryError) -> QueryValue {
        if expr.type == .scalar {
            let column = try scalar(expr, over: grid)
            return .matrix([MatrixSeries(labels: Labels(), samples: samples(of: column, grid))])
        }
        var matrix: [MatrixSeries] = []
        try stream(expr, over: grid) { (labels, column) throws(QueryError) in
            let samples = samples(of: column, grid)
            if samples.count == 0 { return }
            try hold(samples.count)
            matrix.append(MatrixSeries(labels: labels, samples: samples))
        }
        matrix.sort { $0.labels < $1.labels }
        return .matrix(matrix)
    }

    /// The values of a column with their times.
    func samples(of column: [Double], _ grid: StepGrid) -> SampleColumns {
        var samples = SampleColumns()
        let count = column.count { !$0.isAbsent }
        samples.times.reserveCapacity(count)
        samples.values.reserveCapacity(count)
        for step in 0..<column.count where !column[step].isAbsent {
            samples.append(grid.time(step), column[step])
        }
        return samples
    }

    // MARK: Instant vectors

    /// Hands each series of an instant vector to `sink`.
    ///
    /// No label set comes twice.
    // Dynamic, because the optimiser otherwise makes a copy of it, and of all it calls, for every
    // consumer of every consumer: a release build then does not come to an end (Swift 6.3).
    dynamic func stream(
        _ expr: Expr,
        over grid: StepGrid,
        _ sink: Sink
    ) throws(QueryError) {
        if grid.count > 1, isInvariant(expr) {
            try stream(expr, over: grid.first) { (labels, column) throws(QueryError) in
                var wide = [Double](repeating: column[0], count: grid.count)
                try sink(labels, &wide)
            }
            return
        }
        switch expr {
        case .paren(let paren): try stream(paren.inner, over: grid, sink)
        case .selector(let selector):
            try streamSelector(selector, over: grid, asTimes: false, sink)
        case .aggregate(let aggregation): try streamAggregation(aggregation, over: grid, sink)
        case .call(let call): try streamCall(call, over: grid, sink)
        case .unary(let unary):
            guard unary.isNegative else { return try stream(unary.operand, over: grid, sink) }
            try streamMapped(unary.operand, over: grid, { -$0 }, sink)
        case .binary(let binary): try streamBinary(binary, over: grid, sink)
        case .number, .string, .range, .subquery:
            preconditionFailure("BUG: \(expr.type.rawValue) evaluated as instant vector")
        }
    }

    /// All series of an instant vector, held until `release(_:over:)`.
    func collect(_ expr: Expr, over grid: StepGrid) throws(QueryError) -> [EvalSeries] {
        var series: [EvalSeries] = []
        try stream(expr, over: grid) { (labels, column) throws(QueryError) in
            try hold(grid.count)
            series.append(EvalSeries(labels: labels, column: column))
            column = []
        }
        return series
    }

    /// Ends the holding of what `collect` gave.
    func release(_ series: [EvalSeries], over grid: StepGrid) {
        release(series.count * grid.count)
    }

    /// Applies `map` to every value; the metric's name is dropped.
    func streamMapped(
        _ expr: Expr,
        over grid: StepGrid,
        _ map: (Double) -> Double,
        _ sink: Sink
    ) throws(QueryError) {
        try streamUnnamed(expr, over: grid, sink) { column in
            for step in 0..<column.count where !column[step].isAbsent {
                column[step] = map(column[step])
            }
        }
    }

    /// Changes every column by `change`; the metric's name is dropped.
    ///
    /// Where that makes two series the same they are joined, if they never have a value at once.
    func streamUnnamed(
        _ expr: Expr,
        over grid: StepGrid,
        _ sink: Sink,
        _ change: (inout [Double]) -> Void
    ) throws(QueryError) {
        if hasOneName(expr) {
            try stream(expr, over: grid) { (labels, column) throws(QueryError) in
                change(&column)
                try sink(LabelFilter.name(labels), &column)
            }
            return
        }
        var merged = MergedSeries()
        try stream(expr, over: grid) { (labels, column) throws(QueryError) in
            change(&column)
            try hold(grid.count)
            try merged.add(LabelFilter.name(labels), column)
        }
        try merged.emit(sink)
        release(merged.added * grid.count)
    }

    /// Whether all series of the vector have the same name or none, so that dropping it keeps them
    /// apart.
    func hasOneName(_ expr: Expr) -> Bool {
        switch expr {
        case .paren(let paren): hasOneName(paren.inner)
        case .selector(let selector):
            selector.matchers.contains {
                $0.name == Label.metricName && $0.operation == .equal && !$0.value.isEmpty
            }
        case .range(let range): hasOneName(.selector(range.selector))
        case .subquery(let subquery): hasOneName(subquery.inner)
        case .unary(let unary): hasOneName(unary.operand)
        case .binary(let binary): !binary.operation.isSet && hasOneName(binary.left)
        case .aggregate(let aggregation):
            !aggregation.grouping.contains(Label.metricName)
                && aggregation.operation.parameter == nil
        case .call(let call):
            switch call.function.name {
            case "label_replace", "label_join", "sort", "sort_desc", "sort_by_label",
                "sort_by_label_desc", "last_over_time", "first_over_time":
                false
            default: true
            }
        case .number, .string: true
        }
    }
}

/// Series by labels; those with equal labels are joined when they do not clash.
struct MergedSeries {
    private(set) var series: [EvalSeries] = []
    private(set) var added = 0
    private var places: [Labels: Int] = [:]

    mutating func add(_ labels: Labels, _ column: [Double]) throws(QueryError) {
        added += 1
        guard let place = places[labels] else {
            places[labels] = series.count
            series.append(EvalSeries(labels: labels, column: column))
            return
        }
        for step in 0..<column.count where !column[step].isAbsent {
            guard series[place].column[step].isAbsent else { throw .sameLabels }
            series[place].column[step] = column[step]
        }
    }

    mutating func emit(_ sink: Evaluator.Sink) throws(QueryError) {
        for index in series.indices {
            try sink(series[index].labels, &series[index].column)
        }
    }
}

extension QueryError {
    static let sameLabels = QueryError.execution(
        "vector cannot contain metrics with the same labelset"
    )
}
