// Segment files: any bytes are read as far as they make sense, the rest is an error with its place; and
// what verify lets pass is answered as a walk through all series would.
import Model
import Platform
import Store

/// `SegmentReader` and `ChunkHeader`.
struct SegmentTarget: FuzzTarget {
    static let name = "segment"

    private let damage = StoreDamage()
    private let seeds: [[UInt8]]
    private let truths: [[UInt8]: StoreAnswers]

    init() throws(FuzzFinding) {
        var seeds: [[UInt8]] = []
        var truths: [[UInt8]: StoreAnswers] = [:]
        // Beyond 1,024 series rows are in more than one block, and there are postings.
        for (batches, series) in [(1, 7), (6, 7), (40, 7), (2, 300), (1, 1100)] {
            let seed = try StoreSeed(sealed: batches, open: 0, series: series)
            for file in seed.files where file.path.hasSuffix(".gor") {
                seeds.append(file.bytes)
                truths[file.bytes] = seed.answers
            }
        }
        try FuzzFinding.unless(seeds.count == 5, "\(seeds.count) segments instead of 5")
        self.seeds = seeds
        self.truths = truths
    }

    func input(_ random: inout FuzzRandom) -> [UInt8] {
        // A large one costs a hundred small ones.
        let seed = seeds[random.oneIn(8) ? seeds.count - 1 : random.below(seeds.count - 1)]
        return random.oneIn(16) ? seed : damage.segment(seed, &random)
    }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        _ = try? ChunkHeader(input.span)
        let cache = BlockCache(limitBytes: 1 << 20)
        let reader: SegmentReader
        do throws(SegmentError) {
            reader = try SegmentReader(HeldBytes(input), path: "x.gor", cache: cache)
        } catch {
            try FuzzFinding.unless(truths[input] == nil, "a whole segment is refused: \(error)")
            return false
        }
        let isSound: Bool
        do throws(SegmentError) {
            try reader.verify()
            isSound = true
        } catch {
            try FuzzFinding.unless(truths[input] == nil, "a whole segment is damaged: \(error)")
            isSound = false
        }
        let answers: SegmentAnswers
        do throws(SegmentError) {
            answers = try SegmentAnswers(reader, &random)
        } catch {
            try FuzzFinding.unless(!isSound, "what verify lets pass cannot be read: \(error)")
            return false
        }
        guard isSound else { return false }
        try answers.check()
        if let truth = truths[input] {
            let found = answers.all
            try FuzzFinding.unless(found == truth, "it holds \(truth.difference(to: found))")
        }
        return true
    }
}

/// Everything that a query or the feed asks a segment for.
private struct SegmentAnswers {
    // A series as a walk through the segment finds it.
    private struct Series {
        var labels: Labels
        var found: Int?
        var last: Int64?
        var chunks: [ChunkRef]
        var samples: SampleColumns
    }

    // Samples beyond this are decoded, and not kept.
    private static let keptSamples = 100_000

    private let summary: SegmentSummary
    private var series: [Series] = []
    private let names: [String]
    private var values: [[String]] = []
    private var selected: [(matchers: [LabelMatcher], range: TimeRange, series: [Int])] = []

    init(_ reader: SegmentReader, _ random: inout FuzzRandom) throws(SegmentError) {
        summary = reader.summary
        names = try reader.labelNames()
        for name in names { values.append(try reader.labelValues(of: name)) }
        var kept = 0
        for index in 0..<reader.seriesCount {
            let id = try reader.id(of: index)
            var one = Series(
                labels: try reader.labels(of: index),
                found: try reader.seriesIndex(of: id),
                last: reader.lastTime(of: id),
                chunks: try reader.chunks(of: index),
                samples: SampleColumns()
            )
            for chunk in one.chunks.prefix(64) {
                try reader.decode(chunk, into: &one.samples)
                if one.samples.count > SegmentAnswers.keptSamples { one.samples.removeAll() }
            }
            kept += one.samples.count
            if kept > SegmentAnswers.keptSamples { one.samples.removeAll() }
            series.append(one)
        }
        for _ in 0..<4 {
            let matchers = (0...random.below(2)).map { _ in matcher(&random) }
            let range = range(&random)
            let found = try reader.select(matchers, in: range)
            selected.append((matchers, range, found))
        }
    }

    private func matcher(_ random: inout FuzzRandom) -> LabelMatcher {
        let name = random.pick(names + ["job", "none"])
        let known = names.firstIndex(of: name).map { values[$0] } ?? []
        let value = random.pick(known + ["", "node", "b"])
        let operation = random.pick(LabelMatcher.Operation.allCases)
        let pattern = random.pick([value, ".*", ".+", "b|.*é", "m1.*", "m(1|2|7)", "|m3"])
        let text = operation == .equal || operation == .notEqual ? value : pattern
        // What a damaged segment calls a value may be no pattern.
        return (try? LabelMatcher(name, operation, text)) ?? LabelMatcher(name, equals: value)
    }

    private func range(_ random: inout FuzzRandom) -> TimeRange {
        let chunks = series.flatMap(\.chunks)
        guard !chunks.isEmpty, !random.oneIn(2) else { return .all }
        let one = random.pick(chunks).start.ms
        let other = random.pick(chunks).end.ms
        let ends = [min(one, other), max(one, other)]
        return random.oneIn(3)
            ? TimeRange(Timestamp(ms: ends[0]), Timestamp(ms: ends[0]))
            : TimeRange(Timestamp(ms: ends[0]), Timestamp(ms: ends[1]))
    }

    /// All samples of all series, late ones where they belong.
    var all: StoreAnswers {
        var all = StoreAnswers()
        for one in series { all.add(one.samples, of: one.labels) }
        return all
    }

    /// Holds the answers against each other.
    /// - Throws: what does not fit.
    func check() throws(FuzzFinding) {
        for (index, one) in series.enumerated() {
            try FuzzFinding.unless(
                one.found == index,
                "series \(index) is found as \(one.found.map { "\($0)" } ?? "none")"
            )
            let ends = one.chunks.filter { !$0.isLate }.map(\.end.ms)
            let last = summary.clockStep <= summary.range.after ? ends.max() : nil
            try FuzzFinding.unless(
                one.last == last,
                "\(one.labels) ends at \(one.last ?? -1), its chunks at \(ends)"
            )
        }
        var pairs: [String: Set<String>] = [:]
        for one in series {
            for label in one.labels.array { pairs[label.name, default: []].insert(label.value) }
        }
        for (name, values) in zip(names, values) {
            let missing = (pairs[name] ?? []).subtracting(values)
            try FuzzFinding.unless(missing.isEmpty, "\(name) lacks the values \(missing)")
        }
        let missing = Set(pairs.keys).subtracting(names)
        try FuzzFinding.unless(missing.isEmpty, "the names \(missing) are missing")
        for (matchers, range, found) in selected {
            let wanted = series.indices.filter { index in
                let one = series[index]
                return matchers.allSatisfy { $0.accepts(one.labels[$0.name] ?? "") }
                    && summary.timeRange.overlaps(range)
                    && one.chunks.contains { $0.overlaps(range) }
            }
            try FuzzFinding.unless(
                found == wanted,
                "\(matchers) in \(range) selects \(found), a walk \(wanted)"
            )
        }
    }
}
