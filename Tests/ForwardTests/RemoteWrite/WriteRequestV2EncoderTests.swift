import Formats
import Model
import Store
import Synchronization
import Testing

@testable import Forward

@Suite("Write request 2.0 encoder") struct WriteRequestV2EncoderTests {
    typealias Table = WriteRequestEncoderTests.Table

    final class Book: MetricDescriptions {
        private let state = Mutex<(version: UInt64, known: [String: MetricMetadata])>((0, [:]))

        var version: UInt64 { state.withLock { $0.version } }

        func description(of family: String) -> MetricMetadata? {
            state.withLock { $0.known[family] }
        }

        func all() -> [(family: String, description: MetricMetadata)] {
            state.withLock { $0.known.map { ($0.key, $0.value) } }
        }

        func note(_ family: String, _ metadata: MetricMetadata) {
            state.withLock {
                $0.version += 1
                $0.known[family] = metadata
            }
        }
    }

    static func read(_ message: [UInt8]) throws -> [String] {
        var reader = try RemoteWriteV2Reader(message.span)
        var lines: [String] = []
        while try reader.next(message.span) {
            let labels = try reader.labels(message.span)
            try reader.checkContents()
            var line = "\(labels)"
            for index in 0..<reader.samples.count {
                let bits = String(reader.samples.values[index].bitPattern, radix: 16)
                line += " \(reader.samples.times[index] - 1_700_000_000_000):\(bits)"
            }
            if let key = reader.metadataKey {
                let metadata = try reader.metadata(key, message.span)
                line += " \(metadata.kind.rawValue) \(metadata.help) \(metadata.unit)"
            }
            lines.append(line)
        }
        return lines
    }

    private static let names = Table([
        Labels([Label("__name__", "up"), Label("job", "a")]),
        Labels([Label("__name__", "t_bucket"), Label("le", "1"), Label("zone", "eigen")]),
        Labels([Label("__name__", "x")]),
    ])

    @Test("labels, times and every bit of a value arrive, with what is known of the metric")
    func bits() throws {
        let book = Book()
        book.note("up", MetricMetadata(kind: .gauge, help: "Up?"))
        book.note("t", MetricMetadata(kind: .histogram, help: "Time.", unit: "seconds"))
        let encoder = WriteRequestV2Encoder(
            externalLabels: Labels([Label("zone", "eu")]),
            descriptions: book
        )
        let values = [StaleMarker.value, -0.0, Double(bitPattern: 0x7ff8_0000_dead_beef)]
        let slice = WriteRequestEncoderTests.slice(Self.names, [0, 1, 2], values)
        let body = try #require(encoder.encode(slice, leavingOutUnknown: false)).body
        #expect(body.version == .version2)
        #expect(
            try Self.read(body.message) == [
                #"up{job="a", zone="eu"} 0:7ff0000000000002 gauge Up? "#,
                #"t_bucket{le="1", zone="eigen"} 1:8000000000000000 histogram Time. seconds"#,
                #"x{zone="eu"} 2:7ff80000deadbeef"#,
            ]
        )
        // What becomes known later is in the next request.
        book.note("x", MetricMetadata(kind: .counter, help: "All."))
        #expect(
            try encoder.encode(slice, leavingOutUnknown: false).map {
                try Self.read($0.body.part(2..<3).message)
            } == [#"x{zone="eu"} 2:7ff80000deadbeef counter All. "#]
        )
    }

    @Test(
        "the family of a series is found by its suffix where the type has one",
        arguments: [
            ("f_total", .counter, true), ("f_total", .gauge, false), ("f_sum", .summary, true),
            ("f_count", .histogram, true), ("f_bucket", .summary, false), ("f", .gauge, true),
            ("f_gsum", .gaugeHistogram, true), ("f_info", .info, true), ("_sum", .summary, false),
            ("f_created", .counter, true), ("f_created", .gauge, false),
        ] as [(String, MetricKind, Bool)]
    )
    func families(name: String, kind: MetricKind, isFound: Bool) {
        let book = Book()
        book.note("f", MetricMetadata(kind: kind))
        #expect((book.description(ofSeries: name) != nil) == isFound)
    }

    @Test("the bytes do not depend on what is cached", arguments: [0, 3000, 6000, 1_000_000])
    func cacheIsInvisible(limit: Int) throws {
        let table = Table(
            (0..<50).map { Labels([Label("__name__", "m\($0 % 7)"), Label("i", "\($0)")]) }
        )
        let other = Table((0..<50).map { Labels([Label("__name__", "other\($0)")]) })
        let book = Book()
        for index in 0..<5 {
            book.note("m\(index)", MetricMetadata(kind: .gauge, help: "\(index)"))
        }
        let plain = WriteRequestV2Encoder(externalLabels: Labels(), descriptions: book)
        let bounded = WriteRequestV2Encoder(
            externalLabels: Labels(),
            descriptions: book,
            cacheLimitBytes: limit
        )
        for round in 0..<9 {
            if round == 5 { book.note("m5", MetricMetadata(kind: .counter, help: "late")) }
            let numbers = (0..<50).map { UInt64(($0 * 7 + round) % 50) }
            let slice = WriteRequestEncoderTests.slice(
                round == 3 ? other : table,
                numbers,
                numbers.map { Double($0) }
            )
            let body = try #require(plain.encode(slice, leavingOutUnknown: false)).body
            #expect(bounded.encode(slice, leavingOutUnknown: false)?.body == body)
            #expect(try Self.read(body.message).count == 50)
        }
    }

    private static func rules(_ body: (inout RelabelRule) -> Void) throws -> RelabelRules {
        var rule = RelabelRule()
        body(&rule)
        return try RelabelRules([rule])
    }

    @Test(
        "relabelling sees the external labels, and what it drops is not sent",
        arguments: [true, false]
    )
    func relabelling(isVersion2: Bool) throws {
        var drop = RelabelRule()
        drop.action = .drop
        drop.sourceLabels = ["__name__", "zone"]
        drop.regex = "(t_.*|x);eu"
        var lose = RelabelRule()
        lose.action = .labelDrop
        lose.regex = "zone|job"
        let rules = try RelabelRules([drop, lose])
        let external = Labels([Label("zone", "eu")])
        let encoder: any RequestEncoder =
            isVersion2
            ? WriteRequestV2Encoder(
                externalLabels: external,
                rules: rules,
                descriptions: NoMetricDescriptions()
            ) : WriteRequestEncoder(externalLabels: external, rules: rules)
        let slice = WriteRequestEncoderTests.slice(Self.names, [2, 0, 1], [2, 0, 1])
        for _ in 0..<2 {
            let encoded = try #require(encoder.encode(slice, leavingOutUnknown: false))
            let (kept, body) = (encoded.slice, encoded.body)
            #expect(kept.series == [0, 1])
            #expect(kept.values == [0, 1])
            #expect(kept.times == [1_700_000_000_000, 1_700_000_000_001])
            #expect(kept.from == slice.from && kept.to == slice.to)
            if isVersion2 {
                #expect(
                    try Self.read(body.message)
                        == ["up 0:0", #"t_bucket{le="1"} 1:3ff0000000000000"#]
                )
            } else {
                let decoded = try WriteRequestEncoderTests.decode(body.bytes)
                #expect(decoded.map(\.labels.description) == ["up", #"t_bucket{le="1"}"#])
            }
        }
        // All of it may be left out, also because no label is left.
        let none = try Self.rules {
            $0.action = .labelDrop
            $0.regex = ".*"
        }
        let empty = WriteRequestEncoder(externalLabels: external, rules: none)
        let encoded = try #require(empty.encode(slice, leavingOutUnknown: false))
        #expect(encoded.slice.count == 0)
        #expect(encoded.body.bytes.isEmpty)
    }
}
