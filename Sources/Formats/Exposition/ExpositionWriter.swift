// Families of metrics as text format 0.0.4.
public import Model

/// One sample of a family that is to be written.
public struct ExpositionSample: Sendable {
    /// Comes after the family's name: `_bucket`, `_sum`, `_count` or nothing.
    public var suffix: String
    /// The labels without the name, in the order in which they are written.
    public var labels: [Label]
    /// The value.
    public var value: Double
    /// When, or nothing for "now".
    public var time: Timestamp?

    /// Makes a sample.
    public init(_ value: Double, labels: [Label] = [], suffix: String = "", time: Timestamp? = nil)
    {
        self.value = value
        self.labels = labels
        self.suffix = suffix
        self.time = time
    }
}

/// One metric with its type, help and samples.
public struct ExpositionFamily: Sendable {
    /// The metric's name.
    public var name: String
    /// The metric's type.
    public var kind: MetricKind
    /// What it means; no line is written when empty.
    public var help: String
    /// The samples, written in this order.
    public var samples: [ExpositionSample]

    /// Makes a family.
    public init(_ name: String, _ kind: MetricKind, help: String, samples: [ExpositionSample] = [])
    {
        self.name = name
        self.kind = kind
        self.help = help
        self.samples = samples
    }
}

/// Appends families to `bytes`.
public struct ExpositionWriter: Sendable {
    /// The content type of what is written.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// What has been written.
    public private(set) var bytes: [UInt8] = []

    /// Starts empty.
    public init() {}

    /// All families in the order of their names, as one text.
    public static func text(_ families: [ExpositionFamily]) -> [UInt8] {
        var writer = ExpositionWriter()
        for family in families.sorted(by: { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) })
        {
            writer.write(family)
        }
        return writer.bytes
    }

    /// Appends one family; one without samples leaves nothing.
    public mutating func write(_ family: ExpositionFamily) {
        guard !family.samples.isEmpty else { return }
        if !family.help.isEmpty {
            append("# HELP \(family.name) ")
            escape(family.help, quotes: false)
            append("\n")
        }
        append("# TYPE \(family.name) \(ExpositionWriter.word(family.kind))\n")
        for sample in family.samples { write(sample, of: family.name) }
    }

    // Text 0.0.4 knows five types.
    private static func word(_ kind: MetricKind) -> String {
        switch kind {
        case .counter, .gauge, .histogram, .summary: kind.rawValue
        case .info, .stateset: "gauge"
        case .unknown, .gaugeHistogram: "untyped"
        }
    }

    private mutating func write(_ sample: ExpositionSample, of name: String) {
        append(name)
        append(sample.suffix)
        if !sample.labels.isEmpty {
            var mark = "{"
            for label in sample.labels {
                append("\(mark)\(label.name)=\"")
                escape(label.value, quotes: true)
                append("\"")
                mark = ","
            }
            append("}")
        }
        append(" ")
        FloatText.write(sample.value, .exposition, to: &bytes)
        if let time = sample.time {
            append(" ")
            FloatText.write(time.ms, to: &bytes)
        }
        append("\n")
    }

    private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func escape(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): append("\\\\")
            case 0x0a: append("\\n")
            case UInt8(ascii: "\"") where quotes: append("\\\"")
            default: bytes.append(byte)
            }
        }
    }
}
