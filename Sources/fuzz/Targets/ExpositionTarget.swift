// Scraped and pushed texts: how they are cut on the way, and what was seen before, changes nothing.
import Formats
import Model

/// `ExpositionParser`.
struct ExpositionTarget: FuzzTarget {
    static let name = "exposition"

    private let mutator = ByteMutator(
        tokens: [
            "# HELP ", "# TYPE ", "# UNIT ", "#", "# EOF\n", "\n", "\r\n", "{", "}", "\"", "\\",
            "\\\"", "\\n", ",", "=", " ", "\t", "counter", "histogram", "untyped", "up", "up 1\n",
            "{a=\"b\"}", "{\"a.b\"}", "a=\"}\"", "\u{80}", "é", "{}", "{,}", "\"\"", ":", "_",
        ] + ByteMutator.numbers
    )
    private let seeds: [[UInt8]] = [
        """
        # HELP http_requests_total The total \\\\ of\\nrequests.
        # TYPE http_requests_total counter
        http_requests_total{method="post",code="200"} 1027 1395066363000
        http_requests_total{method="post",code="400"}    3 -1395066363000
        # a comment
        msdos_file_access_time_seconds{path="C:\\\\DIR\\\\F.TXT",error="no:\\n\\"F\\""} 1.458255915e9

        metric_without_labels 12.47
        weird{problem="division by zero"} +Inf -3982045
        """,
        """
        # TYPE "my.metric" gauge
        {"my.metric",region="eu","a b"="c",} NaN
        up 1
        up{} 1
        up { a = "b" , } 0x1p3
        # TYPE h histogram
        h_bucket{le="0.05"} 24054
        h_bucket{le="+Inf"} 144320
        h_sum 53423
        h_count 144320

        """,
        "up 1\nup 1\nup 2\nupper 3\nup{a=\"b\"} 1\nup{a=\"b\"} 2\n",
    ].map { Array($0.utf8) }

    init() {}

    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        let whole = try read([input], remembers: false)
        let cut = try read(random.pieces(of: input), remembers: false)
        try compare(whole, cut, "in pieces")
        try compare(whole, try read([input], remembers: true), "with known series")
        try compare(whole, try read(random.pieces(of: input), remembers: true), "with both")
        return whole.last?.hasPrefix("error") != true
    }

    private func compare(
        _ one: [String],
        _ other: [String],
        _ how: String
    ) throws(FuzzFinding) {
        guard one != other else { return }
        let place = zip(one, other).enumerated().first { $0.element.0 != $0.element.1 }?.offset
        let index = place ?? min(one.count, other.count)
        let left = index < one.count ? one[index] : "nothing"
        let right = index < other.count ? other[index] : "nothing"
        throw FuzzFinding("event \(index) is \(left), \(how) it is \(right)")
    }

    // What the parser says of the pieces, an event a line.
    private func read(_ pieces: [[UInt8]], remembers: Bool) throws(FuzzFinding) -> [String] {
        var parser = ExpositionParser()
        var events: [String] = []
        var seen: [[UInt8]] = []
        var finding: FuzzFinding?
        let body = { (line: ExpositionLine, bytes: Span<UInt8>, number: Int) in
            let (text, series, problem) = ExpositionTarget.event(line, bytes)
            events.append("\(number): \(text)")
            if let series, remembers, !seen.contains(series) { seen.append(series) }
            if let problem { finding = finding ?? problem }
        }
        do throws(ExpositionError) {
            for piece in pieces {
                try parser.feed(
                    piece.span,
                    known: { bytes, at in ExpositionTarget.known(seen, bytes, at) },
                    body
                )
            }
            try parser.finish(body)
        } catch {
            events.append("error: \(error)")
        }
        if let finding { throw finding }
        return events
    }

    private static func known(_ seen: [[UInt8]], _ bytes: Span<UInt8>, _ at: Int) -> Int {
        var length = 0
        for series in seen where series.count > length && series.count <= bytes.count - at {
            if series.indices.allSatisfy({ series[$0] == bytes[at + $0] }) { length = series.count }
        }
        return length
    }

    private static func event(
        _ line: ExpositionLine,
        _ bytes: Span<UInt8>
    ) -> (text: String, series: [UInt8]?, problem: FuzzFinding?) {
        switch line {
        case .sample(let series, let value, let time):
            let raw = [UInt8](copying: bytes.extracting(series))
            let labels = SeriesLabelsTarget.read(raw)
            var problem: FuzzFinding?
            if case .success(let labels) = labels, Labels(checking: labels.bytes) == nil {
                problem = FuzzFinding("the labels \(labels) are not canonical")
            }
            let shown = "\(raw) \(labels) \(value.bitPattern) \(time.map { "\($0)" } ?? "now")"
            return (shown, raw, problem)
        case .help(let name, let text):
            let shown =
                ExpositionLabels.name(bytes.extracting(name))
                + " help " + ExpositionLabels.help(bytes.extracting(text))
            return (shown, nil, nil)
        case .type(let name, let kind):
            return (ExpositionLabels.name(bytes.extracting(name)) + " is \(kind)", nil, nil)
        }
    }
}
