import HTTP
// series, labels, label values, metadata, targets and what is always empty.
import Model
import Testing

@testable import API

@Suite("List endpoints")
struct ListEndpointTests {
    private static let store: FakeStore = {
        var store = FakeStore()
        store.add(["__name__": "up", "job": "b"], [1])
        store.add(["__name__": "up", "job": "a"], [1])
        store.add(["__name__": "down", "zone.x": "1"], [1], from: 100_000)
        return store
    }()

    @Test(
        "lists what matches",
        arguments: [
            (
                "series?match[]=up",
                #"[{"__name__":"up","job":"a"},{"__name__":"up","job":"b"}]"#
            ),
            (
                "series?match[]=up{job=%22b%22}&match[]=up",
                #"[{"__name__":"up","job":"a"},{"__name__":"up","job":"b"}]"#
            ),
            ("series?match[]=down&start=0&end=50", "[]"),
            ("labels", #"["__name__","job","zone.x"]"#),
            ("labels?match[]=up&match[]=down", #"["__name__","job","zone.x"]"#),
            ("labels?match[]=up&limit=2", #"["__name__","job"]"#),
            ("label/job/values", #"["a","b"]"#),
            ("label/__name__/values?match[]=down", #"["down"]"#),
            ("label/U__zone_2e_x/values", #"["1"]"#),
            ("label/zone.x/values?start=0&end=99", "[]"),
            ("label/nothing/values", "[]"),
            ("query_exemplars?query=test&start=1700000000000&end=x", "[]"),
            ("rules", #"{"groups":[]}"#),
            ("alerts", #"{"alerts":[]}"#),
        ]
    )
    func lists(target: String, expected: String) async throws {
        try await withAPI(Self.store) { api in
            let answer = await api.ask(.get, "/api/v1/\(target)")
            #expect(answer.text == #"{"status":"success","data":\#(expected)}"#)
            #expect(answer.status == 200)
        }
    }

    @Test("takes forms, and says when a list was cut")
    func formsAndLimits() async throws {
        try await withAPI(Self.store) { api in
            let cut = #","warnings":["results truncated due to limit"]}"#
            let names = await api.form("/api/v1/labels", "limit=1")
            #expect(names.text == #"{"status":"success","data":["__name__"]"# + cut)
            let series = await api.form("/api/v1/series", "match%5B%5D=up&limit=1")
            #expect(
                series.text == #"{"status":"success","data":[{"__name__":"up","job":"a"}]"# + cut
            )
        }
    }

    @Test(
        "says once what could not be read",
        arguments: [
            ("series?match[]=up&match[]=down&limit=1", #"[{"__name__":"down","zone.x":"1"}]"#),
            ("labels?limit=1", #"["__name__"]"#),
            ("labels?match[]=up&match[]=down&limit=1", #"["__name__"]"#),
            ("label/job/values?limit=1", #"["a"]"#),
            ("label/job/values?match[]=up&match[]=down&limit=1", #"["a"]"#),
        ]
    )
    func damage(target: String, expected: String) async throws {
        var store = Self.store
        store.damage = ["/s.seg: one", "/t.seg: two"]
        try await withAPI(store) { api in
            let answer = await api.ask(.get, "/api/v1/\(target)")
            #expect(
                answer.text == #"{"status":"success","data":"# + expected
                    + #","warnings":["/s.seg: one","/t.seg: two","results truncated due to limit"]}"#
            )
        }
    }

    @Test(
        "refuses bad selectors and names",
        arguments: [
            ("series", "no match[] parameter provided"),
            (
                "series?match[]={}",
                #"invalid parameter \"match[]\": match[] must contain at least one non-empty matcher"#
            ),
            ("label/U__a_zz_/values", #"invalid label name: \"U__a_zz_\""#),
            (
                "labels?start=x",
                #"invalid parameter \"start\": invalid time value for 'start': cannot parse \"x\" to a valid timestamp"#
            ),
            ("metadata?limit=x", "limit must be a number"),
            ("status/tsdb?limit=0", "limit must be a positive number"),
        ]
    )
    func badData(target: String, expected: String) async throws {
        try await withAPI { api in
            let answer = await api.ask(.get, "/api/v1/\(target)")
            #expect(
                answer.text == #"{"status":"error","errorType":"bad_data","error":"\#(expected)"}"#
            )
            #expect(answer.status == 400)
        }
    }

    @Test("tells types and help texts")
    func metadata() async throws {
        try await withAPI { api in
            api.agent.change { state in
                let entry = MetricMetadata(kind: .counter, help: "a \"b\"", unit: "seconds")
                state.descriptions = [
                    MetricDescription(name: "a_total", entries: [entry, MetricMetadata()]),
                    MetricDescription(name: "b", entries: [MetricMetadata(kind: .gauge)]),
                ]
            }
            let one = #"{"type":"counter","help":"a \"b\"","unit":"seconds"}"#
            let all = await api.ask(.get, "/api/v1/metadata?limit=40000")
            #expect(
                all.text == #"{"status":"success","data":{"a_total":[\#(one),"#
                    + #"{"type":"unknown","help":"","unit":""}],"#
                    + #""b":[{"type":"gauge","help":"","unit":""}]}}"#
            )
            let some = await api.ask(.get, "/api/v1/metadata?limit=1&limit_per_metric=1")
            #expect(some.text == #"{"status":"success","data":{"a_total":[\#(one)]}}"#)
            let named = await api.ask(.get, "/api/v1/metadata?metric=c")
            #expect(named.text == #"{"status":"success","data":{}}"#)
        }
    }

    @Test("tells targets, with the reason of a failed scrape")
    func targets() async throws {
        try await withAPI { api in
            api.agent.change { state in
                var target = ActiveTarget(
                    discoveredLabels: Labels([Label("__address__", "h:1")]),
                    labels: Labels([Label("instance", "h:1"), Label("job", "j")]),
                    scrapePool: "j",
                    scrapeURL: "http://h:1/metrics",
                    intervalMs: 15_000,
                    timeoutMs: 10_000
                )
                state.report.active = [target]
                target.health = .down
                target.lastError = "line 1: expected value"
                target.lastScrape = Timestamp(ms: 1_700_000_000_250)
                target.lastScrapeSeconds = 0.25
                target.scrapePool = "k"
                state.report.active.append(target)
                state.report.dropped = [
                    DroppedTarget(discoveredLabels: Labels([Label("x", "y")]), scrapePool: "j")
                ]
            }
            let base =
                #"{"discoveredLabels":{"__address__":"h:1"},"labels":{"instance":"h:1","job":"j"},"#
            let new =
                base + #""scrapePool":"j","scrapeUrl":"http://h:1/metrics","#
                + #""globalUrl":"http://h:1/metrics","lastError":"","#
                + #""lastScrape":"0001-01-01T00:00:00Z","lastScrapeDuration":0,"health":"unknown","#
                + #""scrapeInterval":"15s","scrapeTimeout":"10s"}"#
            let failed =
                base + #""scrapePool":"k","scrapeUrl":"http://h:1/metrics","#
                + #""globalUrl":"http://h:1/metrics","lastError":"line 1: expected value","#
                + #""lastScrape":"2023-11-14T22:13:20.250Z","lastScrapeDuration":0.25,"#
                + #""health":"down","scrapeInterval":"15s","scrapeTimeout":"10s"}"#
            let all = await api.ask(.get, "/api/v1/targets")
            #expect(
                all.text == #"{"status":"success","data":{"activeTargets":[\#(new),\#(failed)],"#
                    + #""droppedTargets":[{"discoveredLabels":{"x":"y"},"scrapePool":"j"}],"#
                    + #""droppedTargetCounts":{"j":1}}}"#
            )
            let active = await api.ask(.get, "/api/v1/targets?state=active&scrapePool=k")
            #expect(
                active.text == #"{"status":"success","data":{"activeTargets":[\#(failed)],"#
                    + #""droppedTargets":[],"droppedTargetCounts":{}}}"#
            )
            let pools = await api.ask(.get, "/api/v1/scrape_pools")
            #expect(pools.text == #"{"status":"success","data":{"scrapePools":["j","k"]}}"#)
        }
    }
}
