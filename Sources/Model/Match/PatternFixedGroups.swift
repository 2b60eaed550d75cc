// Groups that lie where the text's length alone says: `(.*)`, `node_(.*)_total`, `([a-z]+):9100`.
//
// Where only one part of a pattern varies in length, everything before it is counted from the
// text's begin and everything behind it from its end; no thread has to be followed.

/// The places of all groups of such a pattern.
struct PatternFixedGroups: Sendable {
    private struct Edge {
        var offset: Int32
        var isFromEnd: Bool
    }

    private var edges: [Edge]  // begin and end of group 1, of group 2 and so on
    private var before: Int32 = 0  // bytes so far, behind the part that varies when there was one
    private var hasVaried = false

    /// Nil when two parts vary, or a group lies inside of what is repeated or is one of several.
    init?(_ node: PatternNode, groups: Int) {
        edges = Array(repeating: Edge(offset: -1, isFromEnd: false), count: 2 * groups)
        if groups == 0 { return }
        guard walk(node), edges.allSatisfy({ $0.offset >= 0 }) else { return nil }
        for index in edges.indices where edges[index].isFromEnd {
            edges[index].offset = before - edges[index].offset
        }
    }

    /// The groups of a text of `count` bytes that is known to match.
    func captures(_ count: Int, into captures: inout PatternCaptures) {
        captures.setWhole(count)
        let end = Int32(truncatingIfNeeded: count)
        for edge in edges {
            captures.bounds.append(edge.isFromEnd ? end - edge.offset : edge.offset)
        }
    }

    private mutating func walk(_ node: PatternNode) -> Bool {
        switch node {
        case .empty, .assertion: return true
        case .concat(let parts): return parts.allSatisfy { walk($0) }
        case .group(let body, let index):
            edges[2 * index - 2] = Edge(offset: before, isFromEnd: hasVaried)
            guard walk(body) else { return false }
            edges[2 * index - 1] = Edge(offset: before, isFromEnd: hasVaried)
            return true
        case .scalar, .set, .alternate, .repeated:
            if node.hasGroups { return false }
            if let count = node.byteCount {
                guard count <= Int(Int32.max) / 4, before <= Int32.max / 4 else { return false }
                before += Int32(count)
                return true
            }
            if hasVaried { return false }
            hasVaried = true
            before = 0
            return true
        }
    }
}

extension PatternNode {
    fileprivate var hasGroups: Bool {
        switch self {
        case .empty, .scalar, .set, .assertion: false
        case .concat(let parts), .alternate(let parts): parts.contains(where: \.hasGroups)
        case .repeated(let body, _, _, _): body.hasGroups
        case .group: true
        }
    }

    /// The bytes of UTF-8 that every match takes, nil when matches differ in that.
    fileprivate var byteCount: Int? {
        switch self {
        case .empty, .assertion: return 0
        case .scalar(let scalar): return PatternNode.width(scalar)
        case .set(let set):
            guard let first = set.stretches.first, let last = set.stretches.last,
                PatternNode.width(first.low) == PatternNode.width(last.high)
            else { return nil }
            return PatternNode.width(first.low)
        case .concat(let parts):
            var sum = 0
            for part in parts {
                guard let count = part.byteCount else { return nil }
                sum += count
            }
            return sum
        case .alternate(let parts):
            guard let count = parts.first?.byteCount else { return nil }
            return parts.allSatisfy { $0.byteCount == count } ? count : nil
        case .repeated(let body, let minimum, let maximum, _):
            guard minimum == maximum, let count = body.byteCount else { return nil }
            let (product, isTooLong) = count.multipliedReportingOverflow(by: minimum)
            return isTooLong ? nil : product
        case .group(let body, _): return body.byteCount
        }
    }

    private static func width(_ scalar: UInt32) -> Int {
        scalar < 0x80 ? 1 : scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4
    }
}
