// Remote write 1.0, receiving: one series after the other, nothing built that is not asked for.
public import Model

/// Why a request is refused as a whole (400).
public enum RemoteWriteError: Error, Equatable {
    case protobuf(ProtobufError)
    case emptyLabelName(atByte: Int)
    case duplicateLabel(String, atByte: Int)
    case notUTF8(atByte: Int)
    case noMetricName(atByte: Int)
}

extension RemoteWriteError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .protobuf(let error): error.description
        case .emptyLabelName(let offset):
            "cannot take the series at byte \(offset): a label name is empty"
        case .duplicateLabel(let name, let offset):
            "cannot take the series at byte \(offset): label \(name) comes twice"
        case .notUTF8(let offset):
            "cannot take the series at byte \(offset): a label is not UTF-8"
        case .noMetricName(let offset):
            "cannot take the series at byte \(offset): it has no __name__"
        }
    }
}

/// Steps through a decompressed `prometheus.WriteRequest`, reusing its columns.
///
/// Memory is bounded by the body, of which a label takes at least two bytes, and by the limit of samples.
public struct RemoteWriteV1Reader: Sendable {
    /// What `next` found.
    public enum Entry: Sendable, Equatable {
        /// A series: see `samples` and `labels(_:)`.
        case series
        /// Type, help and unit of a metric family.
        case metadata(family: String, MetricMetadata)
    }

    /// The samples of the series, as sent.
    public private(set) var samples = SampleColumns()
    /// How many samples all series brought so far; those over the limit are not in `samples`.
    public private(set) var sampleTotal = 0
    /// How many native histograms the series brought; they are not stored.
    public private(set) var histograms = 0
    /// How many exemplars the series brought; they are not stored.
    public private(set) var exemplars = 0
    /// The raw Label messages of the series, to compare with those of earlier requests.
    public private(set) var labelRanges: [Range<Int>] = []
    private var message: ProtobufReader
    private var seriesStart = 0
    private let sampleLimit: Int

    /// Reads a body of `count` bytes, which is passed to every call.
    public init(count: Int, sampleLimit: Int = .max) {
        self.sampleLimit = sampleLimit
        message = ProtobufReader(0..<count)
    }

    /// Steps to the next entry, nil at the end.
    /// - Throws: `.protobuf`; entries before it were whole.
    public mutating func next(_ body: Span<UInt8>) throws(RemoteWriteError) -> Entry? {
        do throws(ProtobufError) {
            while let found = try message.next(body) {
                switch found.field {
                case 1:
                    try message.expect(.bytes, found)
                    try readSeries(try message.bytes(body), body)
                    return .series
                case 3 where found.type == .bytes:
                    return try readMetadata(try message.bytes(body), body)
                default:
                    try message.skip(found.type, body)
                }
            }
            return nil
        } catch {
            throw .protobuf(error)
        }
    }

    /// The labels of the series, sorted whatever their order was; empty values are left out.
    /// - Throws: what makes the series unacceptable.
    public func labels(_ body: Span<UInt8>) throws(RemoteWriteError) -> Labels {
        var found: [Label] = []
        found.reserveCapacity(labelRanges.count)
        for range in labelRanges {
            let label: Label
            do throws(ProtobufError) { label = try readLabel(range, body) } catch {
                throw .protobuf(error)
            }
            if UTF8Scan.firstInvalid(body.extracting(range)) != nil, !isText(range, body) {
                throw .notUTF8(atByte: seriesStart)
            }
            if label.name.isEmpty { throw .emptyLabelName(atByte: seriesStart) }
            found.append(label)
        }
        found.sort()
        for (one, next) in zip(found, found.dropFirst()) where one.name == next.name {
            throw .duplicateLabel(one.name, atByte: seriesStart)
        }
        let labels = Labels(found)
        if labels.range(of: Label.metricName) == nil { throw .noMetricName(atByte: seriesStart) }
        return labels
    }

    private mutating func readSeries(
        _ range: Range<Int>,
        _ body: Span<UInt8>
    ) throws(ProtobufError) {
        samples.removeAll()
        labelRanges.removeAll(keepingCapacity: true)
        histograms = 0
        exemplars = 0
        seriesStart = range.lowerBound
        var series = ProtobufReader(range)
        while let found = try series.next(body) {
            switch found.field {
            case 1:
                try series.expect(.bytes, found)
                labelRanges.append(try series.bytes(body))
            case 2:
                try series.expect(.bytes, found)
                try readSample(try series.bytes(body), body)
            case 3:
                try series.skip(found.type, body)
                exemplars += 1
            case 4:
                try series.skip(found.type, body)
                histograms += 1
            default:
                try series.skip(found.type, body)
            }
        }
    }

    private mutating func readSample(
        _ range: Range<Int>,
        _ body: Span<UInt8>
    ) throws(ProtobufError) {
        var sample = ProtobufReader(range)
        var bits: UInt64 = 0
        var time: UInt64 = 0
        while let found = try sample.next(body) {
            switch found.field {
            case 1:
                try sample.expect(.fixed64, found)
                bits = try sample.fixed64(body)
            case 2:
                try sample.expect(.varint, found)
                time = try sample.varint(body)
            default:
                try sample.skip(found.type, body)
            }
        }
        sampleTotal += 1
        guard sampleTotal <= sampleLimit else { return }
        samples.append(Int64(bitPattern: time), Double(bitPattern: bits))
    }

    private func readLabel(
        _ range: Range<Int>,
        _ body: Span<UInt8>
    ) throws(ProtobufError) -> Label {
        let (name, value) = try labelParts(range, body)
        return Label(text(name, body), text(value, body))
    }

    private func labelParts(
        _ range: Range<Int>,
        _ body: Span<UInt8>
    ) throws(ProtobufError) -> (Range<Int>, Range<Int>) {
        var label = ProtobufReader(range)
        var name = 0..<0
        var value = 0..<0
        while let found = try label.next(body) {
            switch found.field {
            case 1:
                try label.expect(.bytes, found)
                name = try label.bytes(body)
            case 2:
                try label.expect(.bytes, found)
                value = try label.bytes(body)
            default:
                try label.skip(found.type, body)
            }
        }
        return (name, value)
    }

    // The message as a whole may hold bytes that are no text: lengths over 127.
    private func isText(_ range: Range<Int>, _ body: Span<UInt8>) -> Bool {
        guard let (name, value) = try? labelParts(range, body) else { return false }
        return UTF8Scan.firstInvalid(body.extracting(name)) == nil
            && UTF8Scan.firstInvalid(body.extracting(value)) == nil
    }

    private func text(_ range: Range<Int>, _ body: Span<UInt8>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for index in range { bytes.append(body[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func readMetadata(
        _ range: Range<Int>,
        _ body: Span<UInt8>
    ) throws(ProtobufError) -> Entry {
        var message = ProtobufReader(range)
        var family = ""
        var metadata = MetricMetadata()
        while let found = try message.next(body) {
            switch (found.field, found.type) {
            case (1, .varint):
                let kind = try message.varint(body)
                let kinds = RemoteWriteV1.kinds
                metadata.kind = kind < UInt64(kinds.count) ? kinds[Int(kind)] : .unknown
            case (2, .bytes): family = text(try message.bytes(body), body)
            case (4, .bytes): metadata.help = text(try message.bytes(body), body)
            case (5, .bytes): metadata.unit = text(try message.bytes(body), body)
            default: try message.skip(found.type, body)
            }
        }
        return .metadata(family: family, metadata)
    }
}
