// Writes queries that mostly type-check: every function and operator, with arguments at the edges.
import PromQL

/// Makes PromQL by its grammar.
struct QueryWriter {
    private static let selectors = [
        "a", "b", "c", "up", "http_requests_total", "h_bucket", "a{job=\"z\"}", "{job=~\".+\"}",
        "nothing", "b{code!=\"200\"} offset 1m", "a @ end()", "{__name__!=\"\"}",
    ]
    private static let scalars = [
        "0", "1", "-1", "2", "0.5", "1e9", "1e300", "-1e300", "NaN", "Inf", "-Inf", "5e-324", "0.1",
        "time()", "pi()", "scalar(a)", "9223372036854775807", "9223372036854775808", "5m",
    ]
    private static let strings = [
        "\"job\"", "\"le\"", "\"\"", "\"x\"", "\"$1\"", "\"(.*)\"", "\"é\"",
    ]
    private static let durations = ["1s", "5m", "10m", "1h", "1ms", "1d", "1y", "7s"]
    private static let labels = ["job", "code", "le", "job, code", "", "__name__", "x"]

    /// An expression of at most `depth` levels.
    func vector(_ depth: Int, _ random: inout FuzzRandom) -> String {
        guard depth > 0 else { return random.pick(QueryWriter.selectors) }
        switch random.below(8) {
        case 0: return random.pick(QueryWriter.selectors)
        case 1, 2, 3: return call(depth - 1, &random)
        case 4: return aggregation(depth - 1, &random)
        case 5: return "\(random.pick(["-", "+"]))\(vector(depth - 1, &random))"
        default: return binary(depth - 1, &random)
        }
    }

    private func call(_ depth: Int, _ random: inout FuzzRandom) -> String {
        let name = random.pick(FunctionSignature.names)
        guard let function = FunctionSignature.named(name) else { return name }
        var arguments = function.arguments.map { argument($0, depth, &random) }
        if let last = function.arguments.last, function.variadic != 0 {
            if random.oneIn(4) { arguments.removeLast() }
            if random.oneIn(4) { arguments.append(argument(last, depth, &random)) }
        }
        let text = "\(name)(\(arguments.joined(separator: ", ")))"
        return function.result == .scalar && random.oneIn(2) ? "vector(\(text))" : text
    }

    private func argument(_ type: ValueType, _ depth: Int, _ random: inout FuzzRandom) -> String {
        switch type {
        case .scalar: return random.pick(QueryWriter.scalars)
        case .string: return random.pick(QueryWriter.strings)
        case .vector: return vector(depth, &random)
        case .matrix:
            let width = random.pick(QueryWriter.durations)
            if random.oneIn(2) {
                return "\(random.pick(["a", "b", "c", "up", "h_bucket"]))[\(width)]"
            }
            let step = random.pick(["", "1m", "13s", "10m"])
            return "(\(vector(depth, &random)))[\(random.pick(["5m", "10m", "1h", "1s"])):\(step)]"
        }
    }

    private func aggregation(_ depth: Int, _ random: inout FuzzRandom) -> String {
        let operation = random.pick(AggregateOperator.allCases).rawValue
        let labels = random.pick(QueryWriter.labels)
        let grouping = random.pick(["", " by (\(labels))", " without (\(labels))"])
        let inner = vector(depth, &random)
        switch operation {
        case "topk", "bottomk", "quantile", "limitk", "limit_ratio":
            return "\(operation)\(grouping) (\(random.pick(QueryWriter.scalars)), \(inner))"
        case "count_values":
            return "\(operation)\(grouping) (\(random.pick(QueryWriter.strings)), \(inner))"
        default: return "\(operation)\(grouping) (\(inner))"
        }
    }

    private func binary(_ depth: Int, _ random: inout FuzzRandom) -> String {
        let operation = random.pick(BinaryOperator.allCases).rawValue
        let labels = random.pick(QueryWriter.labels)
        let matching = random.pick([
            "", "", "", " on (\(labels))", " ignoring (\(labels))", " bool",
            " on (\(labels)) group_left ()", " ignoring (\(labels)) group_right (code)",
        ])
        let left = random.oneIn(4) ? random.pick(QueryWriter.scalars) : vector(depth, &random)
        let right = random.oneIn(4) ? random.pick(QueryWriter.scalars) : vector(depth, &random)
        let isBare = random.oneIn(2)
        return isBare
            ? "\(left) \(operation)\(matching) \(right)"
            : "(\(left)) \(operation)\(matching) (\(right))"
    }
}
