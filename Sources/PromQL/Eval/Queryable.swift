// The only way PromQL sees data; implemented beside the database.
public import Model

/// Where a query finds its series.
public protocol Queryable: Sendable {
    /// Finds the series that all matchers accept and that have a sample in `range`, or might.
    ///
    /// Called once for each selector of a query, on the thread that runs the query.
    /// - Throws: `QueryStorageError` when the data cannot be read or the query was interrupted.
    func select(
        _ matchers: [LabelMatcher],
        in range: TimeRange,
        hints: SelectHints
    ) throws(QueryStorageError) -> any SeriesSelection
}

/// The series of one selector, in ascending order of their labels, each label set once.
///
/// Used by one thread at a time; released when the selector was evaluated.
public protocol SeriesSelection: AnyObject {
    /// The number of series.
    var count: Int { get }

    /// The labels of series `index`.
    func labels(at index: Int) -> Labels

    /// Replaces the content of `samples` by the samples of series `index` whose time lies in
    /// `range`, ascending in time, stale markers included.
    ///
    /// - Throws: `QueryStorageError` when the data cannot be read.
    func read(
        at index: Int,
        in range: TimeRange,
        into samples: inout SampleColumns
    ) throws(QueryStorageError)

    /// What could not be read and is missing, in words for people; asked after the reading.
    var warnings: [String] { get }
}

extension SeriesSelection {
    /// Nothing is missing.
    public var warnings: [String] { [] }
}

/// What the evaluator knows about how a selector will be used.
///
/// A store may ignore all of it.
public struct SelectHints: Sendable {
    /// The distance between evaluations, 0 for an instant query.
    public var stepMs: Int64
    /// The width of the range selector, 0 for an instant selector.
    public var rangeMs: Int64
    /// The function right around a range selector, "" when there is none.
    public var function: String
    /// Says whether the query should stop; to be called now and then during long work.
    public var check: QueryCheck

    /// Makes hints.
    public init(
        stepMs: Int64 = 0,
        rangeMs: Int64 = 0,
        function: String = "",
        check: @escaping QueryCheck = { nil }
    ) {
        self.stepMs = stepMs
        self.rangeMs = rangeMs
        self.function = function
        self.check = check
    }
}

/// Why a `Queryable` could not answer.
public enum QueryStorageError: Error, Equatable {
    /// Reading failed; the text says what, where and why.
    case failed(String)
    /// The query's check said stop.
    case interrupted(QueryInterrupt)
}

extension QueryStorageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .failed(let text): text
        case .interrupted(let interrupt): "\(interrupt)"
        }
    }
}

/// Why a query is to stop before its end.
public enum QueryInterrupt: Sendable, Hashable {
    /// Its time is up.
    case timeout
    /// Nobody waits for the answer any more.
    case canceled
}

/// Asked now and then during a query; an answer other than nil ends it.
public typealias QueryCheck = @Sendable () -> QueryInterrupt?
