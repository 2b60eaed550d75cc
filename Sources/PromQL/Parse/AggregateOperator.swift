// The operators that aggregate over series.

/// An aggregation operator.
public enum AggregateOperator: String, Sendable, Hashable, CaseIterable {
    case sum, avg, count, min, max, group, stddev, stdvar, topk, bottomk, quantile
    case countValues = "count_values"
    case limitk
    case limitRatio = "limit_ratio"

    static let byText = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    /// The type of the parameter before the vector, nil where there is none.
    var parameter: ValueType? {
        switch self {
        case .topk, .bottomk, .quantile, .limitk, .limitRatio: .scalar
        case .countValues: .string
        case .sum, .avg, .count, .min, .max, .group, .stddev, .stdvar: nil
        }
    }
}
