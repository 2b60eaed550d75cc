// A copy under other labels has the same samples, and says so.
import Codec
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Segment rewriter") struct SegmentRewriterTests {
    private let directory: TemporaryDirectory
    private let fileSystem = PosixFileSystem()

    init() throws {
        directory = try TemporaryDirectory("rewriter")
    }

    private func source(
        _ series: [TestSeries],
        ledger: Ledger = Ledger()
    ) throws -> SegmentReader {
        let path = directory.file("source.gor")
        try TestSegment.write(
            series,
            fileSystem,
            path,
            ledger: ledger.bytes,
            replaced: ["old.gor"]
        )
        return try SegmentReader(fileSystem, path: path)
    }

    private func rewrite(
        _ source: SegmentReader,
        as identity: SegmentRewriter.Identity? = nil,
        _ labels: @escaping (Labels) -> Labels?
    ) throws -> (copy: SegmentReader, outcome: SegmentRewriter.Outcome) {
        let path = directory.file("copy.gor")
        let outcome = try SegmentRewriter(source, as: identity, labels: labels)
            .write(fileSystem, path: path)
        let copy = try SegmentReader(fileSystem, path: path)
        try copy.verify()
        #expect(copy.summary == outcome.summary)
        return (copy, outcome)
    }

    private func adding(_ name: String, _ value: String) -> (Labels) -> Labels? {
        { labels in
            var builder = LabelsBuilder(labels)
            builder.set(name, value)
            return builder.labels()
        }
    }

    // What a receiver would see: series by labels, samples by time and bits, and whether they are late.
    private func facts(
        _ segment: SegmentReader,
        _ labels: (Labels) -> Labels?
    ) throws -> [String] {
        var facts: [String] = []
        for series in 0..<segment.seriesCount {
            guard let name = labels(try segment.labels(of: series)) else { continue }
            for chunk in try segment.chunks(of: series) {
                var samples = SampleColumns()
                try segment.decode(chunk, into: &samples)
                for (time, value) in zip(samples.times, samples.values) {
                    facts.append("\(name) \(time) \(value.bitPattern)")
                }
            }
        }
        return facts.sorted()
    }

    @Test("new labels, the same samples, payloads byte for byte")
    func external() throws {
        var ledger = Ledger()
        ledger.count("push", stored: 34, generated: 0, drops: [])
        let source = try source(TestSegment.golden, ledger: ledger)
        let add = adding("site", "b")
        let (copy, outcome) = try rewrite(source, add)
        #expect(try facts(copy, { $0 }) == facts(source, add))
        #expect(copy.storeID == source.storeID)
        #expect(copy.range == source.range)
        #expect(copy.timeRange == source.timeRange)
        #expect(copy.ledgerBytes == source.ledgerBytes)
        #expect(copy.replaced.isEmpty)
        #expect(copy.summary.sampleCount == source.summary.sampleCount)
        #expect(copy.summary.lateSampleCount == source.summary.lateSampleCount)
        #expect(outcome.filteredSeries == 0)
        #expect(outcome.joinedSeries == 0)
        for series in 0..<source.seriesCount {
            let labels = try #require(add(try source.labels(of: series)))
            let id = SeriesIdentity.id(of: labels)
            let place = try #require(try copy.seriesIndex(of: id))
            #expect(
                try copy.chunks(of: place).map { try copy.content(of: $0).dropFirst(64) }
                    == source.chunks(of: series).map { try source.content(of: $0).dropFirst(64) }
            )
        }
    }

    @Test("what gets no labels is left out and counted")
    func filtered() throws {
        let source = try source(TestSegment.small)
        let drop: (Labels) -> Labels? = { labels in
            switch labels["instance"] {
            case "a:9100": nil
            case "b:9100": Labels()
            default: labels
            }
        }
        let (copy, outcome) = try rewrite(source, drop)
        #expect(copy.seriesCount == 1)
        #expect(copy.summary.sampleCount == 1)
        #expect(outcome.filteredSeries == 2)
        #expect(outcome.filteredSamples == 9)
        #expect(outcome.summary.sampleCount + outcome.filteredSamples == 10)
    }

    @Test("a copy of nothing is a segment without series")
    func empty() throws {
        let (copy, outcome) = try rewrite(try source(TestSegment.small)) { _ in nil }
        #expect(copy.seriesCount == 0)
        #expect(copy.range == TestSegment.range)
        #expect(outcome.filteredSamples == 10)
    }

    @Test("series that lose what told them apart become one, and nothing of them is hidden")
    func joined() throws {
        let source = try source(TestSegment.small)
        let (copy, outcome) = try rewrite(source) { $0.dropping(["instance"]) }
        #expect(outcome.joinedSeries == 1)
        #expect(outcome.overlappingChunks == 1)
        #expect(copy.seriesCount == 2)
        #expect(copy.summary.sampleCount == 10)
        let up = SeriesIdentity.id(of: TestSegment.labels(["__name__": "up", "job": "node"]))
        let place = try #require(try copy.seriesIndex(of: up))
        let chunks = try copy.chunks(of: place)
        #expect(chunks.map(\.isLate) == [false, false, true, true])
        #expect(try facts(copy, { $0 }) == facts(source, { $0.dropping(["instance"]) }))
    }

    @Test("a copy may count as other batches of another store")
    func renumbered() throws {
        var ledger = Ledger()
        ledger.count("agent", stored: 10, generated: 0, drops: [])
        let identity = SegmentRewriter.Identity(
            storeID: StoreID(bytes: Array(repeating: 7, count: 16)),
            range: SequenceRange(
                after: SequenceNumber(start: 1_800_000_000, count: 4),
                through: SequenceNumber(start: 1_800_000_000, count: 5)
            ),
            ledger: ledger
        )
        let (copy, _) = try rewrite(try source(TestSegment.small), as: identity) { $0 }
        #expect(copy.storeID == identity.storeID)
        #expect(copy.range == identity.range)
        #expect(try Ledger(copy.ledgerBytes) == ledger)
    }

    @Test("the file can be carried away in parts")
    func parts() throws {
        let source = try source(TestSegment.small)
        var bytes: [UInt8] = []
        for start in stride(from: 0, to: source.byteCount, by: 100) {
            bytes += try source.copy(of: start..<min(start + 100, source.byteCount))
        }
        #expect(bytes == (try fileSystem.readAll(source.path, limit: 1 << 20)))
    }

    @Test("a damaged chunk is not copied, and nothing is left behind")
    func damaged() throws {
        let path = directory.file("source.gor")
        try TestSegment.write(TestSegment.small, fileSystem, path)
        let first = try #require(try SegmentReader(fileSystem, path: path).chunks(of: 0).first)
        let file = try fileSystem.open(path, .readWrite)
        let last = Int64(first.offset + first.byteCount - 1)
        let byte = try file.read(1, at: last)
        try file.write([byte[0] ^ 1].span, at: last)
        let damaged = try SegmentReader(fileSystem, path: path)
        let error = #expect(throws: SegmentError.self) {
            let path = directory.file("copy.gor")
            _ = try SegmentRewriter(damaged) { $0 }.write(fileSystem, path: path)
        }
        #expect(error?.isDamage == true)
        #expect(try fileSystem.list(directory.path) == ["source.gor"])
    }

    @Test("any labels: every sample once, and where it was", arguments: 0..<200)
    func anything(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let series = (0..<Int.random(in: 1...40, using: &random)).map { index in
            var time = Int64.random(in: 0...3000, using: &random)
            var chunks: [(samples: SampleColumns, isLate: Bool)] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let count = Int.random(in: 1...30, using: &random)
                let times = (0..<count).map { _ -> Int64 in
                    time += Int64.random(in: 1...100, using: &random)
                    return time
                }
                let values = times.map { _ in Double(Int.random(in: 0...9, using: &random)) }
                chunks.append((TestSegment.samples(times, values), false))
            }
            if Bool.random(using: &random) {
                chunks.append((TestSegment.samples([5], [1]), true))
            }
            return TestSeries(
                labels: TestSegment.labels([
                    "__name__": "m\(index % 3)", "a": "\(index)", "b": "\(index % 5)",
                ]),
                chunks: chunks
            )
        }
        let source = try source(series)
        let dropped = Int.random(in: 0...3, using: &random)
        let names = [["a"], ["a", "b"], ["b"], []].randomElement(using: &random) ?? []
        let rule: (Labels) -> Labels? = { labels in
            labels["__name__"] == "m\(dropped)" ? nil : labels.dropping(names)
        }
        let (copy, outcome) = try rewrite(source, rule)
        #expect(try facts(copy, { $0 }) == facts(source, rule), "seed \(seed)")
        #expect(
            copy.summary.sampleCount + outcome.filteredSamples == source.summary.sampleCount,
            "seed \(seed)"
        )
        // Chunks in order never overlap: a reader could not merge them.
        for index in 0..<copy.seriesCount {
            let inOrder = try copy.chunks(of: index).filter { !$0.isLate }
            for (one, next) in zip(inOrder, inOrder.dropFirst()) {
                #expect(one.end < next.start, "seed \(seed)")
            }
        }
    }
}
