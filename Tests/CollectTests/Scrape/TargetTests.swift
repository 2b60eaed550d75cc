// From address and labels to URL and labels.
import Model
import Testing

@testable import Collect

@Suite("scrape target") struct TargetTests {
    @Test(
        "is made as Prometheus makes it",
        arguments: [
            ("h:9100", [], #"http://h:9100/metrics {instance="h:9100", job="j"}"#),
            (
                "[::1]:80", [("env", "prod"), ("__meta_x", "y"), ("instance", "me")],
                #"http://[::1]:80/metrics {env="prod", instance="me", job="j"}"#
            ),
            (
                "h", [("__scheme__", "https"), ("__metrics_path__", "m"), ("__param_q", "a b")],
                #"https://h/m?q=a+b {instance="h", job="j"}"#
            ),
            (
                "unix:/run/app.sock", [],
                #"http://localhost/metrics {instance="unix:/run/app.sock", job="j"} via /run/app.sock"#
            ),
            (
                "h:1", [("__unix_socket__", "/s"), ("job", "other")],
                #"http://h:1/metrics {instance="h:1", job="other"} via /s"#
            ),
        ] as [(String, [(String, String)], String)]
    )
    func made(address: String, labels: [(String, String)], shown: String) throws {
        let group = TargetGroup(targets: [address], labels: labels.map { Label($0.0, $0.1) })
        let target = try #require(
            try Target.make(address, in: group, of: ScrapeOptions(jobName: "j"))
        )
        let socket = target.unixSocket.isEmpty ? "" : " via \(target.unixSocket)"
        #expect("\(target.url) \(target.labels)\(socket)" == shown)
        #expect(target.intervalMs == 15_000 && target.timeoutMs == 10_000)
    }

    @Test("puts the job's parameters into the URL")
    func parameters() throws {
        var options = ScrapeOptions(jobName: "j")
        options.params = [ScrapeParameter("match[]", ["a", "b"]), ScrapeParameter("x", ["1"])]
        let group = TargetGroup(targets: ["h:1"], labels: [Label("__param_x", "2")])
        let target = try Target.make("h:1", in: group, of: options)
        #expect(target?.url == "http://h:1/metrics?match%5B%5D=a&match%5B%5D=b&x=2")
    }

    @Test(
        "is refused with a reason",
        arguments: [
            ("", [], "job j: a target has no address"),
            ("h/x", [], "job j: \"h/x\" is not a valid address; write host:port without a path"),
            ("h", [("__scheme__", "ftp")], "target h: scheme \"ftp\" is neither http nor https"),
            (
                "h", [("__scrape_timeout__", "1m")],
                "target h: its timeout is longer than its interval"
            ),
            (
                "h", [("__scrape_interval__", "x")],
                "target h: __scrape_interval__ \"x\" is no duration above zero"
            ),
        ] as [(String, [(String, String)], String)]
    )
    func refused(address: String, labels: [(String, String)], text: String) {
        let group = TargetGroup(targets: [address], labels: labels.map { Label($0.0, $0.1) })
        do throws(TargetError) {
            _ = try Target.make(address, in: group, of: ScrapeOptions(jobName: "j"))
            Issue.record("accepted")
        } catch {
            #expect(error.description == text)
        }
    }

    @Test("the rules may drop it or change it")
    func rewritten() throws {
        var options = ScrapeOptions(jobName: "j")
        options.targetRewrite = LabelRewrite(identity: "drop") { _ in nil }
        let group = TargetGroup(targets: ["h:1"])
        #expect(try Target.make("h:1", in: group, of: options) == nil)
        options.targetRewrite = LabelRewrite(identity: "set") { labels in
            Labels(labels.array + [Label("added", "yes"), Label("__tmp", "x")])
        }
        let target = try Target.make("h:1", in: group, of: options)
        #expect(target?.labels.description == #"{added="yes", instance="h:1", job="j"}"#)
        #expect(target?.discovered["__metrics_path__"] == "/metrics")
    }
}
