// The functions of PromQL: names and types. Prometheus, querying/functions.

/// What a function takes and gives.
public struct FunctionSignature: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// The types of its arguments; with `variadic` the last one repeats.
    public let arguments: [ValueType]
    /// How many arguments the last type stands for at most: 0 exactly one, -1 any number (the
    /// last is optional in both other cases).
    public let variadic: Int
    /// What it gives.
    public let result: ValueType

    /// The function of this name, nil when there is none.
    public static func named(_ name: String) -> FunctionSignature? { table[name] }

    /// All names, sorted.
    public static var names: [String] {
        table.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static let table: [String: FunctionSignature] = {
        var table: [String: FunctionSignature] = [:]
        func add(
            _ names: String,
            _ arguments: [ValueType],
            variadic: Int = 0,
            _ result: ValueType = .vector
        ) {
            for name in names.split(separator: " ").map(String.init) {
                table[name] = FunctionSignature(
                    name: name,
                    arguments: arguments,
                    variadic: variadic,
                    result: result
                )
            }
        }
        add(
            "abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 "
                + "rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp "
                + "histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum",
            [.vector]
        )
        add(
            "absent_over_time avg_over_time changes count_over_time delta deriv first_over_time "
                + "idelta increase irate last_over_time mad_over_time max_over_time "
                + "min_over_time present_over_time rate resets stddev_over_time "
                + "stdvar_over_time sum_over_time ts_of_first_over_time ts_of_last_over_time "
                + "ts_of_max_over_time ts_of_min_over_time",
            [.matrix]
        )
        add(
            "day_of_month day_of_week day_of_year days_in_month hour minute month year",
            [.vector],
            variadic: 1
        )
        add("pi time", [], .scalar)
        add("scalar", [.vector], .scalar)
        add("vector", [.scalar])
        add("clamp", [.vector, .scalar, .scalar])
        add("clamp_max clamp_min", [.vector, .scalar])
        add("round", [.vector, .scalar], variadic: 1)
        add("double_exponential_smoothing", [.matrix, .scalar, .scalar])
        add("predict_linear", [.matrix, .scalar])
        add("quantile_over_time", [.scalar, .matrix])
        add("histogram_quantile", [.scalar, .vector])
        add("histogram_fraction", [.scalar, .scalar, .vector])
        add("label_replace", [.vector, .string, .string, .string, .string])
        add("label_join", [.vector, .string, .string, .string], variadic: -1)
        add("sort_by_label sort_by_label_desc", [.vector, .string], variadic: -1)
        return table
    }()
}
