import HTTP
// /api/v1/query and /api/v1/query_range: whole bodies, as Prometheus writes them.
import PromQL
import Testing

@testable import API

@Suite("Query endpoints")
struct QueryEndpointTests {
    private static let store: FakeStore = {
        var store = FakeStore()
        store.add(["__name__": "up", "job": "a"], [1, 0, 1, 1.5, .infinity])
        store.add(["__name__": "up", "job": "b\"\u{e9}"], [0.000_000_1, 2, 3, 4, .nan])
        return store
    }()

    @Test(
        "answers instant queries",
        arguments: [
            (
                "query=1%2B1&time=4",
                #"{"status":"success","data":{"resultType":"scalar","result":[4,"2"]}}"#
            ),
            (
                "query=%22x%22&time=4.5",
                #"{"status":"success","data":{"resultType":"string","result":[4.500,"x"]}}"#
            ),
            (
                "query=up&time=1970-01-01T00:00:00.001Z",
                #"{"status":"success","data":{"resultType":"vector","result":["#
                    + #"{"metric":{"__name__":"up","job":"a"},"value":[0.001,"1"]},"#
                    + #"{"metric":{"__name__":"up","job":"b\"é"},"value":[0.001,"1e-07"]}]}}"#
            ),
            (
                "query=up",
                #"{"status":"success","data":{"resultType":"vector","result":["#
                    + #"{"metric":{"__name__":"up","job":"a"},"value":[60,"+Inf"]},"#
                    + #"{"metric":{"__name__":"up","job":"b\"é"},"value":[60,"NaN"]}]}}"#
            ),
            (
                "query=up&limit=1&time=15",
                #"{"status":"success","data":{"resultType":"vector","result":["#
                    + #"{"metric":{"__name__":"up","job":"a"},"value":[15,"0"]}]},"#
                    + #""warnings":["results truncated due to limit"]}"#
            ),
            (
                "query=none&stats=all&timeout=5s",
                #"{"status":"success","data":{"resultType":"vector","result":[]}}"#
            ),
            (
                "query=up&time=1000",
                #"{"status":"success","data":{"resultType":"vector","result":[]}}"#
            ),
        ]
    )
    func instant(query: String, expected: String) async throws {
        try await withAPI(Self.store) { api in
            let answer = await api.ask(.get, "/api/v1/query?\(query)")
            #expect(answer.text == expected)
            #expect(answer.status == 200)
            #expect(answer.type == "application/json")
            #expect(await api.form("/api/v1/query", query).text == expected)
        }
    }

    @Test("answers range queries")
    func range() async throws {
        try await withAPI(Self.store) { api in
            let answer = await api.ask(
                .get,
                "/api/v1/query_range?query=up{job=%22a%22}&start=0&end=30&step=15"
            )
            #expect(
                answer.text == #"{"status":"success","data":{"resultType":"matrix","result":["#
                    + #"{"metric":{"__name__":"up","job":"a"},"#
                    + #""values":[[0,"1"],[15,"0"],[30,"1"]]}]}}"#
            )
        }
    }

    @Test(
        "refuses bad parameters in Prometheus's words",
        arguments: [
            ("query?query=up&time=x", badTime),
            (
                "query?query=up&timeout=x",
                #"invalid parameter \"timeout\": cannot parse \"x\" to a valid duration"#
            ),
            (
                "query?query=up&lookback_delta=x",
                #"error parsing lookback delta duration: cannot parse \"x\" to a valid duration"#
            ),
            (
                "query?query=up&limit=x",
                #"invalid parameter \"limit\": strconv.Atoi: parsing \"x\": invalid syntax"#
            ),
            (
                "query?query=up&limit=-1",
                #"invalid parameter \"limit\": limit must be non-negative"#
            ),
            (
                "query_range?query=up&end=1&step=1",
                #"invalid parameter \"start\": cannot parse \"\" to a valid timestamp"#
            ),
            (
                "query_range?query=up&start=2&end=1&step=1",
                #"invalid parameter \"end\": end timestamp must not be before start time"#
            ),
            (
                "query_range?query=up&start=1&end=2",
                #"invalid parameter \"step\": cannot parse \"\" to a valid duration"#
            ),
            (
                "query_range?query=up&start=1&end=2&step=0",
                #"invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer"#
            ),
            (
                "query_range?query=up&start=0&end=11001&step=1",
                #"exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)"#
            ),
            (
                "query?query=%zz",
                #"error parsing form values: cannot decode \"query=%zz\": every % needs two hex digits and the text must be UTF-8"#
            ),
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

    static let badTime =
        #"invalid parameter \"time\": invalid time value for 'time': cannot parse \"x\" to a valid timestamp"#

    @Test("says where PromQL is wrong, and whose fault another failure is")
    func queryErrors() async throws {
        try await withAPI { api in
            let answer = await api.ask(.get, "/api/v1/query?query=up%20%2B")
            #expect(answer.status == 400)
            #expect(
                answer.text.hasPrefix(
                    #"{"status":"error","errorType":"bad_data","error":"invalid parameter \"query\": 1:5: parse error: "#
                ),
                "\(answer.text)"
            )
        }
        var broken = FakeStore()
        broken.failure = .failed("seg-1: cannot read")
        try await withAPI(broken) { api in
            let answer = await api.ask(.get, "/api/v1/query?query=up")
            #expect(answer.status == 500)
            #expect(
                answer.text
                    == #"{"status":"error","errorType":"internal","error":"seg-1: cannot read"}"#
            )
        }
        try await withAPI(Self.store) { api in
            let answer = await api.ask(.get, "/api/v1/query?query=up%2Bon()up&time=15")
            #expect(answer.status == 422)
            #expect(answer.text.hasPrefix(#"{"status":"error","errorType":"execution","#))
        }
    }

    @Test("stops a query whose time is up, and one that waits too long for a slot")
    func timeouts() async throws {
        var endless = FakeStore()
        endless.blocks = true
        var options = APIOptions()
        options.queryTimeoutMs = 5_000
        options.queryMaxConcurrency = 1
        try await withAPI(endless, options: options) { api in
            let alone = await api.ask(.get, "/api/v1/query?query=up&timeout=20ms")
            #expect(alone.status == 503)
            #expect(
                alone.text
                    == #"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#
            )
            async let first = api.ask(.get, "/api/v1/query?query=up&timeout=300ms")
            // Whichever comes second waits; its own time is up long before a slot is free.
            async let second = api.ask(.get, "/api/v1/query?query=up&timeout=299ms")
            let texts = await [first.text, second.text]
            let statuses = await [first.status, second.status]
            #expect(statuses == [503, 503])
            #expect(texts.allSatisfy { $0.contains(#""errorType":"timeout""#) })
        }
    }

    @Test("ends a query when nobody waits for its answer")
    func cancellation() async throws {
        var endless = FakeStore()
        endless.blocks = true
        try await withAPI(endless) { api in
            let task = Task { await api.ask(.get, "/api/v1/query?query=up") }
            task.cancel()
            let answer = await task.value
            #expect(answer.status == 499)
            #expect(answer.text.contains(#""errorType":"canceled""#))
        }
    }
}
