// What can be set for a query engine.

/// The limits and defaults of a `QueryEngine`.
public struct QueryOptions: Sendable, Hashable {
    /// How far an instant selector looks back for a sample (`query_lookback`), in milliseconds.
    public var lookbackMs: Int64
    /// How many samples one query may hold in memory at a time (`query_max_samples`).
    public var maxSamples: Int
    /// The step of a subquery that names none, in milliseconds.
    public var subqueryStepMs: Int64

    /// Prometheus's defaults, unless told otherwise.
    public init(
        lookbackMs: Int64 = 300_000,
        maxSamples: Int = 50_000_000,
        subqueryStepMs: Int64 = 60_000
    ) {
        self.lookbackMs = lookbackMs
        self.maxSamples = maxSamples
        self.subqueryStepMs = subqueryStepMs
    }
}
