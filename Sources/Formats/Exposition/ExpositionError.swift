// Why a scrape is refused: the words of Prometheus's parser, with line and column.

/// The first thing in a text that the exposition format does not allow.
public struct ExpositionError: Error, Equatable {
    /// Counted from 1.
    public let line: Int
    /// In bytes, counted from 1.
    public let column: Int
    /// What.
    public let problem: Problem

    /// Makes an error.
    public init(_ problem: Problem, line: Int, column: Int) {
        self.problem = problem
        self.line = line
        self.column = column
    }

    /// What can be wrong.
    public enum Problem: Equatable, Sendable {
        case expected(String, got: String)
        case notUTF8(String)
        case badValue(String)
        case badTimestamp(String)
        case badSeconds(String)
        case pastYear9999
        case badType(String)
        case noMetricName
        case secondMetricName(String)
        case duplicateLabel(String)
        case emptyLabelName
        case lineTooLong(limit: Int)
    }
}

extension ExpositionError: CustomStringConvertible {
    /// `line 3, column 7: ` and the problem.
    public var description: String { "line \(line), column \(column): \(problem)" }
}

extension ExpositionError.Problem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .expected(let wanted, let got): "expected \(wanted), got \(got)"
        case .notUTF8(let what): "\(what) is not valid UTF-8"
        case .badValue(let text): "\(text) is not a number"
        case .badTimestamp(let text): "timestamp \(text) is not a whole number of milliseconds"
        case .badSeconds(let text): "timestamp \(text) is not a number of seconds"
        case .pastYear9999:
            "the timestamp is after the year 9999; times in milliseconds are the format prometheus"
        case .badType(let text):
            "invalid metric type \(text); it is counter, gauge, histogram, summary or untyped"
        case .noMetricName: "metric name not set"
        case .secondMetricName(let name): "metric name already set, got also \(name)"
        case .duplicateLabel(let name): "label name \(name) is not unique"
        case .emptyLabelName: "label name is empty"
        case .lineTooLong(let limit): "line is longer than \(limit) bytes"
        }
    }
}

/// Bytes for a message: quoted, control characters escaped, cut after 60 bytes.
func shownBytes(_ bytes: Span<UInt8>, _ range: Range<Int>) -> String {
    var text = "\""
    let cut = range.upperBound - range.lowerBound > 60
    var shown: [UInt8] = []
    for index in range.prefix(60) { shown.append(bytes[index]) }
    for scalar in String(decoding: shown, as: UTF8.self).unicodeScalars {
        switch scalar {
        case "\n": text += "\\n"
        case "\r": text += "\\r"
        case "\t": text += "\\t"
        case "\"": text += "\\\""
        case "\\": text += "\\\\"
        case "\0"..<" ", "\u{7f}":
            text += "\\x" + String(scalar.value + 0x100, radix: 16).dropFirst()
        default: text.unicodeScalars.append(scalar)
        }
    }
    return text + (cut ? "…\"" : "\"")
}
