// Go's %q: the quoting of every text that Prometheus's messages and canonical form show.

extension String {
    /// The text in double quotes, with Go's escapes.
    var goQuoted: String { "\"\(goEscaped(quote: "\""))\"" }

    /// The text with Go's escapes, `quote` among them.
    func goEscaped(quote: Unicode.Scalar) -> String {
        var text = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar {
            case quote, "\\":
                text.append("\\")
                text.append(scalar)
            case "\u{7}": text.append(contentsOf: "\\a".unicodeScalars)
            case "\u{8}": text.append(contentsOf: "\\b".unicodeScalars)
            case "\t": text.append(contentsOf: "\\t".unicodeScalars)
            case "\n": text.append(contentsOf: "\\n".unicodeScalars)
            case "\u{b}": text.append(contentsOf: "\\v".unicodeScalars)
            case "\u{c}": text.append(contentsOf: "\\f".unicodeScalars)
            case "\r": text.append(contentsOf: "\\r".unicodeScalars)
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                text.append(
                    contentsOf: (digits.utf8.count < 2 ? "\\x0\(digits)" : "\\x\(digits)")
                        .unicodeScalars
                )
            default: text.append(scalar)
            }
        }
        return String(text)
    }

    /// Whether the text is a label name of the classic data model.
    var isClassicLabelName: Bool {
        guard let first = utf8.first, first.isLetter else { return false }
        return utf8.allSatisfy { $0.isLetter || $0.isDigit }
    }

    /// Whether the text is a metric name of the classic data model.
    var isClassicMetricName: Bool {
        guard let first = utf8.first, first.isLetter || first == UInt8(ascii: ":") else {
            return false
        }
        return utf8.allSatisfy { $0.isLetter || $0.isDigit || $0 == UInt8(ascii: ":") }
    }
}
