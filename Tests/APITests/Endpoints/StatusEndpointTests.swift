// Status pages, metrics, probes and reload.
import HTTP
import Model
import Platform
import Testing

@testable import API

@Suite("Status endpoints")
struct StatusEndpointTests {
    @Test(
        "tell about the agent",
        arguments: [
            (
                "buildinfo",
                #"{"version":"1.2.3","revision":"abc","branch":"","buildUser":"","buildDate":"","goVersion":""}"#
            ),
            (
                "runtimeinfo",
                #"{"startTime":"2023-11-14T22:13:20.000Z","CWD":"/srv","hostname":"box","#
                    + #""reloadConfigSuccess":true,"lastConfigTime":"2023-11-14T22:13:20.500Z","#
                    + #""corruptionCount":0,"storageRetention":"15d or 4GB"}"#
            ),
            ("config", #"{"yaml":"[agent]\nlog_level = \"info\"\n"}"#),
            ("flags", #"{"api.query_lookback":"5m","storage.base_path":"tsdb-data"}"#),
            (
                "tsdb",
                #"{"headStats":{"numSeries":2,"numLabelPairs":3,"chunkCount":4,"minTime":5,"#
                    + #""maxTime":6},"seriesCountByMetricName":[{"name":"up","value":2}],"#
                    + #""labelValueCountByLabelName":[],"memoryInBytesByLabelName":[],"#
                    + #""seriesCountByLabelValuePair":[]}"#
            ),
        ]
    )
    func pages(page: String, expected: String) async throws {
        try await withAPI { api in
            api.agent.change { state in
                state.store.series = 2
                state.store.labelPairs = 3
                state.store.chunks = 4
                state.store.range = TimeRange(Timestamp(ms: 5), Timestamp(ms: 6))
                state.store.seriesByMetric = [StoreStatus.Count("up", 2)]
            }
            let answer = await api.ask(.get, "/api/v1/status/\(page)")
            #expect(answer.text == #"{"status":"success","data":\#(expected)}"#)
        }
    }

    @Test("writes meters as exposition text")
    func metrics() {
        let meters = MeterRegistry()
        meters.counter("b_total", "Counts.", ["x": "y"]).add(3)
        meters.gauge("a", "A gauge.").set(0.5)
        meters.histogram("c_seconds", "Times.", bounds: [0.1, 1]).observe(0.5)
        let expected = """
            # HELP a A gauge.
            # TYPE a gauge
            a 0.5
            # HELP b_total Counts.
            # TYPE b_total counter
            b_total{x="y"} 3
            # HELP c_seconds Times.
            # TYPE c_seconds histogram
            c_seconds_bucket{le="0.1"} 0
            c_seconds_bucket{le="1"} 1
            c_seconds_bucket{le="+Inf"} 1
            c_seconds_sum 0.5
            c_seconds_count 1

            """
        #expect(String(decoding: MeterText.text(of: meters), as: UTF8.self) == expected)
    }

    @Test("gives its own and the host's metrics")
    func pagesOfMetrics() async throws {
        try await withAPI { api in
            let own = await api.ask(.get, "/metrics")
            #expect(own.status == 200)
            #expect(own.type == "text/plain; version=0.0.4; charset=utf-8")
            #expect(own.text.contains("\ntsdb_agent_queries_running 0\n"))
            let none = await api.ask(.get, "/host/metrics")
            #expect(none.status == 404)
            #expect(none.text == "the host collectors are disabled; see host.enabled\n")
            api.agent.change { $0.host = Array("node_load1 0.5\n".utf8) }
            #expect(await api.ask(.get, "/host/metrics").text == "node_load1 0.5\n")
        }
    }

    @Test("answers probes, and nothing else before it is ready")
    func probes() async throws {
        try await withAPI { api in
            #expect(await api.ask(.get, "/-/ready").text == "tsdb-agent is ready.\n")
            api.agent.change { $0.phase = .down }
            #expect(await api.ask(.get, "/-/healthy").text == "tsdb-agent is healthy.\n")
            for path in ["/-/ready", "/api/v1/query?query=1", "/api/v1/targets"] {
                let answer = await api.ask(.get, path)
                #expect(answer.status == 503)
                #expect(answer.text == "Service Unavailable\n")
            }
            #expect(await api.ask(.get, "/metrics").status == 200)
        }
    }

    @Test("while the buffer is replayed it answers what is asked, and takes nothing in")
    func replaying() async throws {
        try await withAPI { api in
            api.agent.change { agent in
                agent.phase = .replaying
                agent.replay = ReplayStatus(readBytes: 1_536, totalBytes: 4_096)
            }
            let text =
                "Service Unavailable: the write buffer of the last start is being replayed, "
                + "1536 of 4096 bytes; queries are answered\n"
            let ready = await api.ask(.get, "/-/ready")
            #expect(ready.status == 503 && ready.text == text)
            #expect(ready.headers["retry-after"] == "1")
            for path in ["/api/v1/write", "/api/v1/import/prometheus", "/api/v1/import"] {
                let push = await api.ask(.post, path)
                #expect(push.status == 503 && push.text == text, "\(path)")
            }
            #expect(api.agent.now.pushes.isEmpty)
            for path in ["/api/v1/query?query=1", "/api/v1/labels", "/api/v1/status/tsdb"] {
                #expect(await api.ask(.get, path).status == 200, "\(path)")
            }
            #expect(await api.ask(.get, "/-/healthy").status == 200)
        }
    }

    @Test("tells how far the replay is, in KiB, also before anything else is answered")
    func walreplay() async throws {
        try await withAPI { api in
            api.agent.change { agent in
                agent.phase = .down
                agent.replay = ReplayStatus(readBytes: 1_536, totalBytes: 4_096)
            }
            let answer = await api.ask(.get, "/api/v1/status/walreplay")
            #expect(answer.status == 200)
            #expect(
                answer.text == #"{"status":"success","data":{"min":0,"max":4,"current":2}}"#
            )
        }
    }

    @Test("reloads, or says why not")
    func reload() async throws {
        try await withAPI { api in
            #expect(await api.ask(.post, "/-/reload").status == 200)
            api.agent.change { $0.reloadFailure = "agent.toml:3:1: no such key" }
            let failed = await api.ask(.put, "/-/reload")
            #expect(failed.status == 500)
            #expect(failed.text == "failed to reload config: agent.toml:3:1: no such key\n")
            #expect(api.agent.now.reloads == 2)
            let wrong = await api.ask(.get, "/-/reload")
            #expect(wrong.status == 405)
            #expect(wrong.headers["allow"] == "POST, PUT")
        }
    }

    @Test("knows no other paths")
    func unknown() async throws {
        try await withAPI { api in
            #expect(await api.ask(.get, "/api/v2/query").status == 404)
            #expect(await api.ask(.delete, "/api/v1/query").headers["allow"] == "GET, HEAD, POST")
        }
    }
}
