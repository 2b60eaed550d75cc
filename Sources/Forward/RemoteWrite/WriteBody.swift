// A request's body, from which smaller ones are made: the labels of a series may no longer be known
// when a part of a request goes out, but its message has them.
internal import Codec
internal import Formats

/// The compressed body of one request, with one TimeSeries a sample.
struct WriteBody: Sendable, Equatable {
    let version: WriteVersion
    let bytes: [UInt8]

    /// Compresses a message.
    init(_ version: WriteVersion, message: [UInt8]) {
        self.version = version
        bytes = message.isEmpty ? [] : SnappyBlock.compress(message.span)
    }

    /// The body with only the samples `range` of this one, in the same order.
    func part(_ range: Range<Int>) -> WriteBody {
        let message = message
        var part: [UInt8] = []
        do throws(ProtobufError) {
            switch version {
            case .version1:
                try WriteBody.forEachSeries(1, in: message, range) { series throws(ProtobufError) in
                    ProtobufWriter.bytes(1, message[series], to: &part)
                }
            case .version2: try writeVersion2(message, range, to: &part)
            }
        } catch { WriteBody.fail(error) }
        return WriteBody(version, message: part)
    }

    /// The same samples as a request of 1.0.
    func inVersion1() -> WriteBody {
        if version == .version1 { return self }
        let message = message
        var result: [UInt8] = []
        do throws(ProtobufError) {
            let symbols = try WriteBody.symbols(message)
            try WriteBody.forEachSeries(5, in: message, 0..<Int.max) {
                range throws(ProtobufError) in
                let series = try Series(message, range)
                var bytes: [UInt8] = []
                for at in stride(from: 0, to: series.references.count, by: 2) {
                    var label: [UInt8] = []
                    let (name, value) = (series.references[at], series.references[at + 1])
                    ProtobufWriter.bytes(1, message[symbols[Int(name)]], to: &label)
                    ProtobufWriter.bytes(2, message[symbols[Int(value)]], to: &label)
                    ProtobufWriter.bytes(1, label, to: &bytes)
                }
                // Value and time have the same fields in both versions.
                ProtobufWriter.bytes(2, message[series.sample], to: &bytes)
                ProtobufWriter.bytes(1, bytes, to: &result)
            }
        } catch { WriteBody.fail(error) }
        return WriteBody(.version1, message: result)
    }

    /// The message before compression.
    var message: [UInt8] {
        if bytes.isEmpty { return [] }
        do throws(CodecError) {
            return try SnappyBlock.decompress(bytes.span, limit: .max)
        } catch { WriteBody.fail(error) }
    }

    // With those symbols only that the part needs.
    private func writeVersion2(
        _ message: [UInt8],
        _ range: Range<Int>,
        to part: inout [UInt8]
    ) throws(ProtobufError) {
        let symbols = try WriteBody.symbols(message)
        var writer = RemoteWriteV2Writer()
        func number(_ symbol: UInt64, _ writer: inout RemoteWriteV2Writer) -> UInt32 {
            writer.pool.number(message.span.extracting(symbols[Int(symbol)]))
        }
        try WriteBody.forEachSeries(5, in: message, range) { range throws(ProtobufError) in
            let series = try Series(message, range)
            let labels = series.references.map { number($0, &writer) }
            let metadata = RemoteWriteV2Writer.Metadata(
                kindNumber: series.kind,
                help: number(series.help, &writer),
                unit: number(series.unit, &writer)
            )
            let sample = try series.readSample(message)
            writer.appendSeries(labels[...], metadata, timeMs: sample.time, value: sample.value)
        }
        writer.write(to: &part)
    }

    // What one TimeSeries of a 2.0 message says.
    private struct Series {
        var references: [UInt64] = []
        var sample = 0..<0
        var kind: UInt64 = 0
        var help: UInt64 = 0
        var unit: UInt64 = 0

        init(_ message: [UInt8], _ range: Range<Int>) throws(ProtobufError) {
            let body = message.span
            var reader = ProtobufReader(range)
            while let found = try reader.next(body) {
                let content = try reader.bytes(body)
                switch found.field {
                case 1:
                    var packed = ProtobufReader(content)
                    while packed.at < packed.end { references.append(try packed.varint(body)) }
                case 2: sample = content
                default:
                    var metadata = ProtobufReader(content)
                    while let found = try metadata.next(body) {
                        let value = try metadata.varint(body)
                        switch found.field {
                        case 1: kind = value
                        case 3: help = value
                        default: unit = value
                        }
                    }
                }
            }
        }

        func readSample(_ message: [UInt8]) throws(ProtobufError) -> (time: Int64, value: Double) {
            let body = message.span
            var (bits, time) = (UInt64(0), UInt64(0))
            var reader = ProtobufReader(sample)
            while let found = try reader.next(body) {
                if found.field == 1 {
                    bits = try reader.fixed64(body)
                } else {
                    time = try reader.varint(body)
                }
            }
            return (Int64(bitPattern: time), Double(bitPattern: bits))
        }
    }

    // Where the symbols of a 2.0 message lie in it.
    private static func symbols(_ message: [UInt8]) throws(ProtobufError) -> [Range<Int>] {
        var symbols: [Range<Int>] = []
        var reader = ProtobufReader(0..<message.count)
        while let found = try reader.next(message.span), found.field == 4 {
            symbols.append(try reader.bytes(message.span))
        }
        return symbols
    }

    private static func forEachSeries(
        _ field: Int,
        in message: [UInt8],
        _ range: Range<Int>,
        _ body: (Range<Int>) throws(ProtobufError) -> Void
    ) throws(ProtobufError) {
        var reader = ProtobufReader(0..<message.count)
        var index = 0
        while index < range.upperBound, let found = try reader.next(message.span) {
            let content = try reader.bytes(message.span)
            guard found.field == field else { continue }
            if index >= range.lowerBound { try body(content) }
            index += 1
        }
    }

    private static func fail(_ error: some Error) -> Never {
        preconditionFailure("BUG: a request's own message cannot be read: \(error)")
    }
}
