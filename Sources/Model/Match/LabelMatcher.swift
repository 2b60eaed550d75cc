// The four kinds of label matcher.

/// Selects series by one label.
///
/// A label that is absent has the value "" (Prometheus data model).
public struct LabelMatcher: Hashable, Sendable {
    /// How the value is compared.
    public enum Operation: String, Hashable, Sendable, CaseIterable {
        case equal = "="
        case notEqual = "!="
        case matches = "=~"
        case notMatches = "!~"
    }

    /// The label's name.
    public let name: String
    /// How the value is compared.
    public let operation: Operation
    /// The value, or the pattern's text.
    public let value: String
    /// The compiled pattern of `=~` and `!~`, anchored at both ends.
    public let pattern: Pattern?

    /// Makes a matcher.
    /// - Throws: `PatternError` when `value` is not a pattern of the RE2 subset.
    public init(
        _ name: String,
        _ operation: Operation,
        _ value: String
    ) throws(PatternError) {
        self.name = name
        self.operation = operation
        self.value = value
        switch operation {
        case .equal, .notEqual: pattern = nil
        case .matches, .notMatches: pattern = try Pattern(value)
        }
    }

    /// `name = value`, which cannot fail.
    public init(_ name: String, equals value: String) {
        self.name = name
        self.operation = .equal
        self.value = value
        pattern = nil
    }

    /// Whether a label of this value (or "", when absent) is selected.
    public func accepts(_ candidate: String) -> Bool {
        switch operation {
        case .equal: sameBytes(candidate, value)
        case .notEqual: !sameBytes(candidate, value)
        case .matches: pattern?.matches(candidate) ?? false
        case .notMatches: !(pattern?.matches(candidate) ?? false)
        }
    }

    /// As for a `String`, of a value that is there as its bytes.
    public func accepts(_ candidate: borrowing Span<UInt8>) -> Bool {
        switch operation {
        case .equal: isValue(candidate)
        case .notEqual: !isValue(candidate)
        case .matches: pattern?.matches(candidate) ?? false
        case .notMatches: !(pattern?.matches(candidate) ?? false)
        }
    }

    private func isValue(_ candidate: borrowing Span<UInt8>) -> Bool {
        let bytes = value.utf8.span
        guard bytes.count == candidate.count else { return false }
        for index in 0..<bytes.count where bytes[index] != candidate[index] { return false }
        return true
    }

    /// Whether series without the label are selected.
    public var acceptsAbsent: Bool { accepts("") }

    public static func == (one: LabelMatcher, other: LabelMatcher) -> Bool {
        one.operation == other.operation && sameBytes(one.name, other.name)
            && sameBytes(one.value, other.value)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(operation)
        hasher.combine(value)
    }
}

extension LabelMatcher: CustomStringConvertible {
    /// PromQL's spelling: `name="value"`.
    public var description: String {
        "\(name)\(operation.rawValue)\"\(Labels.escaped(value))\""
    }
}
