// What the writer sends the reader takes, bit for bit; foreign bytes are refused, never trapped on.
import Model
import TestSupport
import Testing

@testable import Formats

@Suite("remote write 2.0") struct RemoteWriteV2Tests {
    struct Series: Equatable {
        var labels: Labels
        var times: [Int64]
        var bits: [UInt64]
        var starts: [Int64]
        var metadata: MetricMetadata?
    }

    static func write(_ all: [Series], _ writer: inout RemoteWriteV2Writer) -> [UInt8] {
        writer.begin()
        for one in all {
            var numbers: [UInt32] = []
            for label in one.labels.array {
                numbers.append(writer.pool.number(label.name.utf8.span))
                numbers.append(writer.pool.number(label.value.utf8.span))
            }
            let metadata = one.metadata.map {
                RemoteWriteV2Writer.Metadata(
                    kind: $0.kind,
                    help: writer.pool.number($0.help.utf8.span),
                    unit: writer.pool.number($0.unit.utf8.span)
                )
            }
            var samples = SampleColumns()
            for (time, bits) in zip(one.times, one.bits) {
                samples.append(time, Double(bitPattern: bits))
            }
            if one.times.count == 1 {
                writer.appendSeries(
                    numbers[...],
                    metadata ?? .init(),
                    timeMs: one.times[0],
                    value: samples.values[0],
                    startMs: one.starts[0]
                )
            } else {
                writer.appendSeries(numbers[...], metadata ?? .init(), samples, starts: one.starts)
            }
        }
        var message: [UInt8] = []
        writer.write(to: &message)
        return message
    }

    static func read(_ message: [UInt8]) throws(RemoteWriteV2Error) -> [Series] {
        var reader = try RemoteWriteV2Reader(message.span)
        var all: [Series] = []
        while try reader.next(message.span) {
            let labels = try reader.labels(message.span)
            try reader.checkContents()
            var metadata: MetricMetadata?
            if let key = reader.metadataKey { metadata = try reader.metadata(key, message.span) }
            all.append(
                Series(
                    labels: labels,
                    times: reader.samples.times,
                    bits: reader.samples.values.map(\.bitPattern),
                    starts: reader.starts,
                    metadata: metadata
                )
            )
        }
        return all
    }

    @Test("writes the bytes of the specification's messages")
    func bytes() {
        var writer = RemoteWriteV2Writer()
        let up = Labels([Label("__name__", "up")])
        let message = Self.write(
            [
                Series(
                    labels: up,
                    times: [300],
                    bits: [(1.0).bitPattern],
                    starts: [1],
                    metadata: MetricMetadata(kind: .gauge, help: "Up?", unit: "")
                )
            ],
            &writer
        )
        #expect(
            message == [0x22, 0, 0x22, 8] + Array("__name__".utf8) + [0x22, 2] + Array("up".utf8)
                + [0x22, 3] + Array("Up?".utf8) + [
                    0x2a, 0x1a, 0x0a, 2, 1, 2,
                    0x12, 0x0e, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0x10, 0xac, 2, 0x18, 1,
                    0x2a, 4, 0x08, 2, 0x18, 3,
                ]
        )
    }

    @Test("reads back what was written", arguments: 0..<30 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var writer = RemoteWriteV2Writer()
        // Several requests with one pool: what an earlier one used must not show in a later one.
        for _ in 0..<4 {
            var all: [Series] = []
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                var labels = [Label("__name__", "m\(Int.random(in: 0..<5, using: &random))")]
                for _ in 0..<Int.random(in: 0...4, using: &random) {
                    labels.append(
                        Label(
                            "é\(Int.random(in: 0..<9, using: &random))",
                            String(
                                repeating: "x",
                                count: Int.random(in: 0...200, using: &random)
                            )
                        )
                    )
                }
                let count = Int.random(in: 1...4, using: &random)
                func times() -> [Int64] {
                    (0..<count).map { _ in
                        Bool.random(using: &random) ? 0 : Int64(bitPattern: random.next())
                    }
                }
                let kinds = MetricKind.allCases
                var metadata: MetricMetadata? = MetricMetadata(
                    kind: kinds[Int.random(in: 0..<kinds.count, using: &random)],
                    help: ["", "help", "more"][Int.random(in: 0..<3, using: &random)],
                    unit: ["", "s", "help"][Int.random(in: 0..<3, using: &random)]
                )
                if metadata == MetricMetadata() { metadata = nil }
                all.append(
                    Series(
                        labels: Labels(labels),
                        times: times(),
                        bits: (0..<count).map {
                            [0, 1 << 63, StaleMarker.bits, random.next()][($0 + count) % 4]
                        },
                        starts: times(),
                        metadata: metadata
                    )
                )
            }
            let message = Self.write(all, &writer)
            #expect(try Self.read(message) == all, "seed \(seed)")
            // Each text once, the empty one first.
            let symbols = Self.symbols(message)
            #expect(Set(symbols).count == symbols.count && symbols.first == [], "seed \(seed)")
        }
    }

    private static func symbols(_ message: [UInt8]) -> [[UInt8]] {
        var reader = ProtobufReader(0..<message.count)
        var symbols: [[UInt8]] = []
        while let found = try? reader.next(message.span) {
            guard let range = try? reader.bytes(message.span) else { break }
            if found.field == 4 { symbols.append(Array(message[range])) }
        }
        return symbols
    }

    // MARK: What other senders may write

    private static func message(
        symbols: [String] = ["", "__name__", "up", "a", "b", ""],
        symbolsLast: Bool = false,
        _ series: [[UInt8]]
    ) -> [UInt8] {
        var head: [UInt8] = []
        for symbol in symbols { ProtobufWriter.bytes(4, symbol.utf8, to: &head) }
        var body: [UInt8] = []
        for one in series { ProtobufWriter.bytes(5, one, to: &body) }
        return symbolsLast ? body + head : head + body
    }

    private static func packed(_ references: [UInt64]) -> [UInt8] {
        var inner: [UInt8] = []
        for reference in references {
            var rest = reference
            while rest >= 0x80 {
                inner.append(UInt8(truncatingIfNeeded: rest) | 0x80)
                rest >>= 7
            }
            inner.append(UInt8(rest))
        }
        var series: [UInt8] = []
        ProtobufWriter.bytes(1, inner, to: &series)
        return series
    }

    private static let sample: [UInt8] = [0x12, 2, 0x10, 5]

    @Test("takes what protobuf allows: symbols at the end, numbers unpacked, unknown fields")
    func leniency() throws {
        let unpacked: [UInt8] = [0x08, 1, 0x08, 2] + Self.sample + [0x38, 1]
        let expected = Series(
            labels: Labels([Label("__name__", "up")]),
            times: [5],
            bits: [0],
            starts: [0],
            metadata: nil
        )
        #expect(try Self.read(Self.message(symbolsLast: true, [unpacked])) == [expected])
        let split = Self.packed([1]) + Self.packed([2]) + Self.sample
        #expect(try Self.read(Self.message([split])) == [expected])
        // An empty value is no label; the symbols need not be used.
        let empty = Self.packed([1, 2, 3, 0]) + Self.sample
        #expect(try Self.read(Self.message([empty])) == [expected])
        #expect(try Self.read([]) == [])
        #expect(try Self.read(Self.message([])) == [])
        // Of the metadata's parts the last counts; an unknown type is unknown.
        let metadata: [UInt8] = [0x2a, 2, 0x08, 2, 0x2a, 4, 0x08, 99, 0x18, 3]
        var noted = expected
        noted.metadata = MetricMetadata(kind: .unknown, help: "a")
        #expect(try Self.read(Self.message([split + metadata])) == [noted])
    }

    struct Refused: Sendable {
        let series: [UInt8]
        let text: String

        init(_ references: [UInt64]?, _ rest: [UInt8], _ text: String) {
            series = (references.map { RemoteWriteV2Tests.packed($0) } ?? []) + rest
            self.text = text
        }
    }

    static let refused: [Refused] = [
        Refused([1, 2, 3], sample, "3 label references are no pairs"),
        Refused([1, 6], sample, "it refers to symbol 6 of 6"),
        Refused([1, .max], sample, "it refers to symbol 18446744073709551615 of 6"),
        Refused([0, 2, 1, 2], sample, "a label name is empty"),
        Refused([3, 4, 1, 2], sample, "label __name__ comes after a; sort them"),
        Refused([1, 2, 1, 2], sample, "label __name__ comes twice"),
        Refused([1, 2, 3, 0, 3, 4], sample, "label a comes twice"),
        Refused([3, 4], sample, "it has no __name__"),
        Refused([1, 0], sample, "it has no __name__"),
        Refused(nil, sample, "it has no __name__"),
        Refused([1, 2], sample + [0x1a, 0], "it has both samples and histograms"),
        Refused([1, 2], [], "it has neither samples nor histograms"),
        Refused([1, 2], sample + [0x2a, 2, 0x18, 6], "it refers to symbol 6 of 6"),
        Refused([1, 2], sample + [0x2a, 2, 0x20, 7], "it refers to symbol 7 of 6"),
    ]

    @Test("refuses what the specification forbids", arguments: refused)
    func refusals(row: Refused) {
        let message = Self.message([row.series])
        let error = #expect(throws: RemoteWriteV2Error.self) { try Self.read(message) }
        let head = Self.message([]).count + 2
        #expect(error?.description == "cannot take the series at byte \(head): \(row.text)")
    }

    @Test("a request without the empty symbol, or with one that is no text, is refused whole")
    func badSymbols() {
        func text(_ message: [UInt8]) -> String? {
            #expect(throws: RemoteWriteV2Error.self) { try RemoteWriteV2Reader(message.span) }?
                .description
        }
        let series = Self.packed([1, 2]) + Self.sample
        #expect(
            text(Self.message(symbols: ["x", "__name__", "up"], [series]))
                == "cannot take the request: its first symbol is not the empty text"
        )
        #expect(
            text(Self.message(symbols: [], [series]))
                == "cannot take the request: its first symbol is not the empty text"
        )
        #expect(
            text([0x22, 0, 0x22, 1, 0xff])
                == "cannot take the request: the symbol at byte 4 is not UTF-8"
        )
        #expect(
            text([0x22, 5, 0]) == "cannot decode protobuf: it ends inside the field at byte 0"
        )
        #expect(
            text([0x2a, 1]) == "cannot decode protobuf: it ends inside the field at byte 0"
        )
        #expect(
            text([0x20, 1])
                == "cannot decode protobuf: field 4 at byte 0 has another type than the message's definition"
        )
        #expect(
            text([UInt8](repeating: 0xff, count: 12))
                == "cannot decode protobuf: the varint at byte 0 has more than 64 bits"
        )
        var many: [UInt8] = []
        for _ in 0...RemoteWriteV2Reader.symbolLimit { many += [0x22, 0] }
        #expect(
            text(many)
                == "cannot take the request: it has more than 2097152 symbols; send less at a time"
        )
    }

    @Test("counts histograms and exemplars, which are not stored")
    func counts() throws {
        let series =
            Self.packed([1, 2]) + [0x1a, 2, 0x30, 1, 0x1a, 0] + [
                0x22, 2, 0x18, 5, 0x22, 0, 0x22, 0,
            ]
        let message = Self.message([series, Self.packed([1, 2]) + Self.sample])
        var reader = try RemoteWriteV2Reader(message.span)
        #expect(try reader.next(message.span))
        #expect(reader.histograms == 2 && reader.exemplars == 3 && reader.samples.count == 0)
        try reader.checkContents()
        #expect(try reader.next(message.span))
        #expect(reader.histograms == 0 && reader.exemplars == 0 && reader.samples.count == 1)
    }

    @Test("never traps on damage", arguments: 0..<20 as Range<UInt64>)
    func damage(seed: UInt64) {
        var writer = RemoteWriteV2Writer()
        let labels = Labels([Label("__name__", "up"), Label("a", "b")])
        let whole = Self.write(
            [
                Series(
                    labels: labels,
                    times: [1_700_000_000_000, 5],
                    bits: [1, 2],
                    starts: [0, 3],
                    metadata: MetricMetadata(kind: .counter, help: "x", unit: "s")
                )
            ],
            &writer
        )
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 { _ = try? Self.read(damaged(whole, &random)) }
    }

    @Test("a pool gives a text one number for ever, through growth too")
    func pool() {
        var pool = SymbolPool()
        let texts = (0..<2000).map { "text \($0 % 1500)" }
        let numbers = texts.map { pool.number($0.utf8.span) }
        #expect(pool.number("".utf8.span) == 0)
        #expect(pool.count == 1501)
        #expect(numbers[1500...] == numbers[..<500])
        #expect(texts.map { pool.number($0.utf8.span) } == numbers)
        for (text, number) in zip(texts, numbers) {
            #expect(Array(pool.bytes[pool.range(number)]) == Array(text.utf8))
        }
    }
}
