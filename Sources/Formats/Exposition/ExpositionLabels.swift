// From the raw bytes of a series to its labels, checked.
public import Model

/// Reads and unescapes what `ExpositionParser` only delimits.
public enum ExpositionLabels {
    /// The labels of a raw `name{a="b"}` or `{"name", a="b"}`, `__name__` among them.
    ///
    /// As tolerant as Prometheus: blanks anywhere between tokens, a comma at the end, commas left out.
    /// - Throws: what is wrong, at `line` and in columns counted on from `column`.
    public static func parse(
        _ bytes: Span<UInt8>,
        line: Int = 1,
        column: Int = 1
    ) throws(ExpositionError) -> Labels {
        var reader = Reader(line: line, column: column)
        return try reader.labels(bytes)
    }

    /// The name of a `# HELP` or `# TYPE` line, unquoted.
    public static func name(_ bytes: Span<UInt8>) -> String {
        guard bytes.count > 1, bytes[0] == UInt8(ascii: "\"") else {
            return unescaped(bytes, 0..<bytes.count, quotes: true)
        }
        return unescaped(bytes, 1..<bytes.count - 1, quotes: true)
    }

    /// The text of a `# HELP` line, unescaped.
    public static func help(_ bytes: Span<UInt8>) -> String {
        unescaped(bytes, 0..<bytes.count, quotes: false)
    }

    // `\\`, `\n` and, in quotes, `\"`; a backslash before anything else stands for itself.
    private static func unescaped(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        quotes: Bool
    ) -> String {
        var text: [UInt8] = []
        text.reserveCapacity(range.count)
        var at = range.lowerBound
        while at < range.upperBound {
            let byte = bytes[at]
            at += 1
            guard byte == UInt8(ascii: "\\"), at < range.upperBound else {
                text.append(byte)
                continue
            }
            switch bytes[at] {
            case UInt8(ascii: "\\"): text.append(byte)
            case UInt8(ascii: "n"): text.append(0x0a)
            case UInt8(ascii: "\"") where quotes: text.append(UInt8(ascii: "\""))
            default:
                text.append(byte)
                continue
            }
            at += 1
        }
        return String(decoding: text, as: UTF8.self)
    }

    private struct Reader {
        let line: Int
        let column: Int
        var at = 0
        var found: [Label] = []

        init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }

        mutating func labels(_ bytes: Span<UInt8>) throws(ExpositionError) -> Labels {
            while at < bytes.count, ExpositionParser.isNameByte(bytes[at]) { at += 1 }
            var hasName = at > 0
            if hasName {
                if 0x30...0x39 ~= bytes[0] {
                    at = 0
                    throw unexpected(bytes, "a valid start token")
                }
                found.append(
                    Label(Label.metricName, unescaped(bytes, 0..<at, quotes: false))
                )
            }
            skipBlanks(bytes)
            if at < bytes.count {
                try expect(UInt8(ascii: "{"), "{", bytes)
                try pairs(bytes, &hasName)
            }
            guard at == bytes.count else { throw unexpected(bytes, "value after metric") }
            guard hasName else { throw error(.noMetricName, 0) }
            found.sort()
            for (one, next) in zip(found, found.dropFirst()) where one.name == next.name {
                throw error(.duplicateLabel("\"\(one.name)\""), 0)
            }
            return Labels(found)
        }

        private mutating func pairs(
            _ bytes: Span<UInt8>,
            _ hasName: inout Bool
        ) throws(ExpositionError) {
            while true {
                skipBlanks(bytes)
                if at < bytes.count, bytes[at] == UInt8(ascii: "}") {
                    at += 1
                    return
                }
                let nameStart = at
                let quoted = at < bytes.count && bytes[at] == UInt8(ascii: "\"")
                let name = quoted ? try string(bytes, "label name") : try bareName(bytes)
                skipBlanks(bytes)
                if quoted, at < bytes.count,
                    bytes[at] == UInt8(ascii: ",") || bytes[at] == UInt8(ascii: "}")
                {
                    if hasName { throw error(.secondMetricName("\"\(name)\""), nameStart) }
                    if name.isEmpty { throw error(.noMetricName, nameStart) }
                    hasName = true
                    found.append(Label(Label.metricName, name))
                } else {
                    if name.isEmpty { throw error(.emptyLabelName, nameStart) }
                    try expect(UInt8(ascii: "="), "equal", bytes)
                    skipBlanks(bytes)
                    guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else {
                        throw unexpected(bytes, "label value")
                    }
                    found.append(Label(name, try string(bytes, "label value")))
                }
                skipBlanks(bytes)
                if at < bytes.count, bytes[at] == UInt8(ascii: ",") { at += 1 }
            }
        }

        private mutating func bareName(_ bytes: Span<UInt8>) throws(ExpositionError) -> String {
            let first = at
            while at < bytes.count, ExpositionParser.isNameByte(bytes[at]),
                bytes[at] != UInt8(ascii: ":"), at > first || !(0x30...0x39 ~= bytes[at])
            { at += 1 }
            if at == first { throw unexpected(bytes, "label name") }
            return unescaped(bytes, first..<at, quotes: false)
        }

        private mutating func string(
            _ bytes: Span<UInt8>,
            _ what: String
        ) throws(ExpositionError) -> String {
            let first = at
            at += 1
            while at < bytes.count, bytes[at] != UInt8(ascii: "\"") {
                at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1
            }
            guard at < bytes.count else {
                at = bytes.count
                throw unexpected(bytes, "end of the \(what)")
            }
            at += 1
            let inside = first + 1..<at - 1
            if UTF8Scan.firstInvalid(bytes.extracting(inside)) != nil {
                throw error(.notUTF8(what), first)
            }
            return unescaped(bytes, inside, quotes: true)
        }

        private mutating func skipBlanks(_ bytes: Span<UInt8>) {
            while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x09 { at += 1 }
        }

        private mutating func expect(
            _ byte: UInt8,
            _ name: String,
            _ bytes: Span<UInt8>
        ) throws(ExpositionError) {
            guard at < bytes.count, bytes[at] == byte else { throw unexpected(bytes, name) }
            at += 1
        }

        private func error(_ problem: ExpositionError.Problem, _ offset: Int) -> ExpositionError {
            ExpositionError(problem, line: line, column: column + offset)
        }

        private func unexpected(_ bytes: Span<UInt8>, _ wanted: String) -> ExpositionError {
            guard at < bytes.count else {
                return error(.expected(wanted, got: "the end of the series"), at)
            }
            var end = at + 1
            while end < bytes.count, bytes[end] & 0xc0 == 0x80 { end += 1 }
            return error(.expected(wanted, got: shownBytes(bytes, at..<end)), at)
        }
    }
}
