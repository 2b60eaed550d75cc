// The tree that PromQL text is parsed into.
public import Model

/// The types of PromQL; raw values are the words of its documentation.
public enum ValueType: String, Sendable, Hashable {
    case scalar, string
    case vector = "instant vector"
    case matrix = "range vector"
}

/// A parsed and type-checked expression.
public indirect enum Expr: Sendable, Hashable {
    case number(NumberLiteral)
    case string(StringLiteral)
    case selector(VectorSelector)
    case range(RangeSelector)
    case subquery(Subquery)
    case aggregate(Aggregation)
    case binary(BinaryExpression)
    case call(Call)
    case paren(Parenthesised)
    case unary(UnaryExpression)

    /// What evaluating it gives.
    public var type: ValueType {
        switch self {
        case .number: .scalar
        case .string: .string
        case .selector, .aggregate: .vector
        case .range, .subquery: .matrix
        case .call(let call): call.function.result
        case .paren(let paren): paren.inner.type
        case .unary(let unary): unary.operand.type
        case .binary(let binary):
            binary.left.type == .scalar && binary.right.type == .scalar ? .scalar : .vector
        }
    }

    /// The bytes of the query text that it covers.
    public var span: Range<Int> {
        switch self {
        case .number(let node): node.span
        case .string(let node): node.span
        case .selector(let node): node.span
        case .range(let node): node.span
        case .subquery(let node): node.span
        case .aggregate(let node): node.span
        case .binary(let node): node.left.span.lowerBound..<node.right.span.upperBound
        case .call(let node): node.span
        case .paren(let node): node.span
        case .unary(let node): node.span
        }
    }

    /// The expression without parentheses around it.
    public var unwrapped: Expr {
        if case .paren(let paren) = self { paren.inner.unwrapped } else { self }
    }
}

/// A number, or a duration used as one (its seconds).
public struct NumberLiteral: Sendable, Hashable {
    public var value: Double
    /// Whether it was written as a duration.
    public var isDuration: Bool
    public var span: Range<Int>
}

/// A string.
public struct StringLiteral: Sendable, Hashable {
    public var text: String
    public var span: Range<Int>
}

/// When a selector or subquery is evaluated, instead of at the time of the step.
public struct TimeShift: Sendable, Hashable {
    /// The time of `@`.
    public enum Anchor: Sendable, Hashable {
        case time(Timestamp)
        case start
        case end
    }

    /// nil without `@`.
    public var anchor: Anchor?
    /// Positive looks back.
    public var offsetMs: Int64 = 0
}

/// `name{label="value"} @ t offset d`.
public struct VectorSelector: Sendable, Hashable {
    /// The metric's name where the text gives it as such, else "".
    public var name: String
    /// All conditions, the name among them, as the last one when it stood before the braces.
    public var matchers: [LabelMatcher]
    public var shift = TimeShift()
    public var span: Range<Int>
}

/// `selector[range]`.
public struct RangeSelector: Sendable, Hashable {
    /// Holds the time shift too.
    public var selector: VectorSelector
    public var rangeMs: Int64
    public var span: Range<Int>
}

/// `expression[range:step]`.
public struct Subquery: Sendable, Hashable {
    public var inner: Expr
    public var rangeMs: Int64
    /// nil: the engine's default.
    public var stepMs: Int64?
    public var shift = TimeShift()
    public var span: Range<Int>
}

/// `sum by (label) (expression)`.
public struct Aggregation: Sendable, Hashable {
    public var operation: AggregateOperator
    public var parameter: Expr?
    public var inner: Expr
    public var grouping: [String]
    /// Whether `grouping` names what is left out.
    public var isWithout: Bool
    public var span: Range<Int>
}

/// Which series of both sides belong together.
public struct VectorMatching: Sendable, Hashable {
    /// How many series of the one side may meet how many of the other.
    public enum Cardinality: Sendable, Hashable {
        case oneToOne, manyToOne, oneToMany, manyToMany
    }

    public var cardinality = Cardinality.oneToOne
    /// Whether `labels` are those compared (`on`) or those not compared (`ignoring`).
    public var isOn = false
    public var labels: [String] = []
    /// The labels that `group_left` or `group_right` take over from the "one" side.
    public var include: [String] = []
}

/// `left operator right`.
public struct BinaryExpression: Sendable, Hashable {
    public var operation: BinaryOperator
    public var left: Expr
    public var right: Expr
    /// Means nothing unless both sides are instant vectors.
    public var matching: VectorMatching
    /// Whether a comparison gives 0 and 1 instead of filtering.
    public var returnsBool: Bool
}

/// `function(argument, …)`.
public struct Call: Sendable, Hashable {
    public var function: FunctionSignature
    public var arguments: [Expr]
    public var span: Range<Int>
}

/// `(expression)`.
public struct Parenthesised: Sendable, Hashable {
    public var inner: Expr
    public var span: Range<Int>
}

/// `-expression` or `+expression`.
public struct UnaryExpression: Sendable, Hashable {
    public var isNegative: Bool
    public var operand: Expr
    public var span: Range<Int>
}
