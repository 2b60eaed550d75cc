// The text format 0.0.4, byte by byte, as Prometheus's promlex reads it:
// prometheus.io/docs/instrumenting/exposition_formats
public import Model

/// Which format a text is in.
public enum ExpositionFormat: Sendable, Equatable {
    /// `text/plain; version=0.0.4`, and 1.0.0 (which adds UTF-8 names): times in milliseconds.
    case prometheusText
    /// OpenMetrics 1.0 as far as samples go: times in seconds, `# EOF` as the last line; exemplars are
    /// passed over, and what it says about families is not checked.
    case openMetrics
}

/// What one line says; ranges lie in the bytes that come along with it.
public enum ExpositionLine: Sendable {
    /// A sample.
    ///
    /// `series` is the raw `name{labels}`, only delimited so far: bytes that were seen before need no
    /// second look, all others go through `ExpositionLabels.parse`, which checks them.
    case sample(series: Range<Int>, value: Double, timestampMs: Int64?)
    /// `# HELP name text`; the name may be quoted, the text is still escaped.
    case help(name: Range<Int>, text: Range<Int>)
    /// `# TYPE name kind`.
    case type(name: Range<Int>, kind: MetricKind)
}

/// Reads a text in pieces of any size, as they arrive; nothing is copied but a line cut in two.
public struct ExpositionParser: Sendable {
    /// The longest line that is taken, in bytes.
    public static let lineLimit = 1 << 20

    /// The line that is being read, counted from 1.
    public private(set) var line = 1
    /// Whether `# EOF` was read; only `.openMetrics` knows it.
    public private(set) var hasEnded = false
    private let format: ExpositionFormat
    private var tail: [UInt8] = []
    // Where the line begins and how far it is read.
    private var start = 0
    private var at = 0

    /// Makes a parser at the begin of a text.
    public init(_ format: ExpositionFormat = .prometheusText) {
        self.format = format
    }

    /// Reads the lines that end in `piece` and calls `body` for each, with the bytes that its ranges
    /// refer to and the line's number.
    ///
    /// `known` may spare the search for the end of a series: it says how many bytes from an offset
    /// on are a whole series that this parser has delimited before, or 0.
    /// - Throws: the first thing that is wrong; the parser is of no use then.
    public mutating func feed(
        _ piece: Span<UInt8>,
        known: (Span<UInt8>, Int) -> Int = { _, _ in 0 },
        _ body: (ExpositionLine, Span<UInt8>, Int) throws(ExpositionError) -> Void
    ) throws(ExpositionError) {
        var begin = 0
        if !tail.isEmpty {
            while begin < piece.count, piece[begin] != 0x0a { begin += 1 }
            try keep(piece, 0..<min(begin + 1, piece.count))
            guard begin < piece.count else { return }
            begin += 1
            try readTail(known, body)
        }
        var end = piece.count
        while end > begin, piece[end - 1] != 0x0a { end -= 1 }
        at = begin
        while at < end { try readLine(piece, known, body) }
        if end < piece.count { try keep(piece, max(begin, end)..<piece.count) }
    }

    /// Reads a last line without a line feed, which Prometheus takes too.
    /// - Throws: what is wrong with it.
    public mutating func finish(
        _ body: (ExpositionLine, Span<UInt8>, Int) throws(ExpositionError) -> Void
    ) throws(ExpositionError) {
        guard !tail.isEmpty else { return }
        tail.append(0x0a)
        try readTail({ _, _ in 0 }, body)
    }

    private mutating func keep(
        _ piece: Span<UInt8>,
        _ range: Range<Int>
    ) throws(ExpositionError) {
        guard tail.count + range.count <= ExpositionParser.lineLimit else {
            throw ExpositionError(
                .lineTooLong(limit: ExpositionParser.lineLimit),
                line: line,
                column: 1
            )
        }
        for index in range { tail.append(piece[index]) }
    }

    private mutating func readTail(
        _ known: (Span<UInt8>, Int) -> Int,
        _ body: (ExpositionLine, Span<UInt8>, Int) throws(ExpositionError) -> Void
    ) throws(ExpositionError) {
        let whole = tail
        tail.removeAll(keepingCapacity: true)
        at = 0
        try readLine(whole.span, known, body)
    }

    // One line, line feed included; there is one at or after `at`.
    private mutating func readLine(
        _ bytes: Span<UInt8>,
        _ known: (Span<UInt8>, Int) -> Int,
        _ body: (ExpositionLine, Span<UInt8>, Int) throws(ExpositionError) -> Void
    ) throws(ExpositionError) {
        start = at
        skipBlanks(bytes)
        if hasEnded, bytes[at] != 0x0a { throw unexpected(bytes, "nothing after # EOF") }
        switch bytes[at] {
        case 0x0a: break
        case UInt8(ascii: "#"):
            if let line = try comment(bytes) { try body(line, bytes, self.line) }
        default: try body(try sample(bytes, known), bytes, line)
        }
        precondition(bytes[at] == 0x0a, "BUG: an exposition line ended before its line feed")
        at += 1
        line += 1
    }

    private mutating func sample(
        _ bytes: Span<UInt8>,
        _ known: (Span<UInt8>, Int) -> Int
    ) throws(ExpositionError) -> ExpositionLine {
        let series: Range<Int>
        if let range = skipKnown(bytes, known(bytes, at)) {
            series = range
        } else {
            series = try self.series(bytes)
        }
        skipBlanks(bytes)
        let valueStart = at
        guard let value = number(bytes) else {
            guard at > valueStart else { throw unexpected(bytes, "value after metric") }
            let text = shownBytes(bytes, valueStart..<at)
            throw error(.badValue(text), valueStart)
        }
        skipBlanks(bytes)
        skipExemplar(bytes)
        if bytes[at] == 0x0a { return .sample(series: series, value: value, timestampMs: nil) }
        let time = try format == .openMetrics ? seconds(bytes) : milliseconds(bytes)
        skipBlanks(bytes)
        skipExemplar(bytes)
        guard bytes[at] == 0x0a else { throw unexpected(bytes, "next entry after timestamp") }
        return .sample(series: series, value: value, timestampMs: time)
    }

    private mutating func milliseconds(_ bytes: Span<UInt8>) throws(ExpositionError) -> Int64 {
        let first = at
        if let time = integer(bytes) { return time }
        guard at > first else { throw unexpected(bytes, "timestamp or new record") }
        throw error(.badTimestamp(shownBytes(bytes, first..<at)), first)
    }

    private mutating func seconds(_ bytes: Span<UInt8>) throws(ExpositionError) -> Int64 {
        let first = at
        while !ExpositionParser.endsValue(bytes[at]) { at += 1 }
        guard at > first else { throw unexpected(bytes, "timestamp or new record") }
        guard let time = SecondsText.parse(bytes.extracting(first..<at)) else {
            throw error(.badSeconds(shownBytes(bytes, first..<at)), first)
        }
        return time
    }

    private mutating func skipExemplar(_ bytes: Span<UInt8>) {
        if format == .openMetrics, bytes[at] == UInt8(ascii: "#") { skipLine(bytes) }
    }

    // A bare name ends only where neither more of the name nor, after blanks, a brace follows.
    private mutating func skipKnown(_ bytes: Span<UInt8>, _ length: Int) -> Range<Int>? {
        guard length > 0 else { return nil }
        let first = at
        at += length
        if bytes[at - 1] == UInt8(ascii: "}") { return first..<at }
        let end = at
        if bytes[at] == 0x20 || bytes[at] == 0x09 {
            skipBlanks(bytes)
            if bytes[at] != UInt8(ascii: "{") { return first..<end }
        }
        at = first
        return nil
    }

    // The name and, blanks between them or not, the braces; what is inside is checked elsewhere.
    private mutating func series(_ bytes: Span<UInt8>) throws(ExpositionError) -> Range<Int> {
        let first = at
        while ExpositionParser.isNameByte(bytes[at]) { at += 1 }
        let nameEnd = at
        if nameEnd > first, 0x30...0x39 ~= bytes[first] {
            at = first
            throw unexpected(bytes, "a valid start token")
        }
        if bytes[at] == 0x20 || bytes[at] == 0x09 {
            skipBlanks(bytes)
            if bytes[at] != UInt8(ascii: "{") {
                at = nameEnd
                if nameEnd == first { throw unexpected(bytes, "a valid start token") }
                return first..<nameEnd
            }
        }
        guard bytes[at] == UInt8(ascii: "{") else {
            if nameEnd == first { throw unexpected(bytes, "a valid start token") }
            return first..<nameEnd
        }
        at += 1
        var quoted = false
        while true {
            let byte = bytes[at]
            if byte == 0x0a { throw unexpected(bytes, quoted ? "end of the label value" : "}") }
            at += 1
            if byte == UInt8(ascii: "\"") {
                quoted.toggle()
            } else if byte == UInt8(ascii: "\\"), quoted {
                // Whatever is escaped, it closes nothing; a line feed still ends the line.
                if bytes[at] != 0x0a { at += 1 }
            } else if byte == UInt8(ascii: "}"), !quoted {
                return first..<at
            }
        }
    }

    // Reads up to a blank, brace or line feed. Counts are the common case and cost no call.
    private mutating func number(_ bytes: Span<UInt8>) -> Double? {
        let first = at
        var whole: UInt64 = 0
        while at - first < 15, 0x30...0x39 ~= bytes[at] {
            whole = whole * 10 + UInt64(bytes[at] - 0x30)
            at += 1
        }
        if at > first, ExpositionParser.endsValue(bytes[at]) { return Double(whole) }
        while !ExpositionParser.endsValue(bytes[at]) { at += 1 }
        guard at > first, let value = FloatText.parse(bytes.extracting(first..<at)) else {
            return nil
        }
        // Prometheus's one spelling of NaN; any other bits could pass for a stale marker.
        return value.isNaN ? Double(bitPattern: 0x7ff8_0000_0000_0001) : value
    }

    private mutating func integer(_ bytes: Span<UInt8>) -> Int64? {
        let first = at
        let negative = bytes[at] == UInt8(ascii: "-")
        if negative { at += 1 }
        var number: Int64 = 0
        var fits = true
        let digits = at
        while 0x30...0x39 ~= bytes[at] {
            let (scaled, overflow) = number.multipliedReportingOverflow(by: 10)
            let (next, borrow) = scaled.subtractingReportingOverflow(Int64(bytes[at] - 0x30))
            fits = fits && !overflow && !borrow
            number = next
            at += 1
        }
        if at == digits {
            at = first
            return nil
        }
        guard fits, negative || number != .min else { return nil }
        return negative ? number : -number
    }

    private mutating func skipBlanks(_ bytes: Span<UInt8>) {
        while bytes[at] == 0x20 || bytes[at] == 0x09 { at += 1 }
    }

    private static func endsValue(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0a || byte == 0x09 || byte == UInt8(ascii: "{")
    }

    static func isNameByte(_ byte: UInt8) -> Bool {
        UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte
            || UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte
            || UInt8(ascii: "0")...UInt8(ascii: ":") ~= byte || byte == UInt8(ascii: "_")
    }

    private func error(_ problem: ExpositionError.Problem, _ offset: Int) -> ExpositionError {
        ExpositionError(problem, line: line, column: offset - start + 1)
    }

    private func unexpected(_ bytes: Span<UInt8>, _ wanted: String) -> ExpositionError {
        var end = at + 1
        if bytes[at] != 0x0a {
            while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
        }
        return error(.expected(wanted, got: shownBytes(bytes, at..<end)), at)
    }
}

extension ExpositionParser {
    // `# HELP name text`, `# TYPE name kind`, or any other comment, which says nothing.
    private mutating func comment(_ bytes: Span<UInt8>) throws(ExpositionError) -> ExpositionLine? {
        at += 1
        let blank = at
        skipBlanks(bytes)
        if format == .openMetrics, stands("EOF\n", bytes) {
            hasEnded = true
            skipLine(bytes)
            return nil
        }
        let isHelp = stands("HELP", bytes)
        guard at > blank, isHelp || stands("TYPE", bytes),
            bytes[at + 4] == 0x20 || bytes[at + 4] == 0x09
        else {
            skipLine(bytes)
            return nil
        }
        at += 4
        skipBlanks(bytes)
        let name = try metadataName(bytes, isHelp ? "HELP" : "TYPE")
        if bytes[at] != 0x0a, bytes[at] != 0x20, bytes[at] != 0x09 {
            throw unexpected(bytes, "text in \(isHelp ? "HELP" : "TYPE")")
        }
        if bytes[at] != 0x0a { at += 1 }
        let textStart = at
        skipLine(bytes)
        let text = textStart..<at
        if isHelp {
            if UTF8Scan.firstInvalid(bytes.extracting(text)) != nil {
                throw error(.notUTF8("help text"), textStart)
            }
            return .help(name: name, text: text)
        }
        let further = format == .openMetrics ? ExpositionParser.openMetricsKinds : []
        for (word, kind) in ExpositionParser.kinds + further
        where word.utf8.count == text.count && stands(word, bytes, at: textStart) {
            return .type(name: name, kind: kind)
        }
        throw error(.badType(shownBytes(bytes, text)), textStart)
    }

    private static let kinds: [(String, MetricKind)] = [
        ("counter", .counter), ("gauge", .gauge), ("histogram", .histogram),
        ("summary", .summary), ("untyped", .unknown), ("unknown", .unknown),
    ]

    private static let openMetricsKinds: [(String, MetricKind)] = [
        ("gaugehistogram", .gaugeHistogram), ("info", .info), ("stateset", .stateset),
    ]

    private mutating func metadataName(
        _ bytes: Span<UInt8>,
        _ word: String
    ) throws(ExpositionError) -> Range<Int> {
        let first = at
        if bytes[at] == UInt8(ascii: "\"") {
            at += 1
            while bytes[at] != UInt8(ascii: "\"") {
                if bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] != 0x0a { at += 1 }
                if bytes[at] == 0x0a { throw unexpected(bytes, "end of the metric name") }
                at += 1
            }
            at += 1
            return first..<at
        }
        if !(0x30...0x39 ~= bytes[at]) {
            while ExpositionParser.isNameByte(bytes[at]) { at += 1 }
        }
        if at == first { throw unexpected(bytes, "metric name after \(word)") }
        return first..<at
    }

    private func stands(_ word: String, _ bytes: Span<UInt8>, at offset: Int? = nil) -> Bool {
        var index = offset ?? at
        for byte in word.utf8 {
            // The line feed at the end stops this before the bytes do.
            guard bytes[index] == byte else { return false }
            index += 1
        }
        return true
    }

    private mutating func skipLine(_ bytes: Span<UInt8>) {
        while bytes[at] != 0x0a { at += 1 }
    }
}
