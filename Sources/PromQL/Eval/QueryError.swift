// Why a query has no answer.

/// Why a query has no answer.
///
/// `description` is the text for the user, as Prometheus words it.
public enum QueryError: Error, Equatable {
    /// The text is not PromQL.
    case parse(PromQLError)
    /// The request makes no sense, such as a range query over a range vector.
    case badRequest(String)
    /// The expression cannot be evaluated over this data.
    case execution(String)
    /// `query_max_samples` was reached.
    case tooManySamples
    /// The check said stop.
    case interrupted(QueryInterrupt)
    /// The data could not be read.
    case storage(String)

    /// The `errorType` of the HTTP API.
    public var apiType: String {
        switch self {
        case .parse, .badRequest: "bad_data"
        case .execution, .tooManySamples: "execution"
        case .interrupted(.timeout): "timeout"
        case .interrupted(.canceled): "canceled"
        case .storage: "internal"
        }
    }
}

extension QueryError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .parse(let error): "\(error)"
        case .badRequest(let text), .execution(let text), .storage(let text): text
        case .tooManySamples:
            "query processing would load too many samples into memory in query execution"
        case .interrupted(.timeout): "query timed out in expression evaluation"
        case .interrupted(.canceled): "query was canceled in expression evaluation"
        }
    }
}
