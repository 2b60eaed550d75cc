// Where the names and values of labels come from.
public import Model
public import PromQL

/// Lists what labels there are.
///
/// Called on worker threads; may read from disk.
///
/// Without matchers all series count, else those that every matcher accepts. What cannot be read is
/// a warning of the answer.
public protocol LabelSource: Sendable {
    /// The names of the labels of series that have a sample in `range`, or might.
    ///
    /// More than `limit` need not be looked for; 0 means all.
    /// - Throws: `QueryStorageError` when the data cannot be read or `check` said stop.
    func labelNames(
        _ matchers: [LabelMatcher],
        in range: TimeRange,
        limit: Int,
        check: @escaping QueryCheck
    ) throws(QueryStorageError) -> LabelTexts

    /// The values of label `name` of such series.
    ///
    /// More than `limit` need not be looked for; 0 means all.
    /// - Throws: as `labelNames`.
    func labelValues(
        of name: String,
        _ matchers: [LabelMatcher],
        in range: TimeRange,
        limit: Int,
        check: @escaping QueryCheck
    ) throws(QueryStorageError) -> LabelTexts
}
