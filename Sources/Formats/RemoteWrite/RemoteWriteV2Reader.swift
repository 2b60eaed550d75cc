// Remote write 2.0, receiving: one series after the other, nothing built that is not asked for.
internal import Codec
public import Model

/// Why a request, or one series of it, is refused.
public enum RemoteWriteV2Error: Error, Equatable {
    // The request as a whole.
    case protobuf(ProtobufError)
    case tooManySymbols(limit: Int)
    case symbolNotUTF8(atByte: Int)
    case firstSymbolNotEmpty
    // One series; those around it can be used.
    case oddReferences(count: Int, atByte: Int)
    case unknownSymbol(UInt64, symbols: Int, atByte: Int)
    case emptyLabelName(atByte: Int)
    case unsortedLabels(String, after: String, atByte: Int)
    case duplicateLabel(String, atByte: Int)
    case noMetricName(atByte: Int)
    case samplesAndHistograms(atByte: Int)
    case nothingIn(atByte: Int)
}

extension RemoteWriteV2Error: CustomStringConvertible {
    public var description: String {
        func cannot(_ offset: Int, _ why: String) -> String {
            "cannot take the series at byte \(offset): \(why)"
        }
        return switch self {
        case .protobuf(let error): error.description
        case .tooManySymbols(let limit):
            "cannot take the request: it has more than \(limit) symbols; send less at a time"
        case .symbolNotUTF8(let offset):
            "cannot take the request: the symbol at byte \(offset) is not UTF-8"
        case .firstSymbolNotEmpty:
            "cannot take the request: its first symbol is not the empty text"
        case .oddReferences(let count, let offset):
            cannot(offset, "\(count) label references are no pairs")
        case .unknownSymbol(let reference, let symbols, let offset):
            cannot(offset, "it refers to symbol \(reference) of \(symbols)")
        case .emptyLabelName(let offset): cannot(offset, "a label name is empty")
        case .unsortedLabels(let name, let before, let offset):
            cannot(offset, "label \(name) comes after \(before); sort them")
        case .duplicateLabel(let name, let offset): cannot(offset, "label \(name) comes twice")
        case .noMetricName(let offset): cannot(offset, "it has no __name__")
        case .samplesAndHistograms(let offset):
            cannot(offset, "it has both samples and histograms")
        case .nothingIn(let offset): cannot(offset, "it has neither samples nor histograms")
        }
    }
}

/// Steps through a decompressed `io.prometheus.write.v2.Request`, reusing its columns.
///
/// Memory is bounded by the body, of which a label reference takes at least one byte, by the limit of
/// samples and by `symbolLimit`.
public struct RemoteWriteV2Reader: Sendable {
    /// Symbols of a request at most; each takes 8 bytes here.
    public static let symbolLimit = 1 << 21

    /// Type, help and unit as the series says them, to compare without reading the texts.
    public struct MetadataKey: Sendable, Hashable {
        /// The number of the type.
        public var kind: UInt64
        /// The symbol of the help text.
        public var help: UInt64
        /// The symbol of the unit.
        public var unit: UInt64
    }

    /// The samples of the series, as sent.
    public private(set) var samples = SampleColumns()
    /// One a sample: when it began to count, in milliseconds; 0 means unset.
    public private(set) var starts: [Int64] = []
    /// How many samples all series brought so far; those over the limit are not in `samples`.
    public private(set) var sampleTotal = 0
    /// How many native histograms the series brought; they are not stored.
    public private(set) var histograms = 0
    /// How many exemplars the series brought; they are not stored.
    public private(set) var exemplars = 0
    /// What the series says about its metric, nil when it says nothing.
    public private(set) var metadataKey: MetadataKey?
    private var references: [UInt64] = []
    private var symbols: [(from: UInt32, to: UInt32)] = []
    private var message: ProtobufReader
    private var seriesStart = 0
    private let sampleLimit: Int

    /// Reads the symbols of `body`, which is passed to every call.
    ///
    /// They may stand anywhere in the message.
    /// - Throws: what makes the request unacceptable as a whole.
    public init(
        _ body: Span<UInt8>,
        sampleLimit: Int = .max
    ) throws(RemoteWriteV2Error) {
        self.sampleLimit = sampleLimit
        message = ProtobufReader(0..<body.count)
        var hasSeries = false
        var outline = message
        do throws(ProtobufError) {
            while let found = try outline.next(body) {
                switch found.field {
                case 4:
                    try outline.expect(.bytes, found)
                    let range = try outline.bytes(body)
                    if symbols.count <= RemoteWriteV2Reader.symbolLimit {
                        symbols.append((UInt32(range.lowerBound), UInt32(range.upperBound)))
                    }
                case 5:
                    try outline.expect(.bytes, found)
                    _ = try outline.bytes(body)
                    hasSeries = true
                default: try outline.skip(found.type, body)
                }
            }
        } catch {
            throw .protobuf(error)
        }
        guard symbols.count <= RemoteWriteV2Reader.symbolLimit else {
            throw .tooManySymbols(limit: RemoteWriteV2Reader.symbolLimit)
        }
        for (from, to) in symbols {
            let invalid = UTF8Scan.firstInvalid(body.extracting(Int(from)..<Int(to)))
            if invalid != nil { throw .symbolNotUTF8(atByte: Int(from)) }
        }
        let isEmptyFirst = symbols.first.map { $0.from == $0.to }
        guard isEmptyFirst ?? !hasSeries else { throw .firstSymbolNotEmpty }
    }

    /// Steps to the next series; false at the end.
    /// - Throws: `.protobuf`; series before it were whole.
    public mutating func next(_ body: Span<UInt8>) throws(RemoteWriteV2Error) -> Bool {
        do throws(ProtobufError) {
            while let found = try message.next(body) {
                if found.field == 5 {
                    try readSeries(try message.bytes(body), body)
                    return true
                }
                try message.skip(found.type, body)
            }
            return false
        } catch {
            throw .protobuf(error)
        }
    }

    /// The labels of the series; empty values are left out.
    /// - Throws: what makes the series unacceptable.
    public func labels(_ body: Span<UInt8>) throws(RemoteWriteV2Error) -> Labels {
        guard references.count.isMultiple(of: 2) else {
            throw .oddReferences(count: references.count, atByte: seriesStart)
        }
        var canonical: [UInt8] = []
        canonical.reserveCapacity(references.count * 16)
        var last: Range<Int>?
        var hasName = false
        for index in stride(from: 0, to: references.count, by: 2) {
            let name = try range(references[index])
            let value = try range(references[index + 1])
            if name.isEmpty { throw .emptyLabelName(atByte: seriesStart) }
            if let last, !RemoteWriteV2Reader.precedes(last, name, body) {
                throw order(last, name, body)
            }
            last = name
            if value.isEmpty { continue }
            hasName = hasName || RemoteWriteV2Reader.isMetricName(name, body)
            append(name, body, to: &canonical)
            append(value, body, to: &canonical)
        }
        guard hasName else { throw .noMetricName(atByte: seriesStart) }
        return Labels(canonical: canonical)
    }

    /// Checks what the series holds beside its labels.
    /// - Throws: `.samplesAndHistograms`, `.nothingIn`.
    public func checkContents() throws(RemoteWriteV2Error) {
        if samples.count > 0, histograms > 0 { throw .samplesAndHistograms(atByte: seriesStart) }
        if samples.count == 0, histograms == 0 { throw .nothingIn(atByte: seriesStart) }
    }

    /// The texts of `metadataKey`.
    /// - Throws: `.unknownSymbol`.
    public func metadata(
        _ key: MetadataKey,
        _ body: Span<UInt8>
    ) throws(RemoteWriteV2Error) -> MetricMetadata {
        let kinds = RemoteWriteV2.kinds
        return MetricMetadata(
            kind: key.kind < UInt64(kinds.count) ? kinds[Int(key.kind)] : .unknown,
            help: text(try range(key.help), body),
            unit: text(try range(key.unit), body)
        )
    }

    private mutating func readSeries(
        _ range: Range<Int>,
        _ body: Span<UInt8>
    ) throws(ProtobufError) {
        samples.removeAll()
        starts.removeAll(keepingCapacity: true)
        references.removeAll(keepingCapacity: true)
        histograms = 0
        exemplars = 0
        metadataKey = nil
        seriesStart = range.lowerBound
        var series = ProtobufReader(range)
        while let found = try series.next(body) {
            switch (found.field, found.type) {
            case (1, .bytes):
                var packed = ProtobufReader(try series.bytes(body))
                while packed.at < packed.end { references.append(try packed.varint(body)) }
            // Packed or not: a reader of proto3 takes both.
            case (1, .varint): references.append(try series.varint(body))
            case (2, _):
                try series.expect(.bytes, found)
                try readSample(try series.bytes(body), body)
            case (3, _):
                try series.expect(.bytes, found)
                _ = try series.bytes(body)
                histograms += 1
            case (4, _):
                try series.expect(.bytes, found)
                _ = try series.bytes(body)
                exemplars += 1
            case (5, _):
                try series.expect(.bytes, found)
                try readMetadata(try series.bytes(body), body)
            case (1, _): try series.expect(.bytes, found)
            default: try series.skip(found.type, body)
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
        var start: UInt64 = 0
        while let found = try sample.next(body) {
            switch found.field {
            case 1:
                try sample.expect(.fixed64, found)
                bits = try sample.fixed64(body)
            case 2:
                try sample.expect(.varint, found)
                time = try sample.varint(body)
            case 3:
                try sample.expect(.varint, found)
                start = try sample.varint(body)
            default: try sample.skip(found.type, body)
            }
        }
        sampleTotal += 1
        guard sampleTotal <= sampleLimit else { return }
        samples.append(Int64(bitPattern: time), Double(bitPattern: bits))
        starts.append(Int64(bitPattern: start))
    }

    // Several of them are one, as protobuf merges messages: the last of each field counts.
    private mutating func readMetadata(
        _ range: Range<Int>,
        _ body: Span<UInt8>
    ) throws(ProtobufError) {
        var metadata = ProtobufReader(range)
        var key = metadataKey ?? MetadataKey(kind: 0, help: 0, unit: 0)
        while let found = try metadata.next(body) {
            switch found.field {
            case 1:
                try metadata.expect(.varint, found)
                key.kind = try metadata.varint(body)
            case 3:
                try metadata.expect(.varint, found)
                key.help = try metadata.varint(body)
            case 4:
                try metadata.expect(.varint, found)
                key.unit = try metadata.varint(body)
            default: try metadata.skip(found.type, body)
            }
        }
        metadataKey = key
    }

    private func range(_ reference: UInt64) throws(RemoteWriteV2Error) -> Range<Int> {
        guard reference < UInt64(symbols.count) else {
            throw .unknownSymbol(reference, symbols: symbols.count, atByte: seriesStart)
        }
        let symbol = symbols[Int(reference)]
        return Int(symbol.from)..<Int(symbol.to)
    }

    private func order(
        _ last: Range<Int>,
        _ name: Range<Int>,
        _ body: Span<UInt8>
    ) -> RemoteWriteV2Error {
        let (before, text) = (text(last, body), text(name, body))
        return before.utf8.elementsEqual(text.utf8)
            ? .duplicateLabel(text, atByte: seriesStart)
            : .unsortedLabels(text, after: before, atByte: seriesStart)
    }

    private static func precedes(
        _ one: Range<Int>,
        _ other: Range<Int>,
        _ body: Span<UInt8>
    ) -> Bool {
        for index in 0..<min(one.count, other.count) {
            let (byte, next) = (body[one.lowerBound + index], body[other.lowerBound + index])
            if byte != next { return byte < next }
        }
        return one.count < other.count
    }

    private static func isMetricName(_ name: Range<Int>, _ body: Span<UInt8>) -> Bool {
        let wanted = Label.metricName.utf8.span
        guard name.count == wanted.count else { return false }
        for index in 0..<wanted.count where body[name.lowerBound + index] != wanted[index] {
            return false
        }
        return true
    }

    private func append(_ range: Range<Int>, _ body: Span<UInt8>, to bytes: inout [UInt8]) {
        Varint.append(UInt64(range.count), to: &bytes)
        for index in range { bytes.append(body[index]) }
    }

    private func text(_ range: Range<Int>, _ body: Span<UInt8>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for index in range { bytes.append(body[index]) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
