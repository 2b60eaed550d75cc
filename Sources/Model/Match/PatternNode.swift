// A parsed pattern, before it is compiled.

/// What must hold at a place between two bytes.
enum PatternAssertion: UInt8, Sendable {
    case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
}

/// The syntax tree of a pattern.
///
/// Flags are resolved: what `(?i)` means is already in the sets.
indirect enum PatternNode: Sendable {
    case empty
    case scalar(UInt32)
    case set(ScalarSet)
    case concat([PatternNode])
    case alternate([PatternNode])
    /// `maximum` nil: without end.
    case repeated(PatternNode, minimum: Int, maximum: Int?, greedy: Bool)
    case group(PatternNode, index: Int)
    case assertion(PatternAssertion)
}

extension PatternNode {
    /// Whether the node can match the empty text; assertions count as if they held.
    var isNullable: Bool {
        switch self {
        case .empty, .assertion: true
        case .scalar, .set: false
        case .concat(let parts): parts.allSatisfy(\.isNullable)
        case .alternate(let parts): parts.contains(where: \.isNullable)
        case .repeated(let body, let minimum, _, _): minimum == 0 || body.isNullable
        case .group(let body, _): body.isNullable
        }
    }

    /// The largest product of nested counted repetitions, which RE2 bounds by 1000.
    var repeatFactor: Int {
        switch self {
        case .empty, .scalar, .set, .assertion: return 1
        case .concat(let parts), .alternate(let parts):
            return parts.reduce(1) { max($0, $1.repeatFactor) }
        case .group(let body, _): return body.repeatFactor
        case .repeated(let body, let minimum, let maximum, _):
            // `?`, `*` and `+` multiply nothing.
            return max(1, maximum ?? minimum) * body.repeatFactor
        }
    }

    /// The node as a row of parts without groups: what matching, as opposed to capturing, sees.
    var row: [PatternNode] {
        switch self {
        case .empty: []
        case .concat(let parts): parts.flatMap(\.row)
        case .group(let body, _): body.row
        default: [self]
        }
    }
}
