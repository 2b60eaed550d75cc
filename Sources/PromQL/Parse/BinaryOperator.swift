// The binary operators of PromQL and how tightly they bind.

/// A binary operator.
public enum BinaryOperator: String, Sendable, Hashable, CaseIterable {
    case or, and, unless
    case equal = "=="
    case notEqual = "!="
    case lessOrEqual = "<="
    case less = "<"
    case greaterOrEqual = ">="
    case greater = ">"
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"
    case atan2
    case power = "^"

    static let byWord: [String: BinaryOperator] = [
        "or": .or, "and": .and, "unless": .unless, "atan2": .atan2,
    ]

    /// 1 binds loosest.
    ///
    /// Prometheus, querying/operators, "Binary operator precedence".
    var precedence: Int {
        switch self {
        case .or: 1
        case .and, .unless: 2
        case .equal, .notEqual, .lessOrEqual, .less, .greaterOrEqual, .greater: 3
        case .add, .subtract: 4
        case .multiply, .divide, .modulo, .atan2: 5
        case .power: BinaryOperator.powerPrecedence
        }
    }

    static let powerPrecedence = 6

    /// Whether it combines sets of series rather than values.
    public var isSet: Bool { self == .or || self == .and || self == .unless }

    /// Whether it compares.
    public var isComparison: Bool { precedence == 3 }
}
