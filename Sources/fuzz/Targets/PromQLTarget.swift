// Queries: what is parsed prints as text that parses to the same, and evaluates within its limits.
import Model
import PromQL

/// `PromQLParser` and `QueryEngine`.
struct PromQLTarget: FuzzTarget {
    static let name = "promql"

    private let mutator: ByteMutator
    private let seeds: [[UInt8]] = [
        #"sum by (job) (rate(http_requests_total{code=~"5..",job!=""}[5m] offset 1m)) > bool 0.5"#,
        "a / on (job, instance) group_left (mode) b unless ignoring (x) c",
        "max_over_time((up + -1)[30m:1m] @ end() offset -5m)", "topk(3, a) or quantile(0.9, b)",
        #"label_replace(up, "x", "$1", "job", "(.*)") == 1 ^ 2 ^ -3 % 4 atan2 5"#,
        #"count_values without (a) ("v", a) and {__name__=~"a|b",c!~"d.*"} @ 1700000000.5"#,
        "histogram_quantile(0.5, sum by (le) (rate(h_bucket[10m])))", "1 + 2 * 3e2 - 0x1F / Inf",
        #"{"quoted.name","l.x"="é\n"} * time() - vector(5m30s)"#, "sort_desc(a) # comment\n + b",
        "predict_linear(a[1h:5m], 3600) <= bool on () a", "absent(nothing{x=\"y\"})", "-(-a)^2",
        "limitk(2, a) + stddev(b[5m:])", "a[5m] @ start()", "\"text\"", "clamp(a, -1, +1)",
    ].map { Array($0.utf8) }
    private let source = TinySeries()
    private let engine = QueryEngine(QueryOptions(maxSamples: 20_000))

    init() {
        var mutator = ByteMutator(
            tokens: [
                "(", ")", "{", "}", "[", "]", "[5m]", "[10m:1m]", "[1h:]", ",", " offset 5m",
                " offset -1y", " @ 1700000000", " @ start()", " @ -1e3", "a", "b", "h_bucket", "up",
                "=", "!=", "=~", "!~", "\"", "'", "`", " by (job) ", " without (le) ", " on (job) ",
                " ignoring (x) ", " group_left () ", " group_right (a) ", " bool ", "\\", "#", "\n",
                ".", ":", "é", "1e1000", "5m", "1y2w", "0s", "-", "^-", "1", "(a)", "{}",
            ] + BinaryOperator.allCases.map { " \($0.rawValue) " }
                + AggregateOperator.allCases.map { "\($0.rawValue)(" }
                + FunctionSignature.names.map { "\($0)(" } + ByteMutator.numbers
        )
        mutator.longest = 400
        self.mutator = mutator
    }

    func input(_ random: inout FuzzRandom) -> [UInt8] {
        if random.oneIn(2) { return mutator.input(seeds, &random) }
        var query = Array(QueryWriter().vector(random.below(5), &random).utf8)
        if random.oneIn(4) { mutator.damage(&query, seeds, &random) }
        return query
    }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        let text = String(decoding: input, as: UTF8.self)
        let expr: Expr
        do throws(PromQLError) { expr = try PromQLParser.parse(text) } catch { return false }
        let printed = expr.description
        let again: Expr
        do throws(PromQLError) { again = try PromQLParser.parse(printed) } catch {
            throw FuzzFinding("\(text) is printed as \(printed), which is refused: \(error)")
        }
        // Prometheus prints infinity as +Inf too, whose plus is read as an operator before `^`.
        let isSame = again.description == printed || printed.contains("+Inf")
        try FuzzFinding.unless(
            isSame && again.type == expr.type,
            "\(text) is printed as \(printed), then as \(again)"
        )
        let edges: [Int64] = [.min, .max, 0, -1, .max / 1000, .min / 1000]
        let usual = 1_700_000_000_000 + Int64(random.below(600_000))
        let start = Timestamp(ms: random.oneIn(16) ? random.pick(edges) : usual)
        let step = random.oneIn(16) ? random.pick([1, .max, .max / 2]) : 1 + random.below(120_000)
        let steps = Int64(step).multipliedReportingOverflow(by: Int64(random.below(6)))
        let end = start.advanced(byMs: steps.overflow ? .max : steps.partialValue)
        let first = evaluate(expr, from: start, to: end, stepMs: Int64(step))
        let second = evaluate(again, from: start, to: end, stepMs: Int64(step))
        try FuzzFinding.unless(
            first == second,
            "\(text) from \(start.ms) by \(step) gives \(first), as \(printed) it gives \(second)"
        )
        return true
    }

    // The answers at one time and over a range, in bits.
    private func evaluate(
        _ expr: Expr,
        from start: Timestamp,
        to end: Timestamp,
        stepMs: Int64
    ) -> String {
        var text = ""
        do throws(QueryError) {
            text += shown(try engine.instant(expr, at: start, on: source))
        } catch {
            text += "\(error)"
        }
        text += "; "
        guard expr.type == .scalar || expr.type == .vector else { return text }
        do throws(QueryError) {
            text += shown(
                try engine.range(expr, from: start, to: end, stepMs: stepMs, on: source)
            )
        } catch {
            text += "\(error)"
        }
        return text
    }

    private func shown(_ result: QueryResult) -> String {
        switch result.value {
        case .scalar(let sample): "scalar \(sample.time.ms) \(bits(sample.value))"
        case .string(let text, _): "string \(text)"
        case .vector(let elements):
            "vector "
                + elements.map { "\($0.labels) \($0.sample.time.ms) \(bits($0.sample.value))" }
                .joined(separator: ", ")
        case .matrix(let series):
            "matrix "
                + series.map { "\($0.labels) \($0.samples.times) \($0.samples.values.map(bits))" }
                .joined(separator: ", ")
        }
    }

    private func bits(_ value: Double) -> String {
        value.isNaN && !value.isStaleMarker ? "NaN" : String(value.bitPattern, radix: 16)
    }
}
