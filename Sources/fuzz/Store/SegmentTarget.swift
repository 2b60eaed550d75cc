// Segment files: any bytes are read as far as they make sense, the rest is an error with its place.
import Model
import Platform
import Store

/// `SegmentReader` and `ChunkHeader`.
struct SegmentTarget: FuzzTarget {
    static let name = "segment"

    private let damage = StoreDamage()
    private let seeds: [[UInt8]]

    init() throws(FuzzFinding) {
        var seeds: [[UInt8]] = []
        for batches in [1, 6, 40] {
            seeds += try StoreSeed(sealed: batches, open: 0).files
                .filter { $0.path.hasSuffix(".gor") }.map(\.bytes)
        }
        try FuzzFinding.unless(seeds.count == 3, "\(seeds.count) segments instead of 3")
        self.seeds = seeds
    }

    func input(_ random: inout FuzzRandom) -> [UInt8] {
        damage.segment(random.pick(seeds), &random)
    }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        _ = try? ChunkHeader(input.span)
        let cache = BlockCache(limitBytes: 1 << 20)
        let reader: SegmentReader
        do throws(SegmentError) {
            reader = try SegmentReader(HeldBytes(input), path: "x.gor", cache: cache)
        } catch {
            return false
        }
        let isSound: Bool
        do throws(SegmentError) {
            try reader.verify()
            isSound = true
        } catch { isSound = false }
        do throws(SegmentError) {
            try readAll(reader, &random)
        } catch {
            try FuzzFinding.unless(!isSound, "what verify lets pass cannot be read: \(error)")
        }
        return isSound
    }

    // Everything that a query or the feed asks for.
    private func readAll(_ reader: SegmentReader, _ random: inout FuzzRandom) throws(SegmentError) {
        let names = try reader.labelNames()
        for name in names.prefix(8) { _ = try reader.labelValues(of: name) }
        let matchers = [
            LabelMatcher("__name__", equals: "m\(random.below(8))"),
            LabelMatcher(random.pick(names + ["job"]), equals: random.pick(["", "node", "b"])),
        ]
        _ = try reader.select(matchers, in: .all)
        if let pattern = try? LabelMatcher("x", random.pick([.matches, .notMatches]), "b|.*é") {
            _ = try reader.select([pattern], in: .all)
        }
        var samples = SampleColumns()
        for series in 0..<min(reader.seriesCount, 64) {
            let id = try reader.id(of: series)
            _ = try reader.seriesIndex(of: id)
            _ = reader.lastTime(of: id)
            _ = try reader.labels(of: series)
            for chunk in try reader.chunks(of: series).prefix(64) {
                try reader.decode(chunk, into: &samples)
                if samples.count > 100_000 { samples.removeAll() }
            }
        }
    }
}
