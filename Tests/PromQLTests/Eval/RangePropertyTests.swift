import Model
import PromQL
import TestSupport
import Testing

@Suite("Range queries") struct RangePropertyTests {
    static let queries = [
        "m", "m offset 7m", "m offset -3m", "rate(m[5m])", "increase(m[7m30s])", "delta(m[3m])",
        "irate(m[5m])", "avg_over_time(m[4m])", "max_over_time(m[9m])", "min_over_time(m[2m])",
        "quantile_over_time(0.3, m[6m])", "stddev_over_time(m[6m])", "last_over_time(m[3m])",
        "sum(m)", "avg by (a) (m)", "stddev(m)", "count(m) by (b)", "topk(2, m)",
        "quantile(0.7, m)",
        "count_values('v', m > 50)", "m > 50", "m > bool 50", "m + m", "m * on(a, b) n",
        "m + on(a) group_left(c) p", "m and n", "m or n", "m unless n", "abs(m - 50)", "-m",
        "absent(m > 95)", "scalar(p{a='1'}) + 1", "time() - timestamp(m)", "m @ 600",
        "deriv(m[5m])",
        "max_over_time(rate(m[3m])[10m:2m])", "sum_over_time(sum(m)[5m:1m])",
        "predict_linear(m[5m], 60)",
        "label_replace(m, 'x', '$1', 'a', '(.*)')", "clamp(m, 20, 80)", "changes(m[8m])",
        "absent_over_time(m{a='1'}[1m])", "hour()", "m % 7", "limitk(1, m)", "p ^ 2 or vector(1)",
    ]

    @Test("give at each step what an instant query gives", arguments: queries)
    func stepsEqualInstants(query: String) throws {
        let seed: UInt64 = 7
        var random = SeededRandom(seed: seed)
        let fixture = Self.fixture(&random)
        let engine = QueryEngine()
        for _ in 0..<4 {
            let start = Int64(random.next() % 1_800_000)
            let step = Int64(random.next() % 200_000 + 1000)
            let end = start + step * Int64(random.next() % 20)
            // `@` and time ranges refer to the query's own; these queries use neither.
            let range = try engine.range(
                query,
                from: Timestamp(ms: start),
                to: Timestamp(ms: end),
                stepMs: step,
                on: fixture
            )
            guard case .matrix(let matrix) = range.value else {
                Issue.record("no matrix")
                return
            }
            var found: Set<String> = []
            for series in matrix {
                for index in 0..<series.samples.count {
                    found.insert(
                        "\(series.labels) \(series.samples.times[index]) "
                            + "\(series.samples.values[index])"
                    )
                }
            }
            var wanted: Set<String> = []
            for time in stride(from: start, through: end, by: Int64.Stride(step)) {
                let instant = try engine.instant(query, at: Timestamp(ms: time), on: fixture)
                switch instant.value {
                case .vector(let elements):
                    for element in elements {
                        wanted.insert("\(element.labels) \(time) \(element.sample.value)")
                    }
                case .scalar(let sample): wanted.insert("{} \(time) \(sample.value)")
                default: Issue.record("neither vector nor scalar")
                }
            }
            #expect(found == wanted, "seed \(seed), start \(start), step \(step)")
        }
    }

    // Irregular samples, gaps, stale markers, NaN.
    private static func fixture(_ random: inout SeededRandom) -> SeriesFixture {
        var series: [(labels: Labels, samples: SampleColumns)] = []
        func add(_ labels: [Label]) {
            var samples = SampleColumns()
            var time: Int64 = 0
            while time < 3_600_000 {
                time += Int64(random.next() % 60_000 + 1)
                if random.next() % 20 == 0 { time += 400_000 }
                let value =
                    switch random.next() % 30 {
                    case 0: StaleMarker.value
                    case 1: Double.nan
                    default: Double(random.next() % 100)
                    }
                samples.append(time, value)
            }
            series.append((Labels(labels), samples))
        }
        for a in ["1", "2"] {
            for b in ["x", "y"] {
                add([Label(Label.metricName, "m"), Label("a", a), Label("b", b)])
                add([Label(Label.metricName, "n"), Label("a", a), Label("b", b)])
            }
            add([Label(Label.metricName, "p"), Label("a", a), Label("c", "c" + a)])
        }
        return SeriesFixture(series)
    }

    @Test("random expressions of real parts never trap, whatever they answer")
    func fuzz() {
        let seed: UInt64 = 99
        var random = SeededRandom(seed: seed)
        let fixture = Self.fixture(&random)
        func pick(_ texts: [String]) -> String { texts[Int(random.next() % UInt64(texts.count))] }
        let binaries = [
            "+", "/", "%", "^", ">", "<= bool", "and", "or", "unless", "* on(a)",
            "- on(a) group_left()", "== ignoring(b) group_right(c)",
        ]
        let windows = [
            "rate", "sum_over_time", "deriv", "changes", "mad_over_time", "absent_over_time",
        ]
        let leaves = ["m", "n", "p", "m{a='1'}", "{a=~'.+'}", "vector(3)", "none"]
        func vector(_ depth: Int) -> String {
            if depth == 0 { return pick(leaves) }
            let inner = vector(depth - 1)
            switch random.next() % 8 {
            case 0: return "(\(inner) \(pick(binaries)) \(vector(depth - 1)))"
            case 1:
                let grouping = pick(["", "by (a)", "without (b)"])
                return "\(pick(["sum", "avg", "count", "stddev", "group"])) \(grouping) (\(inner))"
            case 2:
                let name = pick(["topk", "bottomk", "quantile", "limitk", "limit_ratio"])
                return "\(name)(\(scalar()), \(inner))"
            case 3:
                return "\(pick(["abs", "sort", "absent", "hour", "timestamp", "ln"]))(\(inner))"
            case 4:
                let selector = pick(["m", "n", "{a='1'}"]) + pick(["[1m]", "[10m]", "[1ms]"])
                return "\(pick(windows))(\(selector)\(pick(["", " offset 5m", " @ end()"])))"
            case 5: return "last_over_time(\(inner)[10m:\(pick(["", "3m", "7s"]))])"
            case 6: return "(\(scalar()) \(pick(["+", "atan2", ">", "< bool"])) \(inner))"
            default: return "histogram_quantile(\(scalar()), \(inner))"
            }
        }
        func scalar() -> String {
            pick(["1", "-1", "0.5", "NaN", "Inf", "1e300", "time()", "scalar(p)", "2 ^ 62"])
        }
        for _ in 0..<400 {
            let query = vector(Int(random.next() % 4))
            #expect(throws: Never.self, "seed \(seed), query \(query)") {
                _ = try PromQLParser.parse(query)
            }
            _ = try? QueryEngine().range(
                query,
                from: Timestamp(ms: 600_000),
                to: Timestamp(ms: 1_500_000),
                stepMs: 90_000,
                on: fixture
            )
        }
    }
}
