// The pieces that PromQL text is made of, and what error texts call them.

/// One token: what it is and which bytes it covers.
struct Token {
    let kind: TokenKind
    /// Offsets in the UTF-8 text.
    let start: Int
    let end: Int
}

enum TokenKind: Hashable {
    case end
    case identifier, metricIdentifier, string, number, duration
    case word(Keyword)
    case binary(BinaryOperator)
    case aggregate(AggregateOperator)
    case matchRegex, matchNotRegex  // =~ and !~; != is a binary operator
    case at
    case assign
    case leftParen, rightParen, leftBrace, rightBrace, leftBracket, rightBracket
    case comma, colon
}

/// Words with a meaning of their own.
///
/// They are no operators and no functions.
enum Keyword: String, CaseIterable {
    case offset, by, without, on, ignoring, bool, start, end
    case groupLeft = "group_left"
    case groupRight = "group_right"

    static let byText = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    /// Whether the word may name a metric.
    var isMetricName: Bool {
        switch self {
        case .offset, .by, .without, .start, .end: true
        case .on, .ignoring, .bool, .groupLeft, .groupRight: false
        }
    }
}

extension Token {
    /// The token as error texts show it, in the words of Prometheus's parser.
    func description(in bytes: [UInt8]) -> String {
        let text = String(decoding: bytes[start..<end], as: UTF8.self)
        return switch kind {
        case .end: "end of input"
        case .identifier: "identifier \(text.goQuoted)"
        case .metricIdentifier: "metric identifier \(text.goQuoted)"
        case .string: "string \(Token.shortened(text))"
        case .number: "number \(Token.shortened(text))"
        case .duration: "duration \(Token.shortened(text))"
        case .word: "<\(text)>"
        case .binary, .matchRegex, .matchNotRegex, .at: "<op:\(text)>"
        case .aggregate: "<aggr:\(text)>"
        case .assign, .leftParen, .rightParen, .leftBrace, .rightBrace, .leftBracket,
            .rightBracket, .comma, .colon:
            text.goQuoted
        }
    }

    private static func shortened(_ text: String) -> String {
        let scalars = text.unicodeScalars
        if text.utf8.count <= 10 { return text.goQuoted }
        return String(String.UnicodeScalarView(scalars.prefix(10))).goQuoted + "..."
    }
}
