// What a store says of all its series, to be held against what it said before, or should say.
import Model
import Store

/// All samples of all series.
struct StoreAnswers: Equatable {
    private(set) var series: [Labels: SampleColumns] = [:]

    /// Asks the store, which must answer in ascending times, and with each series once unless it
    /// holds a forged segment: one with other labels than its ids say.
    /// - Throws: when it does not.
    init(_ database: Database, isForged: Bool = false) throws(FuzzFinding) {
        let selection: Selection
        do throws(SegmentError) {
            selection = try database.select([], in: .all)
            _ = try database.labelValues(of: "job")
            _ = try database.labelNames()
        } catch {
            throw FuzzFinding("cannot select: \(error)")
        }
        for index in 0..<selection.count {
            var samples = SampleColumns()
            selection.read(at: index, in: .all, into: &samples)
            let labels = selection.labels(at: index)
            let times = samples.times
            try FuzzFinding.unless(
                zip(times, times.dropFirst()).allSatisfy { $0 < $1 },
                "the times of \(labels) do not ascend: \(times)"
            )
            try FuzzFinding.unless(isForged || series[labels] == nil, "\(labels) comes twice")
            add(samples, of: labels)
        }
    }

    /// Starts without a series.
    init() {}

    /// Adds a series' samples, in any order of their times.
    mutating func add(_ samples: SampleColumns, of labels: Labels) {
        if samples.times.isEmpty { return }
        let order = samples.times.indices.sorted { samples.times[$0] < samples.times[$1] }
        var sorted = series[labels] ?? SampleColumns()
        for index in order { sorted.append(samples.times[index], samples.values[index]) }
        series[labels] = sorted
    }

    static func == (one: StoreAnswers, other: StoreAnswers) -> Bool {
        one.series.count == other.series.count
            && one.series.allSatisfy { labels, samples in
                other.series[labels].map { isSame($0, samples) } ?? false
            }
    }

    /// Whether every sample here is one of `whole`, bit for bit.
    func isPart(of whole: StoreAnswers) -> Bool {
        series.allSatisfy { labels, samples in
            guard let known = whole.series[labels] else { return false }
            var place = 0
            for index in samples.times.indices {
                while place < known.count, known.times[place] < samples.times[index] { place += 1 }
                guard place < known.count, known.times[place] == samples.times[index],
                    known.values[place].bitPattern == samples.values[index].bitPattern
                else { return false }
            }
            return true
        }
    }

    /// A series that is not the same in both, as text.
    func difference(to other: StoreAnswers) -> String {
        for labels in Set(series.keys).union(other.series.keys).sorted() {
            let one = series[labels] ?? SampleColumns()
            let two = other.series[labels] ?? SampleColumns()
            if StoreAnswers.isSame(one, two) { continue }
            return "\(labels) from \(StoreAnswers.text(one)) to \(StoreAnswers.text(two))"
        }
        return "nothing"
    }

    private static func isSame(_ one: SampleColumns, _ other: SampleColumns) -> Bool {
        one.times == other.times
            && one.values.map(\.bitPattern) == other.values.map(\.bitPattern)
    }

    private static func text(_ samples: SampleColumns) -> String {
        "\(zip(samples.times, samples.values).map { "\($0) \($1)" })"
    }
}
