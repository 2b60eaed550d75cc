import Model
import PromQL
import Testing

@Suite("Selectors and subqueries") struct SelectorTests {
    static let fixture = SeriesFixture(
        """
        up{job="a",instance="1"} 1 1 1 stale 1
        up{job="a",instance="2"} 0 _ _ _ _ _ _ _ 0
        up{job="b",instance="1"} 1x20
        counter_total{job="a"} 0+60x60
        """
    )

    @Test(
        "take the latest sample of the lookback, which is open on the left",
        arguments: [
            ("up{instance='2'}", 0.0, "up{instance=\"2\", job=\"a\"} 0"),
            ("up{instance='2'}", 4.99, "up{instance=\"2\", job=\"a\"} 0"),
            ("up{instance='2'}", 5.0, ""),
            ("up{instance='2'}", 8.0, "up{instance=\"2\", job=\"a\"} 0"),
            ("up{job='a',instance='1'}", 2.5, "up{instance=\"1\", job=\"a\"} 1"),
            ("up{job='a',instance='1'}", 3.0, ""),
            ("up{job='a',instance='1'}", 3.9, ""),
            ("up{job='a',instance='1'}", 4.0, "up{instance=\"1\", job=\"a\"} 1"),
            ("up{job=~'a|c',instance!='2'}", 1.0, "up{instance=\"1\", job=\"a\"} 1"),
            ("up{job!~'a'}", 1.0, "up{instance=\"1\", job=\"b\"} 1"),
            ("up{nope=''} > 5", 1.0, ""),
            ("counter_total offset 10m", 20.0, "counter_total{job=\"a\"} 600"),
            ("counter_total offset -10m", 20.0, "counter_total{job=\"a\"} 1800"),
            ("counter_total @ 120", 20.0, "counter_total{job=\"a\"} 120"),
            ("counter_total @ 180 offset 1m", 20.0, "counter_total{job=\"a\"} 120"),
            ("counter_total @ end()", 20.0, "counter_total{job=\"a\"} 1200"),
            ("counter_total[2m]", 10.0, "counter_total{job=\"a\"} 540@9 600@10"),
            ("counter_total[2m] @ 300", 10.0, "counter_total{job=\"a\"} 240@4 300@5"),
            ("counter_total[2m] offset 5m", 10.0, "counter_total{job=\"a\"} 240@4 300@5"),
            ("up{job='a',instance='1'}[5m]", 4.0, "up{instance=\"1\", job=\"a\"} 1@0 1@1 1@2 1@4"),
            ("counter_total[3m:1m]", 10.0, "counter_total{job=\"a\"} 480@8 540@9 600@10"),
            ("counter_total[3m:]", 10.5, "counter_total{job=\"a\"} 480@8 540@9 600@10"),
            ("counter_total[4m:2m] offset 1m", 10.0, "counter_total{job=\"a\"} 360@6 480@8"),
            ("count_over_time(counter_total[2m])", 10.0, "{job=\"a\"} 2"),
            ("max_over_time(rate(counter_total[2m])[5m:1m])", 10.0, "{job=\"a\"} 1"),
            ("sum_over_time((counter_total * 2)[3m:1m])", 10.0, "{job=\"a\"} 3240"),
            ("'text'", 0.0, "string text"),
            ("1 + 2 * 3", 0.0, "scalar 7"),
            ("nothing", 0.0, ""),
        ]
    )
    func instant(query: String, minute: Double, answer: String) {
        #expect(Answer.instant(query, Self.fixture, atMinute: minute) == answer)
    }

    @Test(
        "over a range",
        arguments: [
            ("up{job='a',instance='1'}", "up{instance=\"1\", job=\"a\"} 1@0 1@1 1@2 1@4 1@5"),
            ("counter_total @ start()", "counter_total{job=\"a\"} 0@0 0@1 0@2 0@3 0@4 0@5"),
            (
                "counter_total @ end()",
                "counter_total{job=\"a\"} 300@0 300@1 300@2 300@3 300@4 300@5"
            ),
            ("time()", "{} 0@0 60@1 120@2 180@3 240@4 300@5"),
            (
                "sum_over_time(counter_total[2m])",
                "{job=\"a\"} 0@0 60@1 180@2 300@3 420@4 540@5"
            ),
            ("timestamp(counter_total @ 60)", "{job=\"a\"} 60@0 60@1 60@2 60@3 60@4 60@5"),
            ("rate(counter_total[2m] @ 300)", "{job=\"a\"} 1@0 1@1 1@2 1@3 1@4 1@5"),
            ("sort_desc(up{job='b'})", "up{instance=\"1\", job=\"b\"} 1@0 1@1 1@2 1@3 1@4 1@5"),
            (
                "counter_total[5m]",
                "bad_data: invalid expression type \"range vector\" for range query, "
                    + "must be Scalar or instant Vector"
            ),
            (
                "'a'",
                "bad_data: invalid expression type \"string\" for range query, "
                    + "must be Scalar or instant Vector"
            ),
        ]
    )
    func range(query: String, answer: String) {
        #expect(Answer.range(query, Self.fixture, minutes: 0...5) == answer)
    }

    @Test("end() is the end that was asked for, also where no step falls on it")
    func endOfRange() {
        #expect(
            Answer.range("counter_total @ end()", Self.fixture, minutes: 0...5, stepMs: 240_000)
                == "counter_total{job=\"a\"} 300@0 300@4"
        )
    }

    @Test("take the lookback of the query over that of the engine")
    func lookback() throws {
        let result = try QueryEngine().instant(
            "up{instance='2'}",
            at: Timestamp(ms: 120_000),
            on: Self.fixture,
            lookbackMs: 60_000
        )
        #expect(Answer.text(result) == "")
    }

    @Test("stop at the limit of samples, whatever holds them")
    func tooManySamples() {
        let options = QueryOptions(maxSamples: 50)
        let text =
            "execution: query processing would load too many samples into memory in query "
            + "execution"
        for query in [
            "counter_total[1h]", "sum_over_time(counter_total[1h])", "vector(1)[200y:1ms]",
            "absent_over_time(nothing[100y:1s])[100y:1s]",
        ] {
            #expect(
                Answer.instant(query, Self.fixture, atMinute: 60, options: options) == text,
                "\(query)"
            )
        }
        #expect(
            Answer.range("time()", Self.fixture, minutes: 0...10_000_000, stepMs: 1) == text
        )
    }

    @Test("pass on interruptions and failures of the storage")
    func interruptions() {
        for (interrupt, text) in [
            (QueryInterrupt.timeout, "query timed out in expression evaluation"),
            (QueryInterrupt.canceled, "query was canceled in expression evaluation"),
        ] {
            let error = #expect(throws: QueryError.self) {
                try QueryEngine().instant(
                    "sum(up)",
                    at: Timestamp(ms: 0),
                    on: Self.fixture,
                    check: { interrupt }
                )
            }
            #expect(error == .interrupted(interrupt))
            #expect(error?.description == text)
        }
        let broken = SeriesFixture("up 1", failure: .failed("cannot read chunk 7 of x.seg"))
        #expect(Answer.instant("up", broken) == "internal: cannot read chunk 7 of x.seg")
    }

    @Test("refuse steps and ranges that make no sense")
    func badRanges() {
        let time = Timestamp(ms: 0)
        let step = #expect(throws: QueryError.self) {
            try QueryEngine().range("up", from: time, to: time, stepMs: 0, on: Self.fixture)
        }
        #expect(
            step?.description
                == "zero or negative query resolution step widths are not accepted. "
                + "Try a positive integer"
        )
        let end = #expect(throws: QueryError.self) {
            try QueryEngine().range(
                "up",
                from: time,
                to: Timestamp(ms: -1),
                stepMs: 1,
                on: Self.fixture
            )
        }
        #expect(end?.description == "end timestamp must not be before start time")
    }

    @Test("survive times and durations at the ends of what there is")
    func extremeTimes() {
        for query in [
            "up @ 9e15", "up @ -9e15", "up offset 290y", "up offset -290y", "up[290y]",
            "rate(up[290y] offset 290y)", "up @ 9e15 offset -290y", "sum_over_time(up[290y:200y])",
            "predict_linear(counter_total[1h], 1e300)", "vector(-9e300)", "hour(vector(1e300))",
            "up[1m:1m] @ -9e15",
        ] {
            for ms in [Int64.min, -1, 0, .max] {
                _ = try? QueryEngine().instant(query, at: Timestamp(ms: ms), on: Self.fixture)
                _ = try? QueryEngine().range(
                    query,
                    from: Timestamp(ms: ms),
                    to: Timestamp(ms: ms).advanced(byMs: 5),
                    stepMs: 2,
                    on: Self.fixture
                )
            }
        }
    }
}
