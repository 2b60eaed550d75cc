// What a scrape may look like, what is refused, and that pieces of any size read the same.
import Formats
import Model
import TestSupport
import Testing

@Suite("exposition parser") struct ExpositionParserTests {
    @Test(
        "reads what Prometheus reads",
        arguments: [
            ("a 1\n", "a 1.0"), ("a 1", "a 1.0"), ("a{} 1 5\n", "a{} 1.0 @5"),
            (" a\t{ b = \"c\" , } 1e3 -7 \n", "a\t{ b = \"c\" , } 1000.0 @-7"),
            ("a{b=\"}\\\" 1\\\\\"} -.5\n", "a{b=\"}\\\" 1\\\\\"} -0.5"),
            ("{\"my.metric\",b=\"c\"} NaN\n", "{\"my.metric\",b=\"c\"} nan(0x1)"),
            ("a +Inf\n\n \t\nb -inf\n", "a inf|b -inf"), ("a 007\n", "a 7.0"),
            ("a 12345678901234567890\n", "a 1.2345678901234567e+19"), ("a:b_c 1.5\n", "a:b_c 1.5"),
            ("# HELP a some \\n text\n", "help a: some \n text"), ("# HELP a\n", "help a: "),
            ("# HELP \"x.y\" z\n", "help x.y: z"), ("# TYPE a counter\n", "type a counter"),
            ("#\n# a comment\n#x\n# HELPa b\n# EOF\n", ""),
            ("# TYPE a untyped\n", "type a unknown"),
            ("", ""), ("\n\n", ""),
        ]
    )
    func reads(text: String, lines: String) throws {
        #expect(try shown(Array(text.utf8), pieces: 1000) == lines)
        #expect(try shown(Array(text.utf8), pieces: 1) == lines)
    }

    @Test(
        "refuses with line, column and Prometheus's words",
        arguments: [
            ("a\n", "line 1, column 2: expected value after metric, got \"\\n\""),
            ("a{b=\"c\"\n", "line 1, column 8: expected }, got \"\\n\""),
            ("a{b=\"c\n", "line 1, column 7: expected end of the label value, got \"\\n\""),
            ("x 1\na 1x\n", "line 2, column 3: \"1x\" is not a number"),
            ("a 0x1p3\n", "line 1, column 3: \"0x1p3\" is not a number"),
            ("a 1_000\n", "line 1, column 3: \"1_000\" is not a number"),
            ("a 1 x\n", "line 1, column 5: expected timestamp or new record, got \"x\""),
            ("a 1 1.5\n", "line 1, column 6: expected next entry after timestamp, got \".\""),
            (
                "a 1 99999999999999999999\n",
                "line 1, column 5: timestamp \"99999999999999999999\" is not a whole number of milliseconds"
            ),
            ("a 1 2 3\n", "line 1, column 7: expected next entry after timestamp, got \"3\""),
            ("a 1\r\n", "line 1, column 3: \"1\\r\" is not a number"),
            ("1a 1\n", "line 1, column 1: expected a valid start token, got \"1\""),
            ("-\n", "line 1, column 1: expected a valid start token, got \"-\""),
            ("a{b=\"c\"}{ 1\n", "line 1, column 9: expected value after metric, got \"{\""),
            (
                "# TYPE a count\n",
                "line 1, column 10: invalid metric type \"count\"; it is counter, gauge, histogram, summary or untyped"
            ),
            ("# TYPE \n", "line 1, column 8: expected metric name after TYPE, got \"\\n\""),
            ("<html>\n", "line 1, column 1: expected a valid start token, got \"<\""),
            (
                "a{b=\"c\\x\\n\"} 1\na{1=\"\"} 1\n",
                "line 2, column 3: expected label name, got \"1\""
            ),
            ("a{b=c} 1\n", "line 1, column 5: expected label value, got \"c\""),
            ("a{b} 1\n", "line 1, column 4: expected equal, got \"}\""),
            ("a{b=\"1\",b=\"2\"} 1\n", "line 1, column 1: label name \"b\" is not unique"),
            ("{b=\"1\"} 1\n", "line 1, column 1: metric name not set"),
            ("a{\"c\"} 1\n", "line 1, column 3: metric name already set, got also \"c\""),
        ]
    )
    func refuses(text: String, refused: String) {
        #expect(refusalOf(Array(text.utf8)) == refused)
    }

    @Test("refuses a label that is not UTF-8")
    func encoding() {
        let text = Array("a{b=\"".utf8) + [0xff] + Array("\"} 1\n".utf8)
        #expect(refusalOf(text) == "line 1, column 5: label value is not valid UTF-8")
    }

    @Test("refuses a line without end")
    func endless() {
        let text = Array("a{b=\"".utf8) + [UInt8](repeating: 0x61, count: 2 << 20)
        #expect(refusalOf(text) == "line 1, column 1: line is longer than 1048576 bytes")
    }

    @Test(
        "makes labels",
        arguments: [
            ("a", "a"), ("a{}", "a"), ("a{b=\"c\\\\d\\\"e\\nf\\g\",}", #"a{b="c\\d\"e\nf\\g"}"#),
            ("a{z=\"1\" y=\"\"\tx=\"2\"}", #"a{x="2", z="1"}"#),
            ("{\"my.metric\", \"l.n\"=\"v\"}", #"my.metric{l.n="v"}"#),
        ]
    )
    func labels(raw: String, labels: String) throws {
        #expect(try ExpositionLabels.parse(raw.utf8.span).description == labels)
    }

    @Test("what the writer writes reads back", arguments: 0..<20)
    func roundTrip(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var families: [ExpositionFamily] = []
        let texts = ["", "plain", "q\"q", "b\\n", "n\nl", "é😀", "}{,=# ", "tail\\"]
        for number in 0..<5 {
            var family = ExpositionFamily(
                "m\(number)",
                .gauge,
                help: texts.randomElement(using: &random) ?? ""
            )
            for index in 0..<3 {
                let value = Double(bitPattern: random.next())
                family.samples.append(
                    ExpositionSample(
                        value.isNaN ? 1 : value,
                        labels: [
                            Label("i", "\(index)"),
                            Label("t", texts.randomElement(using: &random) ?? ""),
                        ],
                        time: Bool.random(using: &random) ? Timestamp(ms: -5) : nil
                    )
                )
            }
            families.append(family)
        }
        let text = ExpositionWriter.text(families)
        var samples = families.flatMap { family in family.samples.map { (family.name, $0) } }
        samples.reverse()
        var parser = ExpositionParser()
        try parser.feed(text.span) { (line, bytes, _) throws(ExpositionError) in
            guard case .sample(let series, let value, let time) = line else { return }
            guard let (name, sample) = samples.popLast() else { return }
            let labels = try ExpositionLabels.parse(bytes.extracting(series))
            #expect(labels == Labels([Label("__name__", name)] + sample.labels), "seed \(seed)")
            #expect(value == sample.value && time == sample.time?.ms, "seed \(seed)")
        }
        #expect(samples.isEmpty)
    }

    @Test("damage never traps, and pieces read as the whole does", arguments: 0..<40)
    func damage(seed: UInt64) {
        let whole = Array(
            """
            # HELP a_b text \\\\ with \\n escapes
            # TYPE a_b histogram
            a_b{le="0.5",x="y\\"z"} 17 1395066363000
            a_b_count 3.5e10
            {"my.metric",é="ü"} +Inf -3

            # TYPE "q\\"s" counter
            b NaN
            """.utf8
        )
        var random = SeededRandom(seed: seed)
        for _ in 0..<100 {
            let text = damaged(whole, &random)
            let one = outcome(text, pieces: text.count + 1)
            let many = outcome(text, pieces: Int.random(in: 1...9, using: &random))
            #expect(one == many, "seed \(seed): \(text)")
        }
    }

    private func outcome(_ text: [UInt8], pieces: Int) -> String {
        do throws(ExpositionError) { return try shown(text, pieces: pieces) } catch {
            return error.description
        }
    }

    private func refusalOf(_ text: [UInt8]) -> String {
        let whole = outcome(text, pieces: text.count)
        #expect(whole == outcome(text, pieces: 1000))
        return whole
    }

    // The lines as text; every series goes through the label parser too.
    private func shown(_ text: [UInt8], pieces: Int) throws(ExpositionError) -> String {
        var lines: [String] = []
        var parser = ExpositionParser()
        let body = {
            (line: ExpositionLine, bytes: Span<UInt8>, number: Int) throws(ExpositionError) in
            switch line {
            case .sample(let series, let value, let time):
                var raw: [UInt8] = []
                for index in series { raw.append(bytes[index]) }
                _ = try ExpositionLabels.parse(bytes.extracting(series), line: number)
                let suffix = time.map { " @\($0)" } ?? ""
                lines.append("\(String(decoding: raw, as: UTF8.self)) \(value)\(suffix)")
            case .help(let name, let text):
                let help = ExpositionLabels.help(bytes.extracting(text))
                lines.append("help \(ExpositionLabels.name(bytes.extracting(name))): \(help)")
            case .type(let name, let kind):
                lines.append("type \(ExpositionLabels.name(bytes.extracting(name))) \(kind)")
            }
        }
        var at = 0
        while at < text.count {
            let end = min(text.count, at + pieces)
            try parser.feed(text.span.extracting(at..<end), body)
            at = end
        }
        try parser.finish(body)
        return lines.joined(separator: "|")
    }
}
