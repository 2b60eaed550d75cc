// From text to batch: order, markers, honour, limits, times, what the store refuses or forgets.
import Formats
import Model
import TestSupport
import Testing

@testable import Collect

@Suite("scrape intake") struct ScrapeIntakeTests {
    @Test("brings samples in the order of the text, then the report")
    func order() {
        var run = IntakeRun()
        #expect(
            run.scrape("b 2\na{x=\"y\"} 1\n") == """
                b{instance="h:1", job="j"} 2.0 @1000
                a{instance="h:1", job="j", x="y"} 1.0 @1000
                up 1.0 | scraped 2.0 | kept 2.0 | added 2.0
                """
        )
        #expect(
            run.scrape("b 3\na{x=\"y\"} 1\n") == """
                b{instance="h:1", job="j"} 3.0 @2000
                a{instance="h:1", job="j", x="y"} 1.0 @2000
                up 1.0 | scraped 2.0 | kept 2.0 | added 0.0
                """
        )
        #expect(run.lastBatch.generatedTail == 5 && run.lastBatch.generatedMarkers)
        #expect(run.lastBatch.times.isEmpty && run.admissions == 7)
    }

    @Test("marks what is gone, once, and what comes back is added")
    func markers() {
        var run = IntakeRun()
        _ = run.scrape("a 1\nb 1\n")
        #expect(
            run.scrape("a 1\n") == """
                a{instance="h:1", job="j"} 1.0 @2000
                b{instance="h:1", job="j"} stale @2000
                up 1.0 | scraped 1.0 | kept 1.0 | added 0.0
                """
        )
        #expect(run.scrape("a 1\n").contains("stale") == false)
        #expect(run.scrape("a 1\nb 1\n").contains("added 1.0"))
    }

    @Test("a failed scrape brings nothing and marks everything")
    func failure() {
        var run = IntakeRun()
        _ = run.scrape("a 1\nb 1\n")
        #expect(
            run.scrape("c 1\na 5\nb{ 1\n") == """
                a{instance="h:1", job="j"} stale @2000
                b{instance="h:1", job="j"} stale @2000
                up 0.0 | scraped 2.0 | kept 2.0 | added 0.0
                line 3, column 5: expected }, got "\\n"
                """
        )
        #expect(run.scrape("").contains("stale") == false)
        #expect(run.scrape("c 1\na 5\n").hasSuffix("up 1.0 | scraped 2.0 | kept 2.0 | added 2.0"))
    }

    @Test("another spelling of a series is not its end")
    func spelling() {
        var run = IntakeRun()
        _ = run.scrape("a{x=\"1\"} 1\n")
        #expect(
            run.scrape("a{x=\"1\",} 2\n") == """
                a{instance="h:1", job="j", x="1"} 2.0 @2000
                up 1.0 | scraped 1.0 | kept 1.0 | added 1.0
                """
        )
    }

    @Test("a repeated series counts as a duplicate")
    func duplicates() {
        var run = IntakeRun()
        #expect(run.scrape("a 1\na 2\n").hasPrefix("a{instance=\"h:1\", job=\"j\"} 1.0 @1000\nup"))
        #expect(run.lastBatch.droppedBefore == [DropCount(.duplicate, 1)])
    }

    @Test("labels that the target has too move to exported_, or win if honoured")
    func honour() {
        var run = IntakeRun()
        let text = "a{job=\"own\",exported_job=\"x\"} 1\n"
        #expect(
            run.scrape(text).hasPrefix(
                #"a{exported_exported_job="own", exported_job="x", instance="h:1", job="j"} 1.0"#
            )
        )
        var options = ScrapeOptions(jobName: "j")
        options.honorLabels = true
        run = IntakeRun(options)
        #expect(
            run.scrape(text).hasPrefix(#"a{exported_job="x", instance="h:1", job="own"} 1.0"#)
        )
    }

    @Test("times in the text count, and their series get no markers")
    func times() {
        var run = IntakeRun()
        #expect(
            run.scrape("a 1 500\nb 2\n") == """
                a{instance="h:1", job="j"} 1.0 @500
                b{instance="h:1", job="j"} 2.0 @1000
                up 1.0 | scraped 2.0 | kept 2.0 | added 2.0
                """
        )
        #expect(run.lastBatch.times == [500, 1000, 1000, 1000, 1000, 1000, 1000])
        #expect(
            run.scrape("c 1\n") == """
                c{instance="h:1", job="j"} 1.0 @2000
                b{instance="h:1", job="j"} stale @2000
                up 1.0 | scraped 1.0 | kept 1.0 | added 1.0
                """
        )
        var options = ScrapeOptions(jobName: "j")
        options.honorTimestamps = false
        run = IntakeRun(options)
        #expect(run.scrape("a 1 500\n").hasPrefix(#"a{instance="h:1", job="j"} 1.0 @1000"#))
        options.honorTimestamps = true
        options.trackTimestampsStaleness = true
        run = IntakeRun(options)
        _ = run.scrape("a 1 500\n")
        #expect(run.scrape("b 1\n").contains(#"a{instance="h:1", job="j"} stale @2000"#))
    }

    @Test(
        "limits fail the scrape with Prometheus's words",
        arguments: [
            (1, 0, 0, 0, "sample limit exceeded (limit: 1)"),
            (0, 3, 0, 0, "label_limit exceeded (metric: \"a\", number of labels: 4, limit: 3)"),
            (
                0, 0, 8, 0,
                "label_name_length_limit exceeded (metric: \"a\", label name: \"long_name\", length: 9, limit: 8)"
            ),
            (
                0, 0, 0, 5,
                "label_value_length_limit exceeded (metric: \"a\", label name: \"long_name\", length: 6, limit: 5)"
            ),
        ]
    )
    func limits(samples: Int, labels: Int, name: Int, value: Int, text: String) {
        var options = ScrapeOptions(jobName: "j")
        options.sampleLimit = samples
        options.labelLimit = labels
        options.labelNameLengthLimit = name
        options.labelValueLengthLimit = value
        var run = IntakeRun(options)
        #expect(run.scrape("a{long_name=\"values\"} 1\nb 1\n").hasSuffix("\n" + text))
        #expect(run.lastBatch.values.first == 0)
    }

    @Test("rules drop and rename series")
    func rewrite() {
        var options = ScrapeOptions(jobName: "j")
        options.sampleLimit = 1
        options.seriesRewrite = LabelRewrite(identity: "x") { labels in
            labels.metricName == "drop" ? nil : labels
        }
        var run = IntakeRun(options)
        for _ in 0..<2 {
            #expect(run.scrape("drop 1\na 1\n").contains("up 1.0 | scraped 2.0 | kept 1.0"))
        }
    }

    @Test("what the store refuses is counted, what it forgets is learned anew")
    func store() {
        var run = IntakeRun()
        run.refused = ["b"]
        #expect(run.scrape("a 1\nb 1\nb 1\n").contains("b{") == false)
        #expect(
            run.lastBatch.droppedBefore == [DropCount(.duplicate, 1), DropCount(.seriesLimit, 1)]
        )
        _ = run.scrape("a 1\nb 2\nc 3\n")
        let before = run.lastBatch
        run.forget()
        let after = run.relearn(before, [0, 3])
        #expect(after.values.prefix(3).elementsEqual(before.values.prefix(3)))
        #expect(after.series[0] != before.series[0] && after.series[1] == before.series[1])
        #expect(after.count == before.count && after.generatedTail == 5)
        #expect(after.series[3] != before.series[3])
    }

    @Test("changed rules end what only the old ones brought")
    func change() {
        var run = IntakeRun()
        _ = run.scrape("a 1\nb{job=\"x\"} 1\n")
        var options = ScrapeOptions(jobName: "j")
        options.honorLabels = true
        run.intake.change(SeriesLabels(options: options, target: IntakeRun.target))
        #expect(
            run.scrape("a 1\nb{job=\"x\"} 1\n") == """
                a{instance="h:1", job="j"} 1.0 @2000
                b{instance="h:1", job="x"} 1.0 @2000
                b{exported_job="x", instance="h:1", job="j"} stale @2000
                up 1.0 | scraped 2.0 | kept 2.0 | added 2.0
                """
        )
    }

    @Test("a target that goes marks its report too")
    func retire() {
        var run = IntakeRun()
        _ = run.scrape("a 1\n")
        let batch = run.intake.lastBatch(StreamHandle(raw: 1), at: Timestamp(ms: 9))
        #expect(batch.count == 6 && batch.values.allSatisfy(\.isStaleMarker))
        #expect(batch.generatedTail == 5)
    }

    @Test("forgets series that stay away")
    func forgetting() {
        var run = IntakeRun()
        for round in 0..<40 { _ = run.scrape("a 1\nb{n=\"\(round)\"} 1\n") }
        #expect(run.intake.cache.slots.count < 20)
    }

    @Test("damaged text means the same whether its series are known or not", arguments: 0..<20)
    func damage(seed: UInt64) {
        let whole =
            "a 1\na{b=\"c\"} 2\na{b=\"c\\\"}\",d=\"e\"}3 4\n{\"x.y\"} 5\nlonger_name 6e3\nlonger 7\n"
        var random = SeededRandom(seed: seed)
        for _ in 0..<50 {
            var text = Array(whole.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let at = Int.random(in: 0..<text.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: text[at] = Array("{}\" \na1\\\t".utf8).randomElement(using: &random) ?? 0x20
                case 1: text.remove(at: at)
                default: text.insert(text[at], at: at)
                }
            }
            let damaged = String(decoding: text, as: UTF8.self)
            var known = IntakeRun()
            _ = known.scrape(whole)
            var fresh = IntakeRun()
            _ = fresh.scrape("")
            // What is gone and what is new differ by design.
            let one = lines(known.scrape(damaged))
            let other = lines(fresh.scrape(damaged))
            #expect(one == other, "seed \(seed): \(damaged)")
        }
    }

    private func lines(_ shown: String) -> [Substring] {
        shown.split(separator: "\n").filter { !$0.contains(" stale @") && !$0.hasPrefix("up ") }
    }

    @Test("tells metadata once")
    func metadata() {
        var run = IntakeRun()
        for _ in 0..<3 { _ = run.scrape("# HELP a x\\\\y\n# TYPE a counter\na 1\n") }
        _ = run.scrape("# TYPE a gauge\n")
        #expect(
            run.notes == [
                "a help(\"x\\\\y\")", "a kind(Model.MetricKind.counter)",
                "a kind(Model.MetricKind.gauge)",
            ]
        )
    }
}

/// Runs scrapes one second apart against a store that admits everything.
private struct IntakeRun {
    static let target = [Label("instance", "h:1"), Label("job", "j")]

    var intake: ScrapeIntake
    var known: [Labels] = []
    var refused: Set<String> = []
    var notes: [String] = []
    var admissions = 0
    var nowMs: Int64 = 0
    var lastBatch = SampleBatch(stream: StreamHandle(raw: 1), time: Timestamp(ms: 0))
    private var generation: UInt64 = 0

    init(_ options: ScrapeOptions = ScrapeOptions(jobName: "j")) {
        intake = ScrapeIntake(SeriesLabels(options: options, target: IntakeRun.target))
    }

    mutating func scrape(_ text: String) -> String {
        nowMs += 1000
        intake.begin()
        let bytes = Array(text.utf8)
        var told: [String] = []
        var isWhole = intake.take(bytes.span) { told.append("\($0) \($1)") }
        if isWhole { isWhole = intake.finish { told.append("\($0) \($1)") } }
        notes += told
        admit()
        lastBatch = intake.batch(
            StreamHandle(raw: 1),
            at: Timestamp(ms: nowMs),
            isUp: isWhole,
            durationSeconds: 0
        )
        var lines: [String] = []
        var report: [String] = []
        let short = ["up", "duration", "scraped", "kept", "added"]
        for index in lastBatch.series.indices {
            let value = lastBatch.values[index]
            let shown = value.isStaleMarker ? "stale" : "\(value)"
            let tail = index - (lastBatch.count - lastBatch.generatedTail)
            if tail >= 0 {
                if tail != 1 { report.append("\(short[tail]) \(shown)") }
                continue
            }
            let labels = known[Int(lastBatch.series[index].raw % 1000)]
            lines.append("\(labels) \(shown) @\(lastBatch.timeMs(index))")
        }
        lines.append(report.joined(separator: " | "))
        if let failure = intake.failure { lines.append("\(failure)") }
        return lines.joined(separator: "\n")
    }

    mutating func forget() { generation += 1000 }

    mutating func relearn(_ batch: SampleBatch, _ places: [Int]) -> SampleBatch {
        intake.relearn(places)
        admit()
        return intake.renewed(batch)
    }

    private mutating func admit() {
        let wanted = intake.wanted()
        admissions += wanted.count
        var answers: [SeriesAdmission] = []
        for labels in wanted {
            if refused.contains(labels.metricName ?? "") {
                answers.append(.refused(.seriesLimit))
                continue
            }
            let index = known.firstIndex(of: labels) ?? known.count
            if index == known.count { known.append(labels) }
            answers.append(.admitted(SeriesHandle(raw: UInt64(index) + generation)))
        }
        intake.admit(answers)
    }
}
