// agent.toml.example holds every key that works, and the defaults it states are the defaults.
import Collect
import Formats
import Forward
import Foundation
import Testing

@testable import Agent

@Suite("agent.toml.example") struct ExampleTests {
    private static let path = URL(filePath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "agent.toml.example")

    private static func text() throws -> String { try String(contentsOf: path, encoding: .utf8) }

    // The text with its commented keys and tables in force; prose stays a comment.
    private static func uncommented(twice: Bool) throws -> String {
        let key = /^(# )?# ((\[[^\]]*\]+|[a-z_]+ = [^=]*.*))$/
        return try text().split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard let match = line.wholeMatch(of: key), twice || match.1 == nil else {
                return String(line)
            }
            return String(match.2)
        }.joined(separator: "\n")
    }

    private static func load(_ text: String) throws -> AgentConfig {
        try ConfigLoader().load(Array(text.utf8), file: "agent.toml.example", directory: "").config
    }

    @Test("as it stands it is the defaults, spelled out")
    func defaults() throws {
        #expect(try Self.load(Self.text()) == AgentConfig())
    }

    @Test("with its comments taken away it is still right, jobs and destinations at their defaults")
    func commented() throws {
        let config = try Self.load(Self.uncommented(twice: false))
        let job = try #require(config.scrapeConfigs.first)
        var expected = ScrapeSection()
        expected.jobName = "demo"
        expected.scrapeIntervalMs = 15_000
        expected.scrapeTimeoutMs = 10_000
        expected.staticConfigs = job.staticConfigs
        expected.fileDiscoveries = job.fileDiscoveries
        expected.access = job.access
        #expect(job == expected)
        #expect(
            job.fileDiscoveries[0].refreshIntervalMs == FileDiscoverySection().refreshIntervalMs
        )

        let host = HostOptions()
        #expect(config.host.tables["diskstats"]?.exclude == host.diskExclude)
        #expect(config.host.tables["netdev"]?.exclude == host.networkExclude)
        let mounts = try #require(config.host.tables["filesystem"])
        #expect(mounts.exclude == host.mountExclude)
        #expect(mounts.typesExclude == host.fileSystemExclude)
        #expect(mounts.timeoutMs == host.mountTimeoutMs)

        let destination = try #require(config.forward.first)
        var standard = ForwardSection()
        standard.name = "central"
        standard.kind = .remoteWrite
        standard.url = "http://127.0.0.1:9090/api/v1/write"
        standard.mode = .live
        standard.access = destination.access
        var rule = RelabelRule()
        rule.sourceLabels = ["__name__"]
        rule.targetLabel = "metric"
        standard.writeRelabelRules = [rule]
        #expect(destination == standard)
        let archive = try #require(config.forward.last)
        standard = ForwardSection()
        standard.name = "archive"
        standard.kind = .archive
        standard.url = "https://s3.eu-west-1.amazonaws.com"
        standard.bucket = "metrics"
        standard.region = "us-east-1"
        #expect(archive == standard)
        #expect(S3Options(name: "", url: "", bucket: "").region == standard.region)
        #expect(destination.access.tls == TLSSection() && job.access.tls == TLSSection())
    }

    @Test("every key that works is in it")
    func complete() throws {
        let text = try Self.uncommented(twice: true)
        var table = ""
        var seen: Set<String> = []
        for line in text.split(separator: "\n") {
            if let header = line.wholeMatch(of: /\[+([a-z_.]+)\]+( .*)?/) {
                table = String(header.1)
            } else if let pair = line.wholeMatch(of: /([a-z_]+) = (.*)/) {
                let key = "\(table).\(pair.1)"
                seen.insert(key)
                for inner in pair.2.matches(of: #/[{,] ([a-z_]+) = /#) {
                    seen.insert("\(key).\(inner.1)")
                }
            }
        }
        for key in ConfigNames.working {
            // Said in prose: all collectors take it.
            if key.hasPrefix("host."), key.hasSuffix(".interval") { continue }
            #expect(seen.contains(key), "agent.toml.example lacks \(key)")
        }
    }
}
