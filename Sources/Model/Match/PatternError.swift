// Why a pattern was refused, in the words Prometheus's users know from RE2.

/// A pattern that is not one of the RE2 subset, or one that would cost too much.
public struct PatternError: Error, Hashable {
    /// What is wrong; raw values are RE2's own texts.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        case invalidCharClass = "invalid character class"
        case invalidCharRange = "invalid character class range"
        case invalidEscape = "invalid escape sequence"
        case invalidNamedCapture = "invalid named capture"
        case invalidPerlOperator = "invalid or unsupported Perl syntax"
        case invalidRepeatOperator = "invalid nested repetition operator"
        case invalidRepeatSize = "invalid repeat count"
        case missingBracket = "missing closing ]"
        case missingParen = "missing closing )"
        case missingRepeatArgument = "missing argument to repetition operator"
        case trailingBackslash = "trailing backslash at end of expression"
        case unexpectedParen = "unexpected )"
        case nestingTooDeep = "expression nests too deeply"
        case tooLarge = "expression too large"
        case unsupportedUnicodeClass = "Unicode classes are not supported, write a range"
    }

    /// What is wrong.
    public let reason: Reason
    /// Byte offset in the pattern at which `part` begins.
    public let offset: Int
    /// The part of the pattern that is meant.
    public let part: String
}

extension PatternError: CustomStringConvertible {
    /// Go's spelling of RE2's error, as Prometheus shows it.
    public var description: String {
        "error parsing regexp: \(reason.rawValue): `\(part)`"
    }
}
