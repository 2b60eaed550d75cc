// A pattern compiled to instructions over UTF-8 bytes.
//
// Every instruction is reached at most once per byte of input, so time is bounded by
// program size × input length whatever the pattern.

/// The instructions of one pattern, with what the matchers need to know about them.
struct PatternProgram: Sendable {
    /// What one instruction does.
    ///
    /// Targets are indices of instructions.
    enum Instruction: Sendable {
        case byte(low: UInt8, high: UInt8, next: Int32)
        /// Goes to every target among `edges[from..<to]` whose range holds the byte.
        case bytes(from: Int32, to: Int32)
        case split(first: Int32, second: Int32)
        case save(slot: Int32, next: Int32)
        case assertion(PatternAssertion, next: Int32)
        case match
    }

    struct Edge: Sendable {
        let low: UInt8
        let high: UInt8
        let next: Int32
    }

    /// About 6 MB; a pattern of that size is refused.
    static let maxInstructions = 250_000
    /// Instructions × capture slots, which bounds what `captures` may hold at once.
    static let maxCaptureCells = 1 << 22

    private(set) var instructions: [Instruction] = []
    private(set) var edges: [Edge] = []
    private(set) var start: Int32 = 0
    /// Two a group, group 0 being the whole text.
    let slots: Int
    /// Whether lines or words matter, which the automaton does not look at.
    private(set) var looksAround = false

    /// Compiles the tree.
    /// - Throws: `.tooLarge` when the program would pass its bounds.
    init(_ node: PatternNode, groups: Int, text: String) throws(PatternError) {
        slots = 2 * (groups + 1)
        let match = try emit(.match, text)
        start = try compile(node, next: match, text)
        guard instructions.count * slots <= PatternProgram.maxCaptureCells || groups == 0 else {
            throw PatternError(reason: .tooLarge, offset: 0, part: text)
        }
    }

    private mutating func emit(
        _ instruction: Instruction,
        _ text: String
    ) throws(PatternError) -> Int32 {
        guard instructions.count + edges.count < PatternProgram.maxInstructions else {
            throw PatternError(reason: .tooLarge, offset: 0, part: text)
        }
        instructions.append(instruction)
        return Int32(instructions.count - 1)
    }

    // Compiles back to front: what comes next is known. Returns where the node begins.
    private mutating func compile(
        _ node: PatternNode,
        next: Int32,
        _ text: String
    ) throws(PatternError) -> Int32 {
        switch node {
        case .empty: return next
        case .scalar(let scalar):
            var next = next
            let encoded = Unicode.Scalar(scalar).map { Array($0.utf8) } ?? []
            for byte in encoded.reversed() {
                next = try emit(.byte(low: byte, high: byte, next: next), text)
            }
            return next
        case .set(let set): return try compile(set, next: next, text)
        case .assertion(let assertion):
            if assertion != .textStart, assertion != .textEnd { looksAround = true }
            return try emit(.assertion(assertion, next: next), text)
        case .group(let body, let index):
            let end = try emit(.save(slot: Int32(2 * index + 1), next: next), text)
            let start = try compile(body, next: end, text)
            return try emit(.save(slot: Int32(2 * index), next: start), text)
        case .concat(let parts):
            var next = next
            for part in parts.reversed() { next = try compile(part, next: next, text) }
            return next
        case .alternate(let parts):
            var first = try compile(parts[parts.count - 1], next: next, text)
            for part in parts.dropLast().reversed() {
                let branch = try compile(part, next: next, text)
                first = try emit(.split(first: branch, second: first), text)
            }
            return first
        case .repeated(let body, let minimum, let maximum, let greedy):
            var tail = next
            if let maximum {
                // x{0,2} is (x(x)?)?: giving up early leaves the whole rest.
                for _ in minimum..<max(minimum, maximum) {
                    let more = try compile(body, next: tail, text)
                    tail = try split(more, next, greedy, text)
                }
            } else {
                tail = try loop(body, minimum: minimum, next: next, greedy, text)
            }
            let copies = maximum == nil ? max(0, minimum - 1) : minimum
            for _ in 0..<copies { tail = try compile(body, next: tail, text) }
            return tail
        }
    }

    private mutating func split(
        _ more: Int32,
        _ done: Int32,
        _ greedy: Bool,
        _ text: String
    ) throws(PatternError) -> Int32 {
        try emit(
            greedy ? .split(first: more, second: done) : .split(first: done, second: more),
            text
        )
    }

    // x* (minimum 0) or x+.
    private mutating func loop(
        _ body: PatternNode,
        minimum: Int,
        next: Int32,
        _ greedy: Bool,
        _ text: String
    ) throws(PatternError) -> Int32 {
        let again = try emit(.split(first: next, second: next), text)
        let start = try compile(body, next: again, text)
        instructions[Int(again)] =
            greedy ? .split(first: start, second: next) : .split(first: next, second: start)
        if minimum > 0 { return start }
        // (x*)* prefers one empty round to none, as RE2 does: then it is (x+)?.
        return body.isNullable ? try split(start, next, greedy, text) : again
    }

    // A class as a trie of byte ranges; the tails that sequences share are compiled once.
    private mutating func compile(
        _ set: ScalarSet,
        next: Int32,
        _ text: String
    ) throws(PatternError) -> Int32 {
        struct Tail: Hashable {
            let low: UInt8
            let high: UInt8
            let next: Int32
        }
        var tails: [Tail: Int32] = [:]
        var heads: [Edge] = []
        for sequence in UTF8Sequences.of(set) {
            var target = next
            for range in sequence.dropFirst().reversed() {
                let tail = Tail(low: range.lowerBound, high: range.upperBound, next: target)
                if let known = tails[tail] {
                    target = known
                } else {
                    target = try emit(.byte(low: tail.low, high: tail.high, next: target), text)
                    tails[tail] = target
                }
            }
            let head = sequence[0]
            if let last = heads.last, last.next == target, last.high &+ 1 == head.lowerBound {
                heads[heads.count - 1] = Edge(low: last.low, high: head.upperBound, next: target)
            } else {
                heads.append(Edge(low: head.lowerBound, high: head.upperBound, next: target))
            }
        }
        if heads.count == 1 {
            let head = heads[0]
            return try emit(.byte(low: head.low, high: head.high, next: head.next), text)
        }
        let from = Int32(edges.count)
        edges += heads
        return try emit(.bytes(from: from, to: Int32(edges.count)), text)
    }
}

/// Turns ranges of scalars into rows of byte ranges, as in Cox, "Regular Expression Matching in
/// the Wild" (RE2's `compile.cc`).
enum UTF8Sequences {
    static func of(_ set: ScalarSet) -> [[ClosedRange<UInt8>]] {
        var sequences: [[ClosedRange<UInt8>]] = []
        for stretch in set.stretches {
            // Surrogates have no UTF-8.
            if stretch.low < 0xd800 {
                add(stretch.low, min(stretch.high, 0xd7ff), &sequences)
            }
            if stretch.high > 0xdfff {
                add(max(stretch.low, 0xe000), stretch.high, &sequences)
            }
        }
        return sequences
    }

    private static func add(
        _ low: UInt32,
        _ high: UInt32,
        _ sequences: inout [[ClosedRange<UInt8>]]
    ) {
        for last in [0x7f, 0x7ff, 0xffff] as [UInt32] where low <= last && last < high {
            add(low, last, &sequences)
            add(last + 1, high, &sequences)
            return
        }
        if high > 0x7f {
            for bits in [6, 12, 18] as [UInt32] {
                let mask = (1 << bits) - 1 as UInt32
                guard low & ~mask != high & ~mask else { continue }
                if low & mask != 0 {
                    add(low, low | mask, &sequences)
                    add((low | mask) + 1, high, &sequences)
                    return
                }
                if high & mask != mask {
                    add(low, (high & ~mask) - 1, &sequences)
                    add(high & ~mask, high, &sequences)
                    return
                }
            }
        }
        guard let first = Unicode.Scalar(low)?.utf8, let last = Unicode.Scalar(high)?.utf8
        else { return }
        sequences.append(zip(first, last).map { $0...$1 })
    }
}
