// Jobs, ticks and answers together, on a real loop with clocks that the test moves.
import HTTP
import Model
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Collect

@Suite("scraper") struct ScraperTests {
    @Test("scrapes, reports, marks a removed target, and says nothing at a clean stop")
    func life() async throws {
        try await withBench { bench in
            bench.web.serve("http://a:1/metrics", "# TYPE m counter\nm 1\n")
            bench.web.serve("http://b:1/metrics", "n 2\n")
            var job = ScrapeJob(bench.options, groups: [TargetGroup(targets: ["a:1", "b:1"])])
            await bench.scraper.update([job])
            try await bench.advance(untilBatches: 2)
            let first = bench.sink.batches.flatMap { bench.sink.lines($0) }.map(bench.timeless)
                .sorted()
            #expect(
                first == [
                    #"m{instance="a:1", job="j"} 1.0"#, #"n{instance="b:1", job="j"} 2.0"#,
                    #"scrape_samples_post_metric_relabeling{instance="a:1", job="j"} 1.0"#,
                    #"scrape_samples_post_metric_relabeling{instance="b:1", job="j"} 1.0"#,
                    #"scrape_samples_scraped{instance="a:1", job="j"} 1.0"#,
                    #"scrape_samples_scraped{instance="b:1", job="j"} 1.0"#,
                    #"scrape_series_added{instance="a:1", job="j"} 1.0"#,
                    #"scrape_series_added{instance="b:1", job="j"} 1.0"#,
                    #"up{instance="a:1", job="j"} 1.0"#, #"up{instance="b:1", job="j"} 1.0"#,
                ]
            )
            let shown = await bench.scraper.snapshots()
            #expect(shown.map(\.scrapeURL) == ["http://a:1/metrics", "http://b:1/metrics"])
            #expect(shown.allSatisfy { $0.health == .up && $0.lastError.isEmpty })
            #expect(
                bench.sink.state.withLock { $0.notes } == ["j m kind(Model.MetricKind.counter)"]
            )

            job.groups = [TargetGroup(targets: ["a:1"])]
            let count = bench.sink.batchCount
            await bench.scraper.update([job])
            #expect(bench.sink.batchCount == count + 1)
            let last = try #require(bench.sink.batches.last)
            #expect(last.count == 6 && last.values.allSatisfy(\.isStaleMarker))
            await bench.scraper.stop()
            #expect(bench.sink.batchCount == count + 1)
            #expect(bench.sink.state.withLock { $0.closedStreams } == 2)
        }
    }

    @Test(
        "a scrape that fails is down with its reason",
        arguments: [
            (404, "text/plain", "a 1\n", "server returned HTTP status 404 Not Found"),
            (
                200, "", "a 1\n",
                "the response has no Content-Type; set fallback_scrape_protocol = \"PrometheusText0.0.4\" if it is the text format"
            ),
            (
                200, "text/html", "a 1\n",
                "cannot read the content type \"text/html\"; set fallback_scrape_protocol = \"PrometheusText0.0.4\" if it is the text format"
            ),
            (
                200, "text/plain", "a 1\n<p>\n",
                "line 2, column 1: expected a valid start token, got \"<\""
            ),
            (0, "", "", "cannot connect to http://a:1/metrics: nobody there"),
        ]
    )
    func failures(status: Int, type: String, body: String, text: String) async throws {
        try await withBench { bench in
            if status > 0 {
                bench.web.state.withLock {
                    $0.answers["http://a:1/metrics"] = FakeWeb.Answer(
                        status: HTTPStatus(status),
                        type: type,
                        body: Array(body.utf8)
                    )
                }
            }
            await bench.scraper.update([
                ScrapeJob(bench.options, groups: [TargetGroup(targets: ["a:1"])])
            ])
            try await bench.advance(untilBatches: 1)
            let shown = await bench.scraper.snapshots()
            #expect(shown.map(\.lastError) == [text] && shown.map(\.health) == [.down])
            let batch = try #require(bench.sink.batches.first)
            #expect(batch.values.first == 0 && batch.count == 5)
            await bench.scraper.stop()
        }
    }

    @Test("an answer without a content type is text where the job says so")
    func fallback() async throws {
        try await withBench { bench in
            bench.web.state.withLock {
                $0.answers["http://a:1/metrics"] = FakeWeb.Answer(
                    type: "",
                    body: Array("a 1\n".utf8)
                )
            }
            var options = bench.options
            options.fallbackToText = true
            await bench.scraper.update([
                ScrapeJob(options, groups: [TargetGroup(targets: ["a:1"])])
            ])
            try await bench.advance(untilBatches: 1)
            #expect(await bench.scraper.snapshots().map(\.health) == [.up])
            await bench.scraper.stop()
        }
    }

    @Test("a store that refuses scrape after scrape is told of once")
    func refusals() async throws {
        try await withBench { bench in
            bench.web.serve("http://a:1/metrics", "a 1\n")
            bench.sink.state.withLock {
                $0.outcomes = Array(repeating: .refused(.bufferUnavailable), count: 5)
            }
            await bench.scraper.update([
                ScrapeJob(bench.options, groups: [TargetGroup(targets: ["a:1"])])
            ])
            try await bench.advance(untilBatches: 1)
            await bench.scraper.stop()
            #expect(
                bench.log.texts == [
                    "level=info msg=\"a target is up\" job=j url=http://a:1/metrics",
                    "level=warn msg=\"a scrape was not stored\" job=j url=http://a:1/metrics "
                        + "samples=6 reason=buffer_unavailable",
                ]
            )
        }
    }

    @Test("asks as Prometheus asks, with what the job adds")
    func request() async throws {
        try await withBench { bench in
            bench.web.serve("http://a:1/metrics", "")
            var options = bench.options
            options.headers = HTTPHeaders([("X-Own", "1")])
            options.credentials = CredentialSource(identity: "x") { () throws(ScrapeError) in
                ScrapeCredentials(authorization: "Bearer t")
            }
            await bench.scraper.update([
                ScrapeJob(options, groups: [TargetGroup(targets: ["a:1"])])
            ])
            try await bench.advance(untilBatches: 1)
            await bench.scraper.stop()
            let request = try #require(bench.web.state.withLock { $0.requests.first })
            #expect(request.headers["X-Own"] == "1")
            #expect(request.headers["Authorization"] == "Bearer t")
            #expect(request.headers["User-Agent"] == "test/1")
            #expect(request.headers["X-Prometheus-Scrape-Timeout-Seconds"] == "0.8")
            #expect(request.timeoutMs == 800 && request.acceptsGzip && request.followsRedirects)
        }
    }

    @Test("unchanged targets keep their cycle, changed options keep their series")
    func reload() async throws {
        try await withBench { bench in
            bench.web.serve("http://a:1/metrics", "a 1\n")
            var job = ScrapeJob(bench.options, groups: [TargetGroup(targets: ["a:1"])])
            await bench.scraper.update([job])
            try await bench.advance(untilBatches: 1)
            await bench.scraper.update([job])
            job.options.honorLabels = true
            await bench.scraper.update([job])
            try await bench.advance(untilBatches: bench.sink.batchCount + 1)
            await bench.scraper.stop()
            #expect(bench.sink.state.withLock { $0.openStreams } == 1)
            #expect(bench.sink.batches.allSatisfy { !$0.values.contains(where: \.isStaleMarker) })
        }
    }

    @Test("too many targets fail every scrape of the job")
    func targetLimit() async throws {
        try await withBench { bench in
            var options = bench.options
            options.targetLimit = 1
            await bench.scraper.update([
                ScrapeJob(options, groups: [TargetGroup(targets: ["a:1", "b:1"])])
            ])
            try await bench.advance(untilBatches: 2)
            let shown = await bench.scraper.snapshots()
            await bench.scraper.stop()
            #expect(
                Set(shown.map(\.lastError)) == [
                    "target_limit exceeded (number of targets: 2, limit: 1)"
                ]
            )
        }
    }

    @Test("targets from files come and go with the file")
    func files() async throws {
        try await withBench { bench in
            bench.web.serve("http://a:1/metrics", "a 1\n")
            bench.web.serve("http://b:1/metrics", "b 1\n")
            try bench.write("/sd/x.json", #"[{"targets": ["a:1"], "labels": {"k": "v"}}]"#)
            await bench.scraper.update([
                ScrapeJob(bench.options, files: [FileDiscoveryOptions(files: ["/sd/*.json"])])
            ])
            #expect(await bench.scraper.snapshots().map(\.scrapeURL) == ["http://a:1/metrics"])
            bench.clock.advance(by: .seconds(1))
            try bench.write("/sd/x.json", #"[{"targets": ["b:1"]}]"#)
            let scraper = bench.scraper
            let clock = bench.clock
            try await waitUntil {
                clock.advance(by: .milliseconds(500))
                return await scraper.snapshots().map(\.scrapeURL) == ["http://b:1/metrics"]
            }
            await bench.scraper.stop()
        }
    }
}

/// The log, line by line without times.
private final class LogLines: LogSink {
    private let lines = Mutex<[String]>([])

    func write(line: [UInt8]) {
        let text = String(decoding: line.dropLast(), as: UTF8.self)
        lines.withLock {
            $0.append(text.split(separator: " ", maxSplits: 1).last.map(String.init) ?? "")
        }
    }

    var texts: [String] { lines.withLock { $0 } }
}

private struct Bench: Sendable {
    let clock: ManualClock
    let loop: EventLoop
    let sink: FakeSink
    let web: FakeWeb
    let disk: MemoryFileSystem
    let log: LogLines
    let scraper: Scraper

    var options: ScrapeOptions {
        var options = ScrapeOptions(jobName: "j")
        options.intervalMs = 1_000
        options.timeoutMs = 800
        return options
    }

    func timeless(_ line: String) -> String {
        String(line[..<(line.lastIndex(of: "@") ?? line.endIndex)].dropLast())
    }

    func write(_ path: String, _ text: String) throws {
        try disk.makeDirectory("/sd")
        let file = try disk.open(path, .replace)
        try file.write(text.utf8.span, at: 0)
        try file.close()
    }

    func advance(untilBatches count: Int) async throws {
        let (clock, sink) = (clock, sink)
        try await waitUntil {
            clock.advance(by: .milliseconds(50))
            return sink.batchCount >= count
        }
    }
}

private func withBench(_ body: (Bench) async throws -> Void) async throws {
    let clock = ManualClock()
    let loop = try EventLoop(clock: clock)
    clock.drive(loop)
    let thread = try loop.start()
    let disk = MemoryFileSystem(clock: clock)
    let pool = try BlockingPool(name: "files", threads: 1, queueLimit: 16)
    let web = FakeWeb()
    let sink = FakeSink()
    let log = LogLines()
    let scraper = Scraper(
        loop: loop,
        client: web,
        sink: sink,
        wallClock: clock,
        fileSystem: disk,
        files: pool,
        log: Logger(clock: clock, sink: log),
        userAgent: "test/1"
    )
    let bench = Bench(
        clock: clock,
        loop: loop,
        sink: sink,
        web: web,
        disk: disk,
        log: log,
        scraper: scraper
    )
    do {
        try await body(bench)
    } catch {
        Issue.record(error)
    }
    await scraper.stop()
    loop.stop()
    thread.join()
    pool.stop()
}
