// Functions over a range vector: moves the window along each series and asks the function's kernel.
import Model

extension Evaluator {
    func streamOverRange(_ call: Call, over grid: StepGrid, _ sink: Sink) throws(QueryError) {
        let name = call.function.name
        guard let argument = call.arguments.first(where: { $0.type == .matrix }) else {
            preconditionFailure("BUG: no function \(name)")
        }
        let kernel = try kernel(call, over: grid)
        let keepsName = name == "last_over_time" || name == "first_over_time"
        let dropsName = !keepsName
        let mayClash = dropsName && !hasOneName(argument)
        let isCounter = name == "rate" || name == "increase" || name == "irate"
        var known: Set<Labels> = []
        var column: [Double] = []
        try streamRange(argument, over: grid, function: name) {
            (labels, samples, window) throws(QueryError) in
            column.reset(grid.count)
            var cursor = WindowCursor(window)
            var isPresent = false
            for step in 0..<grid.count {
                let range = cursor.advance(to: step, samples)
                if range.isEmpty { continue }
                let end = window.times.time(step)
                let value = kernel(
                    samples,
                    range,
                    RangeStep(
                        index: step,
                        startMs: end.minus(window.rangeMs),
                        endMs: end,
                        timeMs: grid.time(step)
                    )
                )
                column[step] = value
                isPresent = isPresent || !value.isAbsent
            }
            guard isPresent else { return }
            if isCounter { noteIfNoCounter(labels, at: argument.span) }
            try hold(grid.count)
            defer { release(grid.count) }
            let result = dropsName ? LabelFilter.name(labels) : labels
            if mayClash, !known.insert(result).inserted { throw .sameLabels }
            try sink(result, &column)
        }
    }

    private func noteIfNoCounter(_ labels: Labels, at span: Range<Int>) {
        guard let name = labels.metricName else { return }
        for suffix in ["_total", "_sum", "_count", "_bucket"] where name.hasSuffix(suffix) {
            return
        }
        notes.info(
            "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "
                + name.goQuoted,
            at: span
        )
    }

    private func kernel(_ call: Call, over grid: StepGrid) throws(QueryError) -> RangeKernel {
        let name = call.function.name
        switch name {
        case "rate": return RateFunctions.extrapolated(isCounter: true, perSecond: true)
        case "increase": return RateFunctions.extrapolated(isCounter: true, perSecond: false)
        case "delta": return RateFunctions.extrapolated(isCounter: false, perSecond: false)
        case "irate": return RateFunctions.instant(isRate: true)
        case "idelta": return RateFunctions.instant(isRate: false)
        case "changes": return RateFunctions.changes
        case "resets": return RateFunctions.resets
        case "deriv": return RegressionFunctions.derivative
        case "predict_linear":
            return RegressionFunctions.prediction(try scalar(call.arguments[1], over: grid))
        case "double_exponential_smoothing":
            let smoothing = try factors(call.arguments[1], "smoothing", over: grid)
            let trend = try factors(call.arguments[2], "trend", over: grid)
            return RegressionFunctions.smoothed(smoothing, trend)
        case "quantile_over_time":
            let phi = try scalar(call.arguments[0], over: grid)
            warnAboutQuantiles(phi, at: call.arguments[0].span)
            return OverTimeFunctions.quantiles(phi)
        default:
            guard let kernel = OverTimeFunctions.kernel(name) else {
                preconditionFailure("BUG: no function \(name)")
            }
            return kernel
        }
    }

    private func factors(
        _ expr: Expr,
        _ name: String,
        over grid: StepGrid
    ) throws(QueryError) -> [Double] {
        let factors = try scalar(expr, over: grid)
        for factor in factors where factor <= 0 || factor >= 1 {
            throw .execution(
                "invalid \(name) factor. Expected: 0 < \(name.prefix(1))f < 1, got: "
                    + FloatText.text(factor, .plain)
            )
        }
        return factors
    }
}
