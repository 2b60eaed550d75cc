// Series in memory, written in a line: `name{a="b"} 0+10x5 _ stale NaN`, one value a minute from 0.
import Model
import PromQL
import Synchronization

struct SeriesFixture: Queryable {
    private let series: [(labels: Labels, samples: SampleColumns)]
    let failure: QueryStorageError?

    /// One series a line.
    ///
    /// `a+bxn` stands for a, a+b … n further values; `axn` for n+1 times a; `_` for no sample,
    /// `_xn` for n of them; `stale` for the marker.
    init(_ text: String, everyMs: Int64 = 60_000, failure: QueryStorageError? = nil) {
        self.failure = failure
        var series: [(labels: Labels, samples: SampleColumns)] = []
        for line in text.split(separator: "\n") {
            let trimmed = line.drop { $0 == " " }
            if trimmed.isEmpty { continue }
            let end = trimmed.lastIndex(of: "}").map { trimmed.index(after: $0) }
            let split = end ?? trimmed.firstIndex(of: " ") ?? trimmed.endIndex
            var samples = SampleColumns()
            var time: Int64 = 0
            for word in trimmed[split...].split(separator: " ") {
                for value in SeriesFixture.values(String(word)) {
                    if let value { samples.append(time, value) }
                    time += everyMs
                }
            }
            series.append((SeriesFixture.labels(String(trimmed[..<split])), samples))
        }
        self.series = series.sorted { $0.labels < $1.labels }
    }

    init(_ series: [(labels: Labels, samples: SampleColumns)]) {
        self.series = series.sorted { $0.labels < $1.labels }
        failure = nil
    }

    static func labels(_ text: String) -> Labels {
        guard !text.isEmpty, let matchers = try? PromQLParser.parseSelector(text) else {
            return Labels()
        }
        return Labels(matchers.map { Label($0.name, $0.value) })
    }

    private static func values(_ word: String) -> [Double?] {
        let parts = word.split(separator: "x").map(String.init)
        let count = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        if parts[0] == "_" { return [Double?](repeating: nil, count: max(1, count)) }
        if parts[0] == "stale" { return [StaleMarker.value] }
        let digits = parts[0]
        if let sign = digits.dropFirst().lastIndex(where: { $0 == "+" || $0 == "-" }),
            digits[digits.index(before: sign)] != "e", parts.count > 1
        {
            let start = Double(digits[..<sign]) ?? 0
            let increase = Double(digits[sign...]) ?? 0
            return (0...count).map { start + increase * Double($0) }
        }
        return [Double?](repeating: Double(digits) ?? .nan, count: count + 1)
    }

    func select(
        _ matchers: [LabelMatcher],
        in range: TimeRange,
        hints: SelectHints
    ) throws(QueryStorageError) -> any SeriesSelection {
        if let failure { throw failure }
        return Selection(
            series.filter { series in
                matchers.allSatisfy { $0.accepts(series.labels[$0.name] ?? "") }
            }
        )
    }

    private final class Selection: SeriesSelection {
        let series: [(labels: Labels, samples: SampleColumns)]

        init(_ series: [(labels: Labels, samples: SampleColumns)]) {
            self.series = series
        }

        var count: Int { series.count }

        func labels(at index: Int) -> Labels { series[index].labels }

        func read(
            at index: Int,
            in range: TimeRange,
            into samples: inout SampleColumns
        ) throws(QueryStorageError) {
            samples.removeAll()
            let source = series[index].samples
            for place in 0..<source.count
            where range.contains(Timestamp(ms: source.times[place])) {
                samples.append(source.times[place], source.values[place])
            }
        }
    }
}

/// The answer of a query as lines, or its error: what tables of expectations compare.
enum Answer {
    static func instant(
        _ query: String,
        _ fixture: SeriesFixture,
        atMinute minute: Double = 0,
        options: QueryOptions = QueryOptions()
    ) -> String {
        do throws(QueryError) {
            let time = Timestamp(ms: Int64(minute * 60_000))
            let result = try QueryEngine(options).instant(query, at: time, on: fixture)
            return text(result)
        } catch {
            return "\(error.apiType): \(error)"
        }
    }

    static func range(
        _ query: String,
        _ fixture: SeriesFixture,
        minutes: ClosedRange<Int64>,
        stepMs: Int64 = 60_000
    ) -> String {
        do throws(QueryError) {
            let result = try QueryEngine().range(
                query,
                from: Timestamp(ms: minutes.lowerBound * 60_000),
                to: Timestamp(ms: minutes.upperBound * 60_000),
                stepMs: stepMs,
                on: fixture
            )
            return text(result)
        } catch {
            return "\(error.apiType): \(error)"
        }
    }

    static func text(_ result: QueryResult) -> String {
        var lines: [String] = []
        switch result.value {
        case .scalar(let sample): lines.append("scalar \(number(sample.value))")
        case .string(let text, _): lines.append("string \(text)")
        case .vector(let elements):
            for element in elements {
                lines.append("\(element.labels) \(number(element.sample.value))")
            }
        case .matrix(let series):
            for series in series {
                var line = "\(series.labels)"
                for index in 0..<series.samples.count {
                    let time = Double(series.samples.times[index]) / 60_000
                    line += " \(number(series.samples.values[index]))@\(number(time))"
                }
                lines.append(line)
            }
        }
        return (lines + result.warnings + result.infos).joined(separator: "\n")
    }

    // Rounded to 12 digits: expectations are written by hand.
    private static func number(_ value: Double) -> String {
        guard value.isFinite, value != 0 else { return FloatText.text(value) }
        let whole = value.rounded()
        if (value - whole).magnitude < value.magnitude * 1e-12 { return FloatText.text(whole) }
        let scaled = (value * 1e9).rounded() / 1e9
        return FloatText.text(value.magnitude < 1e-3 ? value : scaled)
    }
}
