// Runs queries: text or tree in, value out. The public face of the evaluator.
public import Model

/// Evaluates PromQL over a `Queryable`, on the caller's thread.
///
/// Holds nothing but its options: one engine serves any number of threads.
public struct QueryEngine: Sendable {
    /// The most points a series of a range query may have; the HTTP API refuses more (Prometheus).
    public static let maxPointsPerSeries = 11_000

    /// Limits and defaults.
    public let options: QueryOptions

    /// Makes an engine.
    public init(_ options: QueryOptions = QueryOptions()) {
        self.options = options
    }

    /// Evaluates at one time, with `lookbackMs` instead of the option's where it is given.
    ///
    /// - Throws: `QueryError`; its `apiType` says whose fault it is.
    public func instant(
        _ text: String,
        at time: Timestamp,
        on source: any Queryable,
        lookbackMs: Int64? = nil,
        check: @escaping QueryCheck = { nil }
    ) throws(QueryError) -> QueryResult {
        try instant(
            parsed(text),
            text: text,
            at: time,
            on: source,
            lookbackMs: lookbackMs,
            check: check
        )
    }

    /// Evaluates a parsed expression at one time.
    ///
    /// `text` is what `expr` was parsed from, so that warnings can name line and column.
    /// - Throws: `QueryError`; its `apiType` says whose fault it is.
    public func instant(
        _ expr: Expr,
        text: String = "",
        at time: Timestamp,
        on source: any Queryable,
        lookbackMs: Int64? = nil,
        check: @escaping QueryCheck = { nil }
    ) throws(QueryError) -> QueryResult {
        let grid = StepGrid(startMs: time.ms, stepMs: 1, count: 1)
        let evaluator = Evaluator(
            source: source,
            options: options(lookbackMs),
            grid: grid,
            endMs: time.ms,
            text: text,
            check: check
        )
        return evaluator.result(try evaluator.instantValue(of: expr))
    }

    /// Evaluates at `start`, `start + stepMs` and so on up to and including `end`.
    ///
    /// - Throws: `QueryError`; `.badRequest` for a step below 1, an end before the start, or an
    ///   expression that is neither scalar nor instant vector.
    public func range(
        _ text: String,
        from start: Timestamp,
        to end: Timestamp,
        stepMs: Int64,
        on source: any Queryable,
        lookbackMs: Int64? = nil,
        check: @escaping QueryCheck = { nil }
    ) throws(QueryError) -> QueryResult {
        try range(
            parsed(text),
            text: text,
            from: start,
            to: end,
            stepMs: stepMs,
            on: source,
            lookbackMs: lookbackMs,
            check: check
        )
    }

    /// Evaluates a parsed expression over a range; see the variant that takes text.
    ///
    /// - Throws: `QueryError`, likewise.
    public func range(
        _ expr: Expr,
        text: String = "",
        from start: Timestamp,
        to end: Timestamp,
        stepMs: Int64,
        on source: any Queryable,
        lookbackMs: Int64? = nil,
        check: @escaping QueryCheck = { nil }
    ) throws(QueryError) -> QueryResult {
        guard expr.type == .scalar || expr.type == .vector else {
            throw .badRequest(
                "invalid expression type \"\(expr.type.rawValue)\" for range query, "
                    + "must be Scalar or instant Vector"
            )
        }
        guard stepMs > 0 else {
            throw .badRequest(
                "zero or negative query resolution step widths are not accepted. "
                    + "Try a positive integer"
            )
        }
        guard start <= end else { throw .badRequest("end timestamp must not be before start time") }
        let steps = end.ms(since: start) / stepMs
        guard steps < Int64(options.maxSamples) else { throw .tooManySamples }
        let grid = StepGrid(startMs: start.ms, stepMs: stepMs, count: Int(steps) + 1)
        let evaluator = Evaluator(
            source: source,
            options: options(lookbackMs),
            grid: grid,
            endMs: end.ms,
            text: text,
            check: check
        )
        return evaluator.result(try evaluator.rangeValue(of: expr))
    }

    private func parsed(_ text: String) throws(QueryError) -> Expr {
        do throws(PromQLError) {
            return try PromQLParser.parse(text)
        } catch {
            throw .parse(error)
        }
    }

    private func options(_ lookbackMs: Int64?) -> QueryOptions {
        var chosen = options
        if let lookbackMs { chosen.lookbackMs = lookbackMs }
        return chosen
    }
}
