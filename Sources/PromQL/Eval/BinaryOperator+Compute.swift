// What the binary operators do to two numbers.
import Glibc

extension BinaryOperator {
    /// The result of an arithmetic operator.
    func compute(_ left: Double, _ right: Double) -> Double {
        switch self {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: left / right
        case .modulo: fmod(left, right)
        case .power: pow(left, right)
        case .atan2: Glibc.atan2(left, right)
        default: preconditionFailure("BUG: \(rawValue) does not compute")
        }
    }

    /// Whether a comparison is true.
    func holds(_ left: Double, _ right: Double) -> Bool {
        switch self {
        case .equal: left == right
        case .notEqual: left != right
        case .less: left < right
        case .lessOrEqual: left <= right
        case .greater: left > right
        case .greaterOrEqual: left >= right
        default: preconditionFailure("BUG: \(rawValue) does not compare")
        }
    }
}
