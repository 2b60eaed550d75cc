// Series with their samples as text: OpenMetrics for other programs, CSV for people and for keeping
// every bit. What each can carry: README, "Data out and in".
public import Model

/// How series are written as text.
public enum SeriesFormat: String, Sendable, CaseIterable {
    /// `name{a="b"} 1.5 1700000000.25`, `# EOF` at the end; no stale markers, one kind of NaN.
    case openMetrics = "openmetrics"
    /// The exposition format 0.0.4, with times in milliseconds; only read.
    case prometheus
    /// `time,value` and a column for each label name; every bit of every value.
    case csv
}

/// Writes series one behind the other.
public struct SeriesWriter: Sendable {
    /// Stale markers that the format has no word for; they were left out.
    public private(set) var leftOutMarkers = 0
    /// Values whose NaN has other bits than the one that the format can say.
    public private(set) var changedValues = 0
    private let format: SeriesFormat
    private let columns: [String]

    /// Makes a writer.
    ///
    /// - Parameters:
    ///   - format: `.openMetrics` or `.csv`; nobody needs a writer of `.prometheus`.
    ///   - columns: of CSV: the label names that occur, each once.
    public init(_ format: SeriesFormat, columns: [String] = []) {
        precondition(format != .prometheus, "BUG: the format is only read")
        self.format = format
        self.columns = columns
    }

    /// Appends what comes before the first series.
    public func begin(to bytes: inout [UInt8]) {
        if format == .csv {
            CSVText.row(["time", "value"] + columns, to: &bytes)
        }
    }

    /// Appends all samples of one series.
    public mutating func write(
        _ labels: Labels,
        _ samples: SampleColumns,
        to bytes: inout [UInt8]
    ) {
        if format == .csv {
            csv(labels, samples, to: &bytes)
        } else {
            openMetrics(labels, samples, to: &bytes)
        }
    }

    /// Appends what comes after the last series.
    public func end(to bytes: inout [UInt8]) {
        if format == .openMetrics { bytes.append(contentsOf: "# EOF\n".utf8) }
    }

    private mutating func openMetrics(
        _ labels: Labels,
        _ samples: SampleColumns,
        to bytes: inout [UInt8]
    ) {
        var series: [UInt8] = []
        SeriesText.write(labels, to: &series)
        series.append(UInt8(ascii: " "))
        for index in 0..<samples.count {
            let value = samples.values[index]
            if value.isStaleMarker {
                leftOutMarkers += 1
                continue
            }
            if value.isNaN, value.bitPattern != SeriesWriter.nanBits { changedValues += 1 }
            bytes.append(contentsOf: series)
            FloatText.write(value, to: &bytes)
            bytes.append(UInt8(ascii: " "))
            SecondsText.write(samples.times[index], to: &bytes)
            bytes.append(0x0a)
        }
    }

    private func csv(_ labels: Labels, _ samples: SampleColumns, to bytes: inout [UInt8]) {
        var tail: [UInt8] = []
        for name in columns {
            tail.append(UInt8(ascii: ","))
            if let value = labels.range(of: name) { CSVText.cell(labels.bytes[value], to: &tail) }
        }
        tail.append(0x0a)
        for index in 0..<samples.count {
            CSVText.time(samples.times[index], to: &bytes)
            bytes.append(UInt8(ascii: ","))
            CSVText.value(samples.values[index], to: &bytes)
            bytes.append(contentsOf: tail)
        }
    }

    /// Prometheus's NaN, which every parser of its text gives for `NaN`.
    static let nanBits: UInt64 = 0x7ff8_0000_0000_0001
}

/// Single cells of CSV (RFC 4180).
enum CSVText {
    static func row(_ cells: [String], to bytes: inout [UInt8]) {
        for (index, text) in cells.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            cell(Array(text.utf8)[...], to: &bytes)
        }
        bytes.append(0x0a)
    }

    static func cell(_ text: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
        let isPlain = text.allSatisfy {
            $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"") && $0 != 0x0a && $0 != 0x0d
        }
        if isPlain {
            bytes.append(contentsOf: text)
            return
        }
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    // Years that RFC 3339 has not are written as seconds.
    private static let written = -62_167_219_200_000..<253_402_300_800_000 as Range<Int64>

    static func time(_ ms: Int64, to bytes: inout [UInt8]) {
        if written.contains(ms) {
            bytes.append(contentsOf: RFC3339.format(Timestamp(ms: ms)).utf8)
        } else {
            SecondsText.write(ms, to: &bytes)
        }
    }

    static func time(_ text: ArraySlice<UInt8>) -> Int64? {
        if text.contains(UInt8(ascii: "T")) {
            return RFC3339.parse(String(decoding: text, as: UTF8.self))?.ms
        }
        return SecondsText.parse(text.span)
    }

    // An empty cell says that the series has no value from here on: a stale marker. `NaN` is
    // Prometheus's; others come with their bits.
    static func value(_ value: Double, to bytes: inout [UInt8]) {
        if value.isStaleMarker { return }
        FloatText.write(value, to: &bytes)
        if value.isNaN, value.bitPattern != SeriesWriter.nanBits {
            let digits = String(value.bitPattern, radix: 16)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(contentsOf: String(repeating: "0", count: 16 - digits.utf8.count).utf8)
            bytes.append(contentsOf: digits.utf8)
        }
    }

    static func value(_ text: ArraySlice<UInt8>) -> Double? {
        if text.isEmpty { return StaleMarker.value }
        if text.starts(with: "NaN:".utf8) {
            let digits = String(decoding: text.dropFirst(4), as: UTF8.self)
            guard digits.utf8.count == 16, let bits = UInt64(digits, radix: 16) else { return nil }
            let value = Double(bitPattern: bits)
            return value.isNaN ? value : nil
        }
        guard let value = FloatText.parse(text.span) else { return nil }
        return value.isNaN ? Double(bitPattern: SeriesWriter.nanBits) : value
    }
}
