// Series as text and back: what each format carries, and what it refuses.
import Formats
import Model
import TestSupport
import Testing

@Suite("Series as text") struct SeriesTextTests {
    private typealias Read = [Labels: [Int64: UInt64]]

    private func write(_ format: SeriesFormat, _ series: [(Labels, [(Int64, Double)])]) -> [UInt8] {
        let names = Set(series.flatMap { $0.0.array.map(\.name) }).sorted()
        var writer = SeriesWriter(format, columns: names)
        var bytes: [UInt8] = []
        writer.begin(to: &bytes)
        for (labels, samples) in series {
            var columns = SampleColumns()
            for (time, value) in samples { columns.append(time, value) }
            writer.write(labels, columns, to: &bytes)
        }
        writer.end(to: &bytes)
        return bytes
    }

    private func read(
        _ format: SeriesFormat,
        _ bytes: [UInt8],
        pieces: Int = 1 << 20
    ) throws(SeriesTextError) -> Read {
        var reader = SeriesReader(format, arrivalMs: 77)
        var found: Read = [:]
        var at = 0
        while at < bytes.count {
            let end = min(at + pieces, bytes.count)
            try reader.feed(Array(bytes[at..<end]).span) { labels, time, value in
                found[labels, default: [:]][time] = value.bitPattern
            }
            at = end
        }
        try reader.finish { labels, time, value in
            found[labels, default: [:]][time] = value.bitPattern
        }
        return found
    }

    private func refusal(_ format: SeriesFormat, _ text: String) -> String? {
        do throws(SeriesTextError) {
            _ = try read(format, Array(text.utf8))
            return nil
        } catch {
            return "\(error)"
        }
    }

    private static let plain = Labels([Label("__name__", "up"), Label("job", "node")])

    @Test("OpenMetrics: the text as promtool writes it")
    func openMetrics() {
        let quoted = Labels([
            Label("__name__", "my.metric"), Label("a b", "c\"\\\n"), Label("z", "é"),
        ])
        let text = write(
            .openMetrics,
            [
                (Self.plain, [(1_700_000_000_000, 1), (1_700_000_015_250, -0.0)]),
                (Labels([Label("__name__", "bare")]), [(-1500, .infinity)]),
                (quoted, [(0, .nan)]),
            ]
        )
        #expect(
            String(decoding: text, as: UTF8.self) == """
                up{job="node"} 1 1700000000
                up{job="node"} -0 1700000015.25
                bare +Inf -1.5
                {"my.metric","a b"="c\\"\\\\\\n",z="é"} NaN 0
                # EOF

                """
        )
    }

    @Test("CSV: a column a label, an empty value for a stale marker, the bits of a strange NaN")
    func csv() {
        let text = write(
            .csv,
            [
                (
                    Self.plain,
                    [
                        (1_700_000_000_000, 1), (1_700_000_015_000, StaleMarker.value),
                        (1_700_000_030_000, Double(bitPattern: 0x7ff8_0000_0000_0001)),
                        (1_700_000_045_000, Double(bitPattern: 0xfff8_0000_0000_0123)),
                    ]
                ),
                (
                    Labels([Label("__name__", "x"), Label("path", "a,\"b\"")]),
                    [(253_402_300_800_001, 1e300)]
                ),
            ]
        )
        #expect(
            String(decoding: text, as: UTF8.self) == """
                time,value,__name__,job,path
                2023-11-14T22:13:20.000Z,1,up,node,
                2023-11-14T22:13:35.000Z,,up,node,
                2023-11-14T22:13:50.000Z,NaN,up,node,
                2023-11-14T22:14:05.000Z,NaN:fff8000000000123,up,node,
                253402300800.001,1e+300,x,,"a,""b""\u{22}

                """
        )
    }

    @Test("CSV brings every bit back, whatever the pieces", arguments: [1, 7, 4096])
    func lossless(pieces: Int) throws {
        var random = SeededRandom(seed: 20_261)
        var series: [(Labels, [(Int64, Double)])] = []
        var wanted: Read = [:]
        let texts = ["", "plain", "a,b", "\"", "two\nlines", "\r", " lead", "é😀", "NaN", "=1+1"]
        for number in 0..<40 {
            var labels = [Label("__name__", "m\(number)")]
            for name in ["a", "b c", "d,e"] {
                labels.append(Label(name, texts[Int.random(in: 0..<texts.count, using: &random)]))
            }
            var samples: [(Int64, Double)] = []
            for index in 0..<20 {
                let time = Int64(index) * 1_000_003 - 5_000_000
                samples.append((time, Double(bitPattern: random.next())))
            }
            samples.append((.max, StaleMarker.value))
            samples.append((.min, -0.0))
            samples.append((1, .leastNonzeroMagnitude))
            let set = Labels(labels)
            series.append((set, samples))
            for (time, value) in samples { wanted[set, default: [:]][time] = value.bitPattern }
        }
        #expect(try read(.csv, write(.csv, series), pieces: pieces) == wanted)
    }

    @Test("OpenMetrics brings back all but what it has no word for", arguments: [1, 7, 4096])
    func openMetricsBack(pieces: Int) throws {
        let quoted = Labels([Label("__name__", "my.metric"), Label("a b", "c\"\\\n#,}")])
        let samples: [(Int64, Double)] = [
            (-1, 0.1), (1_700_000_000_001, 1e-300), (2, -0.0), (3, .infinity),
            (4, Double(bitPattern: 0x7ff8_0000_0000_0001)), (5, 123_456_789.123456789),
        ]
        let found = try read(
            .openMetrics,
            write(.openMetrics, [(Self.plain, samples), (quoted, samples)]),
            pieces: pieces
        )
        let wanted = Dictionary(uniqueKeysWithValues: samples.map { ($0.0, $0.1.bitPattern) })
        #expect(found == [Self.plain: wanted, quoted: wanted])
    }

    @Test("what OpenMetrics cannot say is counted")
    func counted() {
        var writer = SeriesWriter(.openMetrics)
        var samples = SampleColumns()
        samples.append(1, StaleMarker.value)
        samples.append(2, Double(bitPattern: 0x7ff8_0000_0000_0123))
        samples.append(3, Double(bitPattern: 0x7ff8_0000_0000_0001))
        var bytes: [UInt8] = []
        writer.write(Self.plain, samples, to: &bytes)
        #expect(writer.leftOutMarkers == 1)
        #expect(writer.changedValues == 1)
        #expect(bytes.count { $0 == 0x0a } == 2)
    }

    @Test("reads what other programs write")
    func others() throws {
        let text = """
            # HELP http_requests Requests.
            # TYPE http_requests counter
            # UNIT http_requests requests
            http_requests_total{code="200"} 5 1700000000.123456 # {trace_id="x"} 1 1.5
            # TYPE sizes gaugehistogram
            sizes_bucket{le="1"} 2 # {a="b"} 1
            sizes_gcount 2 1.7e9
            # EOF
            """
        let counter = Labels([Label("__name__", "http_requests_total"), Label("code", "200")])
        let bucket = Labels([Label("__name__", "sizes_bucket"), Label("le", "1")])
        let count = Labels([Label("__name__", "sizes_gcount")])
        #expect(
            try read(.openMetrics, Array(text.utf8)) == [
                counter: [1_700_000_000_123: (5.0).bitPattern],
                bucket: [77: (2.0).bitPattern],
                count: [1_700_000_000_000: (2.0).bitPattern],
            ]
        )
        let csv = "\u{feff}time,value,__name__\r\n1700000000.5,1,up\r\n\r\n,2,up"
        let up = Labels([Label("__name__", "up")])
        #expect(
            try read(.csv, Array(csv.utf8)) == [
                up: [1_700_000_000_500: (1.0).bitPattern, 77: (2.0).bitPattern]
            ]
        )
        let prometheus = "up 1 1700000000123\n# EOF\nup 2\n"
        #expect(
            try read(.prometheus, Array(prometheus.utf8)) == [
                up: [1_700_000_000_123: (1.0).bitPattern, 77: (2.0).bitPattern]
            ]
        )
    }

    @Test(
        "says line, column and what to do",
        arguments: [
            (
                SeriesFormat.openMetrics, "up 1 1\n",
                "2: the text does not end with # EOF: it was cut off, or is another format"
            ),
            (
                .openMetrics, "up 1 1\n# EOF\nup 1 2\n",
                "3:1: expected nothing after # EOF, got \"u\""
            ),
            (.openMetrics, "up 1 x\n# EOF\n", "1:6: timestamp \"x\" is not a number of seconds"),
            (
                .openMetrics, "up 1 1700000000000\n# EOF\n",
                "1:3: the timestamp is after the year 9999; "
                    + "times in milliseconds are the format prometheus"
            ),
            (.prometheus, "a 1\nup{x=1} 1\n", "2:6: expected label value, got \"1\""),
            (.csv, "", "1: no header; the first line is time,value and then the names of labels"),
            (
                .csv, "a,b\n",
                "1: no header; the first line is time,value and then the names of labels"
            ),
            (.csv, "time,value,a\n1,2\n", "2: 2 cells, the header has 3"),
            (
                .csv, "time,value,a\nsoon,2,x\n",
                "2: \"soon\" is no time; write 2026-01-31T12:00:00Z or seconds since 1970"
            ),
            (
                .csv, "time,value,a\n\"1\n\",2,x\n",
                "2: \"1\\n\" is no time; write 2026-01-31T12:00:00Z or seconds since 1970"
            ),
            (.csv, "time,value,a\n1,x,x\n", "2: \"x\" is no value"),
            (
                .csv, "time,value,a\n1,NaN:7ff0000000000000,x\n",
                "2: \"NaN:7ff0000000000000\" is no value"
            ),
            (.csv, "time,value,a\n1,2,\n", "2: the sample has no label"),
            (.csv, "time,value,a,a\n", "1: the label a has two columns"),
            (.csv, "time,value,,a\n", "1: column 3 has no name"),
            (.csv, "time,value,a\n\n1,2,\"x", "3: a quote is never closed"),
            (.csv, "time,value,a\n1,2,\"x\"y\n", "2: a closing quote is not followed by a comma"),
        ]
    )
    func refuses(format: SeriesFormat, text: String, words: String) {
        #expect(refusal(format, text) == words)
    }

    @Test("samples before the wrong line are given")
    func before() {
        for (format, text) in [
            (SeriesFormat.openMetrics, "up 1 1\nup x 2\n"), (.csv, "time,value,a\n1,1,x\nx,1,x\n"),
        ] {
            var reader = SeriesReader(format, arrivalMs: 0)
            var count = 0
            let bytes = Array(text.utf8)
            #expect(throws: SeriesTextError.self) {
                try reader.feed(bytes.span) { _, _, _ in count += 1 }
            }
            #expect(count == 1)
        }
    }
}

@Suite("Decimal seconds") struct SecondsTextTests {
    private func written(_ ms: Int64) -> String {
        var bytes: [UInt8] = []
        SecondsText.write(ms, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        "exact both ways",
        arguments: [
            (Int64(0), "0"), (1, "0.001"), (-1, "-0.001"), (1_700_000_000_250, "1700000000.25"),
            (-1500, "-1.5"), (.max, "9223372036854775.807"), (.min, "-9223372036854775.808"),
        ]
    )
    func exact(ms: Int64, text: String) {
        #expect(written(ms) == text)
        #expect(SecondsText.parse(Array(text.utf8).span) == ms)
    }

    @Test(
        "reads other spellings, refuses what is none",
        arguments: [
            ("1.0005", Int64(1001)), ("1.0004999", 1000), ("-1.0005", -1001),
            ("1.7e9", 1_700_000_000_000),
            ("1.", 1000), (".5", 500), ("9223372036854775.808", nil), ("x", nil), ("", nil),
            (".", nil), ("NaN", nil), ("1e300", nil), ("+Inf", nil), ("1.2.3", nil),
        ]
    )
    func others(text: String, ms: Int64?) {
        #expect(SecondsText.parse(Array(text.utf8).span) == ms)
    }
}
