// What a simulated agent was given, and what has to be true of it at every destination.
import Model
import Store

/// One sample that was offered to the store; its value is its place in `ShipTruth.samples`.
struct ShippedSample {
    let series: Int
    let timeMs: Int64
    /// The number of its batch; zero while it has none.
    var number = SequenceNumber.zero
    /// Acknowledged: it has to arrive, or a verdict has to count it.
    var isRequired = false
}

/// Writes batches whose every sample can be told from all others, and remembers them.
struct ShipTruth {
    private static let seriesOfTarget = 5
    private static let targets = 3

    private(set) var samples: [ShippedSample] = []
    // Acknowledged since the last sync: a power cut may take them.
    private var unsynced: [Int] = []
    private var used: Set<SampleKey> = []
    // Every number that any batch of the store ever had, lost ones too.
    private var numbers: Set<SequenceNumber> = []
    // Batches that were stored: their numbers, in order, and how many samples these and all before have.
    private var batches: [(number: SequenceNumber, samples: Int, isCertain: Bool)] = []
    private var usedTimes: Set<Int64> = []
    private var streams: [StreamHandle] = []
    private var push: StreamHandle?

    /// The labels of a series.
    static func labels(of series: Int) -> Labels {
        Labels([Label("__name__", "shipped"), Label("n", "\(series)")])
    }

    /// The number of the series with these labels.
    static func series(of labels: Labels) -> Int? { labels["n"].flatMap { Int($0) } }

    /// Takes the streams of a store that was just opened.
    mutating func begin(_ database: Database) {
        streams = (0..<ShipTruth.targets).map { database.openStream(.scrape(job: "job-\($0)")) }
        push = database.openStream(.push)
        // What a start finds is safe from then on, where anything ever is.
        if database.options.sync != .never { unsynced = [] }
    }

    /// Everything that was acknowledged is on the disk.
    mutating func noteSynced() {
        unsynced = []
    }

    /// The power failed: what was not synced may be lost, or not.
    mutating func notePowerCut() {
        for id in unsynced { samples[id].isRequired = false }
        let lost = Set(unsynced.map { samples[$0].number })
        for index in batches.indices where lost.contains(batches[index].number) {
            batches[index].isCertain = false
        }
        unsynced = []
    }

    /// The disk was emptied: another store begins, with numbers of its own.
    mutating func noteEmptied() {
        for id in samples.indices { samples[id].isRequired = false }
        unsynced = []
        numbers = []
        batches = []
    }

    /// How many samples of the batches in (`from`, `to`] a destination is to be done with: at least and at
    /// most, where a power cut may have taken some.
    func count(from: SequenceNumber, to: SequenceNumber) -> ClosedRange<UInt64> {
        var (least, most) = (0, 0)
        for batch in batches where from < batch.number && batch.number <= to {
            most += batch.samples
            if batch.isCertain { least += batch.samples }
        }
        return UInt64(least)...UInt64(most)
    }

    /// Stores a batch: a scrape, or a push with times of its own, some of them late.
    mutating func addBatch(
        to database: Database,
        nowMs: Int64,
        _ random: inout SeededRandom
    ) throws(BrokenPromise) {
        let target = Int.random(in: 0..<ShipTruth.targets, using: &random)
        let isPush = Int.random(in: 0..<6, using: &random) == 0
        let first = target * ShipTruth.seriesOfTarget
        // A time of a target is used once, so that nothing is a duplicate.
        var timeMs = nowMs * Int64(ShipTruth.targets) + Int64(target)
        while !usedTimes.insert(timeMs).inserted { timeMs += Int64(ShipTruth.targets) }
        timeMs /= Int64(ShipTruth.targets)
        var chosen: [(series: Int, timeMs: Int64)] = []
        for series in first..<first + ShipTruth.seriesOfTarget {
            if isPush {
                for back in 0..<Int64(Int.random(in: 1...2, using: &random)) {
                    let late = Int.random(in: 0..<3, using: &random) == 0
                    chosen.append((series + 100, timeMs + back - (late ? 3_333 : 0)))
                }
            } else if Int.random(in: 0..<8, using: &random) > 0 {
                chosen.append((series, timeMs))
            }
        }
        chosen.removeAll { !used.insert(SampleKey(series: $0.series, timeMs: $0.timeMs)).inserted }
        guard !chosen.isEmpty, let push else { return }
        var batch = SampleBatch(
            stream: isPush ? push : streams[target],
            time: Timestamp(ms: timeMs)
        )
        batch.series = database.handles(
            for: chosen.map { ShipTruth.labels(of: $0.series) }
        ).compactMap { try? $0.get() }
        let begin = samples.count
        batch.values = chosen.indices.map { Double(begin + $0) }
        if isPush { batch.times = chosen.map(\.timeMs) }
        samples += chosen.map { ShippedSample(series: $0.series, timeMs: $0.timeMs) }
        // Whatever comes of it, these values are used.
        guard case .stored(let count, _) = database.append(batch) else { return }
        try BrokenPromise.unless(
            count == chosen.count,
            "\(count) of \(chosen.count) samples stored"
        )
        let number = database.end.number
        try BrokenPromise.unless(
            numbers.insert(number).inserted,
            "number \(number) was a batch's before: what arrives under it is two batches"
        )
        batches.append((number, count, true))
        for id in begin..<samples.count {
            samples[id].isRequired = true
            samples[id].number = number
            unsynced.append(id)
        }
    }

    private struct SampleKey: Hashable {
        let series: Int
        let timeMs: Int64
    }
}
