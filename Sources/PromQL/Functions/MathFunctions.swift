// Functions of one number, and Go's idea of the lesser and the greater of two.
import Glibc

enum MathFunctions {
    /// The function of this name, nil when there is none.
    static func map(_ name: String) -> ((Double) -> Double)? {
        switch name {
        case "abs": { $0.magnitude }
        case "acos": { acos($0) }
        case "acosh": { acosh($0) }
        case "asin": { asin($0) }
        case "asinh": { asinh($0) }
        case "atan": { atan($0) }
        case "atanh": { atanh($0) }
        case "ceil": { $0.rounded(.up) }
        case "cos": { cos($0) }
        case "cosh": { cosh($0) }
        case "deg": { $0 * 180 / .pi }
        case "exp": { exp($0) }
        case "floor": { $0.rounded(.down) }
        case "ln": { log($0) }
        case "log10": { log10($0) }
        case "log2": { log2($0) }
        case "rad": { $0 * .pi / 180 }
        case "sgn": { $0 < 0 ? -1 : $0 > 0 ? 1 : $0 }
        case "sin": { sin($0) }
        case "sinh": { sinh($0) }
        case "sqrt": { $0.squareRoot() }
        case "tan": { tan($0) }
        case "tanh": { tanh($0) }
        default: nil
        }
    }

    /// Go's math.Min: NaN wins over numbers, -Inf over NaN.
    static func lesser(_ one: Double, _ other: Double) -> Double {
        if one == -.infinity || other == -.infinity { return -.infinity }
        if one.isNaN || other.isNaN { return .nan }
        return one < other ? one : other
    }

    /// Go's math.Max: NaN wins over numbers, +Inf over NaN.
    static func greater(_ one: Double, _ other: Double) -> Double {
        if one == .infinity || other == .infinity { return .infinity }
        if one.isNaN || other.isNaN { return .nan }
        return one > other ? one : other
    }
}
