// The way back: text of series into samples, in pieces of any size and bounded memory.
internal import Codec
public import Model

/// Reads samples out of OpenMetrics, Prometheus text or CSV.
public struct SeriesReader: Sendable {
    /// Takes one sample.
    public typealias Body = (Labels, Int64, Double) throws(SeriesTextError) -> Void

    // A text goes on about a series for a while, or about all series in turn.
    private static let rememberedSeries = 65_536
    // From the year 10000 on it is no time in seconds but one in milliseconds.
    private static let endMs: Int64 = 253_402_300_800_000

    private let format: SeriesFormat
    private let arrivalMs: Int64
    private var parser: ExpositionParser
    private var records = CSVRecords()
    private var names: [String]?
    private var known: [[UInt8]: Labels] = [:]
    private var lastText: [UInt8] = []
    private var lastLabels = Labels()
    private var hasBegun = false

    /// Makes a reader at the begin of a text; samples without a time are given `arrivalMs`.
    public init(_ format: SeriesFormat, arrivalMs: Int64) {
        self.format = format
        self.arrivalMs = arrivalMs
        parser = ExpositionParser(format == .openMetrics ? .openMetrics : .prometheusText)
    }

    /// Reads what ends in `piece` and calls `body` for each sample.
    /// - Throws: the first thing that is wrong, and what `body` throws; the reader is of no use then.
    public mutating func feed(_ piece: Span<UInt8>, _ body: Body) throws(SeriesTextError) {
        if format == .csv {
            for index in piece.indices where try records.take(piece[index]) { try row(body) }
            return
        }
        // Out of `self` for the call, whose closure needs the rest of it.
        var parser = parser
        defer { self.parser = parser }
        var samples: [(Labels, Int64, Double)] = []
        do throws(ExpositionError) {
            // The parser's own closure may throw only its own error: samples wait here.
            try parser.feed(piece) { line, bytes, number throws(ExpositionError) in
                try take(line, bytes, number, &samples)
            }
        } catch {
            for (labels, time, value) in samples { try body(labels, time, value) }
            throw SeriesTextError(error)
        }
        for (labels, time, value) in samples { try body(labels, time, value) }
    }

    /// Reads what is left at the end of the text.
    /// - Throws: as `feed`; and that OpenMetrics without `# EOF` was cut off.
    public mutating func finish(_ body: Body) throws(SeriesTextError) {
        if format == .csv {
            if try records.finish() { try row(body) }
            if names == nil { throw SeriesTextError(line: 1, "no header; \(SeriesReader.header)") }
            return
        }
        var parser = parser
        defer { self.parser = parser }
        var samples: [(Labels, Int64, Double)] = []
        do throws(ExpositionError) {
            try parser.finish { line, bytes, number throws(ExpositionError) in
                try take(line, bytes, number, &samples)
            }
        } catch {
            throw SeriesTextError(error)
        }
        for (labels, time, value) in samples { try body(labels, time, value) }
        if format == .openMetrics, !parser.hasEnded {
            throw SeriesTextError(
                line: parser.line,
                "the text does not end with # EOF: it was cut off, or is another format"
            )
        }
    }

    // MARK: Exposition formats

    private mutating func take(
        _ line: ExpositionLine,
        _ bytes: Span<UInt8>,
        _ number: Int,
        _ samples: inout [(Labels, Int64, Double)]
    ) throws(ExpositionError) {
        guard case .sample(let range, let value, let timeMs) = line else { return }
        if let timeMs, timeMs >= SeriesReader.endMs, format == .openMetrics {
            throw ExpositionError(.pastYear9999, line: number, column: range.count + 1)
        }
        let labels = try series(bytes.extracting(range), number)
        samples.append((labels, timeMs ?? arrivalMs, value))
    }

    private mutating func series(
        _ text: Span<UInt8>,
        _ number: Int
    ) throws(ExpositionError) -> Labels {
        if SeriesReader.same(text, lastText) { return lastLabels }
        lastText.removeAll(keepingCapacity: true)
        for index in text.indices { lastText.append(text[index]) }
        if let labels = known[lastText] {
            lastLabels = labels
            return labels
        }
        do throws(ExpositionError) {
            lastLabels = try ExpositionLabels.parse(text, line: number)
        } catch {
            lastText = []
            throw error
        }
        remember()
        return lastLabels
    }

    private static func same(_ one: Span<UInt8>, _ other: [UInt8]) -> Bool {
        guard one.count == other.count, one.count > 0 else { return false }
        for index in one.indices where one[index] != other[index] { return false }
        return true
    }

    private mutating func remember() {
        if known.count >= SeriesReader.rememberedSeries { known.removeAll() }
        known[lastText] = lastLabels
    }

    // MARK: CSV

    private static let header = "the first line is time,value and then the names of labels"

    private mutating func row(_ body: Body) throws(SeriesTextError) {
        defer { records.clear() }
        if records.ends.count == 1, records.bytes.isEmpty { return }
        guard let names else {
            names = try SeriesReader.names(records)
            return
        }
        guard records.ends.count == names.count + 2 else {
            throw SeriesTextError(
                line: records.line,
                "\(records.ends.count) cells, the header has \(names.count + 2)"
            )
        }
        let time = records[0].isEmpty ? arrivalMs : CSVText.time(records[0])
        guard let time else {
            throw SeriesTextError(
                line: records.line,
                "\(SeriesReader.shown(records[0])) is no time; "
                    + "write 2026-01-31T12:00:00Z or seconds since 1970"
            )
        }
        guard let value = CSVText.value(records[1]) else {
            throw SeriesTextError(
                line: records.line,
                "\(SeriesReader.shown(records[1])) is no value"
            )
        }
        let labels = try labels(names)
        try body(labels, time, value)
    }

    private mutating func labels(_ names: [String]) throws(SeriesTextError) -> Labels {
        // Lengths and bytes together, so that cells cannot run into each other.
        var text: [UInt8] = []
        text.reserveCapacity(lastText.count)
        for index in names.indices {
            let cell = records[index + 2]
            Varint.append(UInt64(cell.count), to: &text)
            text.append(contentsOf: cell)
        }
        if hasBegun, text == lastText { return lastLabels }
        hasBegun = true
        lastText = text
        if let labels = known[text] {
            lastLabels = labels
            return labels
        }
        var builder = LabelsBuilder()
        for (index, name) in names.enumerated() where !records[index + 2].isEmpty {
            guard let value = String(validating: records[index + 2], as: UTF8.self) else {
                throw SeriesTextError(line: records.line, "label \(name) is not valid UTF-8")
            }
            builder.set(name, value)
        }
        lastLabels = builder.labels()
        guard !lastLabels.isEmpty else {
            throw SeriesTextError(line: records.line, "the sample has no label")
        }
        remember()
        return lastLabels
    }

    private static func names(_ records: CSVRecords) throws(SeriesTextError) -> [String] {
        // Spreadsheets begin a file with a byte order mark.
        let first =
            records[0].starts(with: [0xef, 0xbb, 0xbf]) ? records[0].dropFirst(3) : records[0]
        guard records.ends.count >= 2, first.elementsEqual("time".utf8),
            records[1].elementsEqual("value".utf8)
        else { throw SeriesTextError(line: records.line, "no header; \(header)") }
        var names: [String] = []
        for index in 2..<records.ends.count {
            guard let name = String(validating: records[index], as: UTF8.self), !name.isEmpty else {
                throw SeriesTextError(line: records.line, "column \(index + 1) has no name")
            }
            guard !names.contains(name) else {
                throw SeriesTextError(line: records.line, "the label \(name) has two columns")
            }
            names.append(name)
        }
        return names
    }

    private static func shown(_ cell: ArraySlice<UInt8>) -> String {
        let bytes = Array(cell)
        return shownBytes(bytes.span, 0..<bytes.count)
    }
}
