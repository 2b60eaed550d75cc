// Matchers over postings against the same matchers over the labels themselves.
import Model
import TestSupport
import Testing

@testable import Store

@Suite("Select") struct SelectTests {
    static let texts = [
        ("a", LabelMatcher.Operation.equal, "1"), ("a", .equal, ""), ("a", .notEqual, "1"),
        ("a", .notEqual, ""), ("a", .matches, "1|2"), ("a", .matches, "1|"), ("a", .matches, ".*"),
        ("a", .matches, ".+"), ("a", .matches, "[12]x?"), ("a", .notMatches, "1|2"),
        ("a", .notMatches, "1|"), ("a", .notMatches, ".*"), ("a", .notMatches, ".+"),
        ("a", .notMatches, "x.*"), ("missing", .equal, ""), ("missing", .notEqual, ""),
        ("missing", .equal, "1"), ("missing", .matches, ".*"), ("missing", .notMatches, "1"),
        ("a", .equal, "nothing"), ("a", .notEqual, "nothing"), ("", .equal, ""),
    ]

    @Test("every matcher, and every pair of them, agrees with brute force", arguments: 0..<6)
    func bruteForce(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var all: Set<Labels> = []
        for _ in 0..<Int.random(in: 1...150, using: &random) {
            var builder = LabelsBuilder()
            for name in ["a", "b", "c"] where Bool.random(using: &random) {
                builder.set(
                    name,
                    ["1", "2", "1x", "x", "xy", "é"].randomElement(using: &random) ?? ""
                )
            }
            all.insert(builder.labels())
        }
        let series = all.map { labels in
            let time = Int64.random(in: 0...100, using: &random)
            return TestSeries(
                labels: labels,
                chunks: [(TestSegment.samples([time, time + 10], [1, 2]), false)]
            )
        }
        let segment = try TestSegment.open(try segmentBytes(series))
        try segment.verify()
        let matchers =
            try Self.texts.map { try LabelMatcher($0.0, $0.1, $0.2) }
            + Self.texts.map { try LabelMatcher($0.0 == "a" ? "b" : $0.0, $0.1, $0.2) }
        let range = TimeRange(Timestamp(ms: 30), Timestamp(ms: 60))
        for first in matchers {
            for second in matchers {
                for range in [TimeRange.all, range] {
                    let expected = series.filter { one in
                        let samples = one.chunks[0].samples
                        return [first, second].allSatisfy { $0.accepts(one.labels[$0.name] ?? "") }
                            && samples.times[0] <= range.end.ms
                            && range.start.ms <= samples.times[1]
                    }.map(\.labels)
                    let found = try segment.select([first, second], in: range).map {
                        try segment.labels(of: $0)
                    }
                    try #require(
                        Set(found) == Set(expected) && found.count == expected.count,
                        "seed \(seed): \(first), \(second)"
                    )
                }
            }
        }
        #expect(try segment.select([], in: .all) == Array(0..<segment.seriesCount))
        let names = Set(series.flatMap { $0.labels.array.map(\.name) })
        #expect(try segment.labelNames() == names.sorted())
    }

    @Test("a chunk at the very edge of the range counts, one beyond does not")
    func edges() throws {
        let segment = try TestSegment.open(try segmentBytes(TestSegment.small))
        func count(_ start: Int64, _ end: Int64) throws -> Int {
            try segment.select([], in: TimeRange(Timestamp(ms: start), Timestamp(ms: end))).count
        }
        #expect(try count(5000, 5000) == 1)
        #expect(try count(5001, 8999) == 0)
        #expect(try count(0, 999) == 0)
        #expect(try count(0, 1000) == 2)
        #expect(try count(9000, 9001) == 1)
        #expect(try count(9001, .max) == 0)
    }
}
