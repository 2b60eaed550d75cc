import Model
import PromQL
import Testing

@Suite("Operators") struct OperatorTests {
    static let fixture = SeriesFixture(
        """
        requests{job="a",instance="1"} 10
        requests{job="a",instance="2"} 20
        requests{job="b",instance="1"} 30
        errors{job="a",instance="1"} 1
        errors{job="a",instance="2"} 5
        errors{job="c",instance="1"} 7
        weight{job="a"} 2
        weight{job="b"} 3
        info{job="a",version="v1"} 1
        info{job="b",version="v2"} 1
        double{job="a",side="l"} 1
        double{job="a",side="r"} 2
        negative -7.5
        odd NaN
        big 1e308
        early{x="1"} 1 stale
        late{x="1"} _ 2
        """
    )

    @Test(
        "combine scalars and vectors",
        arguments: [
            ("7 % 3", "scalar 1"), ("-7 % 3", "scalar -1"), ("2 ^ 10", "scalar 1024"),
            ("1 / 0", "scalar +Inf"), ("0 / 0", "scalar NaN"), ("-(2)", "scalar -2"),
            ("1 atan2 1", "scalar 0.785398163"), ("2 > bool 1", "scalar 1"),
            ("2 == bool 1", "scalar 0"), ("NaN == bool NaN", "scalar 0"),
            ("5m + 30s", "scalar 330"),
            ("negative + 1", "{} -6.5"), ("1 - negative", "{} 8.5"), ("-negative", "{} 7.5"),
            ("+negative", "negative -7.5"), ("negative < 0", "negative -7.5"),
            ("negative > 0", ""), ("0 > negative", "negative -7.5"),
            ("negative < bool 0", "{} 1"), ("0 < bool negative", "{} 0"),
            ("odd == odd", ""), ("odd != odd", "odd NaN"),
            ("requests{job='b'} * 2", "{instance=\"1\", job=\"b\"} 60"),
        ]
    )
    func scalars(query: String, answer: String) {
        #expect(Answer.instant(query, Self.fixture) == answer)
    }

    @Test(
        "match vectors",
        arguments: [
            (
                "errors / requests",
                "{instance=\"1\", job=\"a\"} 0.1\n{instance=\"2\", job=\"a\"} 0.25"
            ),
            (
                "errors / on(job, instance) requests",
                "{instance=\"1\", job=\"a\"} 0.1\n{instance=\"2\", job=\"a\"} 0.25"
            ),
            (
                "requests > errors * 5",
                "requests{instance=\"1\", job=\"a\"} 10"
            ),
            (
                "requests > bool errors * 5",
                "{instance=\"1\", job=\"a\"} 1\n{instance=\"2\", job=\"a\"} 0"
            ),
            ("requests > on(job, instance) errors * 5", "{instance=\"1\", job=\"a\"} 10"),
            (
                "requests * on(job) group_left weight",
                "{instance=\"1\", job=\"a\"} 20\n{instance=\"1\", job=\"b\"} 90\n"
                    + "{instance=\"2\", job=\"a\"} 40"
            ),
            (
                "weight * on(job) group_right requests",
                "{instance=\"1\", job=\"a\"} 20\n{instance=\"1\", job=\"b\"} 90\n"
                    + "{instance=\"2\", job=\"a\"} 40"
            ),
            (
                "requests * on(job) group_left(version) info",
                "{instance=\"1\", job=\"a\", version=\"v1\"} 10\n"
                    + "{instance=\"1\", job=\"b\", version=\"v2\"} 30\n"
                    + "{instance=\"2\", job=\"a\", version=\"v1\"} 20"
            ),
            (
                "requests + ignoring(instance) group_left weight",
                "{instance=\"1\", job=\"a\"} 12\n{instance=\"1\", job=\"b\"} 33\n"
                    + "{instance=\"2\", job=\"a\"} 22"
            ),
            (
                "weight - on(job) requests",
                "execution: found duplicate series for the match group {job=\"a\"} on the right "
                    + "hand-side of the operation: [{__name__=\"requests\", instance=\"2\", "
                    + "job=\"a\"}, {__name__=\"requests\", instance=\"1\", job=\"a\"}];"
                    + "many-to-many matching not allowed: matching labels must be unique on one "
                    + "side"
            ),
            (
                "requests - on(job) weight",
                "execution: multiple matches for labels: many-to-one matching must be explicit "
                    + "(group_left/group_right)"
            ),
            (
                "double * on(job) group_left(side) weight",
                "execution: multiple matches for labels: grouping labels must ensure unique "
                    + "matches"
            ),
            ("nothing - on(job) requests", ""),
            ("requests - on(nothing) nothing", ""),
            (
                "{__name__=~'negative|big'} + 1",
                "execution: vector cannot contain metrics with the same labelset"
            ),
            ("early + late", ""),
        ]
    )
    func vectors(query: String, answer: String) {
        #expect(Self.sorted(Answer.instant(query, Self.fixture)) == answer)
    }

    @Test(
        "combine sets",
        arguments: [
            (
                "requests and errors",
                "requests{instance=\"1\", job=\"a\"} 10\nrequests{instance=\"2\", job=\"a\"} 20"
            ),
            ("requests unless errors", "requests{instance=\"1\", job=\"b\"} 30"),
            ("requests and on(job) weight{job='b'}", "requests{instance=\"1\", job=\"b\"} 30"),
            ("weight or on(job) info", "weight{job=\"a\"} 2\nweight{job=\"b\"} 3"),
            (
                "weight{job='a'} or on(job) info",
                "info{job=\"b\", version=\"v2\"} 1\nweight{job=\"a\"} 2"
            ),
            (
                "requests unless nothing and errors{instance='2'}",
                "requests{instance=\"2\", job=\"a\"} 20"
            ),
            ("negative or vector(1)", "negative -7.5"),
            ("nothing or vector(1)", "{} 1"),
            ("weight and ignoring(job) vector(1)", "weight{job=\"a\"} 2\nweight{job=\"b\"} 3"),
        ]
    )
    func sets(query: String, answer: String) {
        #expect(Self.sorted(Answer.instant(query, Self.fixture)) == answer)
    }

    @Test("join series that become the same but never at once")
    func joining() {
        #expect(
            Answer.range("{__name__=~'early|late'} + 0", Self.fixture, minutes: 0...1)
                == "{x=\"1\"} 1@0 2@1"
        )
        #expect(
            Answer.range("early or late", Self.fixture, minutes: 0...1)
                == "early{x=\"1\"} 1@0\nlate{x=\"1\"} 2@1"
        )
    }

    @Test(
        "aggregate",
        arguments: [
            ("sum(requests)", "{} 60"),
            ("sum by (job) (requests)", "{job=\"a\"} 30\n{job=\"b\"} 30"),
            ("sum without (instance) (requests)", "{job=\"a\"} 30\n{job=\"b\"} 30"),
            ("avg by (instance) (requests)", "{instance=\"1\"} 20\n{instance=\"2\"} 20"),
            ("min(requests)", "{} 10"), ("max(requests)", "{} 30"), ("count(requests)", "{} 3"),
            ("group by (job) (requests)", "{job=\"a\"} 1\n{job=\"b\"} 1"),
            ("stddev(requests)", "{} 8.164965809"), ("stdvar(requests)", "{} 66.666666667"),
            ("count by (nothing) (requests)", "{} 3"),
            ("sum by (__name__) (requests)", "requests 60"),
            ("count without (job) (requests)", "{instance=\"1\"} 2\n{instance=\"2\"} 1"),
            ("sum(nothing)", ""),
            ("max({__name__=~'odd|negative'})", "{} -7.5"),
            ("min(odd)", "{} NaN"),
            (
                "avg({__name__=~'big|none'} * 1 or label_replace(big, 'x', 'y', '', ''))",
                "{} 1e+308"
            ),
            ("quantile(0.5, requests)", "{} 20"),
            ("quantile(0.9, requests)", "{} 28"),
            ("quantile by (job) (0, requests)", "{job=\"a\"} 10\n{job=\"b\"} 30"),
            (
                "quantile(2, requests)",
                "PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)\n{} +Inf"
            ),
            (
                "topk(2, requests)",
                "requests{instance=\"1\", job=\"b\"} 30\nrequests{instance=\"2\", job=\"a\"} 20"
            ),
            (
                "bottomk by (job) (1, requests)",
                "requests{instance=\"1\", job=\"a\"} 10\nrequests{instance=\"1\", job=\"b\"} 30"
            ),
            ("topk(0, requests)", ""), ("topk(-5, requests)", ""),
            ("topk(NaN, requests)", "execution: Parameter value is NaN"),
            ("topk(1e30, requests)", "execution: Scalar value 1e+30 overflows int64"),
            ("topk(9, {__name__=~'odd|negative'})", "negative -7.5\nodd NaN"),
            ("count_values('v', weight * 0.5)", "{v=\"1\"} 1\n{v=\"1.5\"} 1"),
            (
                "count_values by (job) ('job', requests)",
                "{job=\"10\"} 1\n{job=\"20\"} 1\n{job=\"30\"} 1"
            ),
            ("count_values('', weight)", "execution: invalid label name \"\""),
            (
                "limitk(2, requests)",
                "requests{instance=\"1\", job=\"a\"} 10\nrequests{instance=\"1\", job=\"b\"} 30"
            ),
            (
                "count(limit_ratio(0.4, requests)) + count(limit_ratio(-0.6, requests)) "
                    + "or count(limit_ratio(1, requests))", "{} 3"
            ),
        ]
    )
    func aggregations(query: String, answer: String) {
        #expect(Self.sorted(Answer.instant(query, Self.fixture)) == answer)
    }

    @Test("keep the order of values where it is asked for")
    func order() {
        #expect(
            Answer.instant("topk(3, requests)", Self.fixture)
                == "requests{instance=\"1\", job=\"b\"} 30\nrequests{instance=\"2\", job=\"a\"} 20"
                + "\nrequests{instance=\"1\", job=\"a\"} 10"
        )
        #expect(
            Answer.instant("bottomk(2, requests)", Self.fixture)
                == "requests{instance=\"1\", job=\"a\"} 10\nrequests{instance=\"2\", job=\"a\"} 20"
        )
        #expect(
            Answer.instant("topk(9, {__name__=~'odd|negative|big'})", Self.fixture)
                == "big 1e+308\nnegative -7.5\nodd NaN"
        )
    }

    @Test("sums are exact to the last bit where plain addition loses all")
    func kahan() {
        let fixture = SeriesFixture("a{n=\"1\"} 1e100\na{n=\"2\"} 1\na{n=\"3\"} -1e100")
        #expect(Answer.instant("sum(a)", fixture) == "{} 1")
        let overTime = SeriesFixture("a 1e100 1 -1e100 2e308")
        #expect(Answer.instant("sum_over_time(a[3m])", overTime, atMinute: 2) == "{} 1")
        let huge = SeriesFixture("a 1.5e308 1.5e308 1.5e308")
        #expect(
            Answer.instant("avg_over_time(a[3m]) == 1.5e308", huge, atMinute: 2)
                == "{} " + FloatText.text(1.5e308)
        )
    }

    private static func sorted(_ answer: String) -> String {
        answer.split(separator: "\n").sorted().joined(separator: "\n")
    }
}
