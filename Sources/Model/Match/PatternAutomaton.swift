// A deterministic automaton built while it runs: one table look-up a byte once it is warm.
//
// States are sets of instructions of the program (Cox, "Regular Expression Matching Can Be Simple
// And Fast"). The table has a bound; when it is reached the states are forgotten and built anew.

/// The states met so far of one program that does not look around.
struct PatternAutomaton: Sendable {
    /// 2 MB of table.
    static let maxCells = 1 << 19
    /// Instructions over all states.
    static let maxMembers = 1 << 18

    private static let unknown: Int32 = -1
    private static let dead: Int32 = 0
    private static let start: Int32 = 1

    private let program: PatternProgram
    private var classes: [UInt8]  // the class of each byte: bytes of one class act alike
    private let classCount: Int
    private var table: [Int32] = []  // state × class → state
    private var members: [[Int32]] = []
    private var accepts: [Bool] = []
    private var numbers: [[Int32]: Int32] = [:]
    private var memberCount = 0
    private var walk: PatternWalk

    init(_ program: PatternProgram) {
        self.program = program
        var isBorder = [Bool](repeating: false, count: 257)
        func note(_ low: UInt8, _ high: UInt8) {
            isBorder[Int(low)] = true
            isBorder[Int(high) + 1] = true
        }
        for case .byte(let low, let high, _) in program.instructions { note(low, high) }
        for edge in program.edges { note(edge.low, edge.high) }
        classes = []
        var current = 0
        for byte in 0..<256 {
            if byte > 0, isBorder[byte] { current += 1 }
            classes.append(UInt8(current))
        }
        classCount = current + 1
        walk = PatternWalk(size: program.instructions.count)
        forget()
    }

    /// Whether the whole of `bytes` matches.
    mutating func matches(_ bytes: borrowing Span<UInt8>) -> Bool {
        var state = PatternAutomaton.start
        for index in 0..<bytes.count {
            let byte = bytes[index]
            let cell = Int(state) * classCount + Int(classes[Int(byte)])
            var next = table[cell]
            if next == PatternAutomaton.unknown {
                next = step(state, byte)
                // The step may have cleared the table; then the edge is found again next time.
                if cell < table.count, Int(next) < members.count, !cleared {
                    table[cell] = next
                }
            }
            if next == PatternAutomaton.dead { return false }
            state = next
        }
        return accepts[Int(state)]
    }

    // Set by `step` when it had to forget all states before it added the new one.
    private var cleared = false

    private mutating func step(_ state: Int32, _ byte: UInt8) -> Int32 {
        walk.clear()
        for index in members[Int(state)] {
            switch program.instructions[Int(index)] {
            case .byte(let low, let high, let next) where byte >= low && byte <= high:
                walk.reach(next, program, holding: [])
            case .bytes(let from, let to):
                for edge in program.edges[Int(from)..<Int(to)]
                where byte >= edge.low && byte <= edge.high {
                    walk.reach(edge.next, program, holding: [])
                }
            default: break
            }
        }
        let set = walk.reached.sorted()
        cleared = false
        if set.isEmpty { return PatternAutomaton.dead }
        if let known = numbers[set] { return known }
        if memberCount + set.count > PatternAutomaton.maxMembers
            || table.count + classCount > PatternAutomaton.maxCells
        {
            forget()
            cleared = true
        }
        let number = add(set, accepting: walk.accepts(set, program, holding: .textEnd))
        numbers[set] = number
        return number
    }

    // The dead state is 0. The start is 1 and never shared: only there `^` holds.
    private mutating func forget() {
        table.removeAll(keepingCapacity: true)
        members.removeAll()
        accepts.removeAll()
        numbers.removeAll()
        memberCount = 0
        _ = add([], accepting: false)
        walk.clear()
        walk.reach(program.start, program, holding: .textStart)
        let set = walk.reached
        _ = add(set, accepting: walk.accepts(set, program, holding: [.textStart, .textEnd]))
    }

    private mutating func add(_ set: [Int32], accepting: Bool) -> Int32 {
        members.append(set)
        accepts.append(accepting)
        memberCount += set.count
        for _ in 0..<classCount { table.append(PatternAutomaton.unknown) }
        return Int32(members.count - 1)
    }
}

/// Which assertions hold at a place in the input.
struct PatternPlace: OptionSet, Sendable {
    let rawValue: UInt8

    static let textStart = PatternPlace(.textStart)
    static let textEnd = PatternPlace(.textEnd)

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    init(_ assertion: PatternAssertion) {
        rawValue = 1 << assertion.rawValue
    }

    /// The place before `bytes[index]`, or at the end.
    init(_ bytes: borrowing Span<UInt8>, _ index: Int) {
        let before = index > 0 ? bytes[index - 1] : nil
        let after = index < bytes.count ? bytes[index] : nil
        var place: PatternPlace = []
        if before == nil { place.insert(.textStart) }
        if after == nil { place.insert(.textEnd) }
        if before == nil || before == 10 { place.insert(PatternPlace(.lineStart)) }
        if after == nil || after == 10 { place.insert(PatternPlace(.lineEnd)) }
        // Words are ASCII, as in RE2.
        let isEdge =
            before.map(PatternParser.isWord) ?? false != after.map(PatternParser.isWord) ?? false
        place.insert(PatternPlace(isEdge ? .wordBoundary : .noWordBoundary))
        self = place
    }
}

/// Follows the instructions that take no input.
struct PatternWalk: Sendable {
    /// The instructions that wait: for a byte, for the end of the text, or that are `match`.
    private(set) var reached: [Int32] = []
    private var marks: [UInt32]  // equal to `round`: seen in this walk
    private var round: UInt32 = 1
    private var stack: [Int32] = []

    init(size: Int) {
        marks = Array(repeating: 0, count: size)
    }

    /// Starts a new walk.
    mutating func clear() {
        reached.removeAll(keepingCapacity: true)
        if round == .max {
            for index in marks.indices { marks[index] = 0 }
            round = 0
        }
        round += 1
    }

    /// Adds everything reachable from `start`, best branch first.
    mutating func reach(_ start: Int32, _ program: PatternProgram, holding place: PatternPlace) {
        stack.append(start)
        while let index = stack.popLast() {
            if marks[Int(index)] == round { continue }
            marks[Int(index)] = round
            switch program.instructions[Int(index)] {
            case .byte, .bytes, .match: reached.append(index)
            case .save(_, let next): stack.append(next)
            case .split(let first, let second):
                stack.append(second)
                stack.append(first)
            case .assertion(let assertion, let next):
                if place.contains(PatternPlace(assertion)) {
                    stack.append(next)
                } else if assertion == .textEnd {
                    reached.append(index)
                }
            }
        }
    }

    /// Whether `match` is among or reachable from the waiting instructions at this place.
    mutating func accepts(
        _ set: [Int32],
        _ program: PatternProgram,
        holding place: PatternPlace
    ) -> Bool {
        clear()
        for index in set {
            switch program.instructions[Int(index)] {
            case .match: return true
            case .assertion: reach(index, program, holding: place)
            default: break
            }
        }
        return reached.contains {
            if case .match = program.instructions[Int($0)] { true } else { false }
        }
    }
}
