// Runs a program over its input in step with every thread at once (Thompson, Pike): linear time.

extension PatternProgram {
    /// Whether the whole of `bytes` matches, assertions of every kind included.
    func matches(_ bytes: borrowing Span<UInt8>) -> Bool {
        var walk = PatternWalk(size: instructions.count)
        var waiting: [Int32] = []
        walk.reach(start, self, holding: PatternPlace(bytes, 0))
        for index in 0..<bytes.count {
            waiting = walk.reached
            if waiting.isEmpty { return false }
            walk.clear()
            let place = PatternPlace(bytes, index + 1)
            let byte = bytes[index]
            for thread in waiting {
                switch instructions[Int(thread)] {
                case .byte(let low, let high, let next) where byte >= low && byte <= high:
                    walk.reach(next, self, holding: place)
                case .bytes(let from, let to):
                    for edge in edges[Int(from)..<Int(to)]
                    where byte >= edge.low && byte <= edge.high {
                        walk.reach(edge.next, self, holding: place)
                    }
                default: break
                }
            }
        }
        return walk.reached.contains {
            if case .match = instructions[Int($0)] { true } else { false }
        }
    }
}

/// Follows the groups of a program by RE2's preference: leftmost branch first, greedy before lazy.
struct PatternCaptureRun: Sendable {
    /// Runs of programs with more instructions × slots are not kept for the next text.
    static let keptCells = 1 << 16

    private var now: PatternThreads
    private var next: PatternThreads

    init(_ program: PatternProgram) {
        now = PatternThreads(slots: program.slots, size: program.instructions.count)
        next = now
    }

    /// Whether the whole of `bytes` matches, and then the byte ranges of the groups.
    mutating func captures(
        _ program: PatternProgram,
        _ bytes: borrowing Span<UInt8>,
        into groups: inout PatternCaptures
    ) -> Bool {
        now.clear()
        now.begin()
        now.add(program.start, program, at: 0, holding: PatternPlace(bytes, 0))
        for index in 0..<bytes.count {
            if now.waiting.isEmpty { return false }
            next.clear()
            let place =
                program.looksAround || index + 1 == bytes.count
                ? PatternPlace(bytes, index + 1) : []
            let byte = bytes[index]
            for thread in now.waiting.indices {
                switch program.instructions[Int(now.waiting[thread])] {
                case .byte(let low, let high, let target) where byte >= low && byte <= high:
                    next.begin(as: now, thread)
                    next.add(target, program, at: index + 1, holding: place)
                case .bytes(let from, let to):
                    for edge in program.edges[Int(from)..<Int(to)]
                    where byte >= edge.low && byte <= edge.high {
                        next.begin(as: now, thread)
                        next.add(edge.next, program, at: index + 1, holding: place)
                    }
                default: break
                }
            }
            swap(&now, &next)
        }
        for (thread, instruction) in now.waiting.enumerated() {
            guard case .match = program.instructions[Int(instruction)] else { continue }
            groups.setWhole(bytes.count)
            now.captures(of: thread, into: &groups)
            return true
        }
        return false
    }
}

// The threads that wait for the same byte, in order of preference, each with its captures.
private struct PatternThreads: Sendable {
    private enum Step: Sendable {
        case visit(Int32)
        case restore(slot: Int, value: Int32)
    }

    private(set) var waiting: [Int32] = []
    private var cells: [Int32] = []  // `slots` a waiting thread
    private let slots: Int
    private var marks: [UInt32]
    private var round: UInt32 = 1
    private var stack: [Step] = []
    private var found: [Int32]  // the captures of the thread that is followed

    init(slots: Int, size: Int) {
        self.slots = slots
        found = Array(repeating: -1, count: slots)
        marks = Array(repeating: 0, count: size)
    }

    mutating func clear() {
        waiting.removeAll(keepingCapacity: true)
        cells.removeAll(keepingCapacity: true)
        if round == .max {
            for index in marks.indices { marks[index] = 0 }
            round = 0
        }
        round += 1
    }

    /// Adds the places of the groups but the first.
    func captures(of thread: Int, into groups: inout PatternCaptures) {
        for slot in 2..<max(2, slots) { groups.bounds.append(cells[thread * slots + slot]) }
    }

    /// The next thread to be added has captured nothing.
    mutating func begin() {
        for slot in found.indices { found[slot] = -1 }
    }

    /// The next thread to be added has captured what `thread` of `other` has.
    mutating func begin(as other: borrowing PatternThreads, _ thread: Int) {
        for slot in found.indices { found[slot] = other.cells[thread * slots + slot] }
    }

    mutating func add(
        _ start: Int32,
        _ program: borrowing PatternProgram,
        at index: Int,
        holding place: PatternPlace
    ) {
        stack.append(.visit(start))
        while let step = stack.popLast() {
            guard case .visit(let instruction) = step else {
                if case .restore(let slot, let value) = step { found[slot] = value }
                continue
            }
            if marks[Int(instruction)] == round { continue }
            marks[Int(instruction)] = round
            switch program.instructions[Int(instruction)] {
            case .byte, .bytes, .match:
                waiting.append(instruction)
                for slot in found.indices { cells.append(found[slot]) }
            case .save(let slot, let next):
                stack.append(.restore(slot: Int(slot), value: found[Int(slot)]))
                found[Int(slot)] = Int32(truncatingIfNeeded: index)
                stack.append(.visit(next))
            case .split(let first, let second):
                stack.append(.visit(second))
                stack.append(.visit(first))
            case .assertion(let assertion, let next):
                if place.contains(PatternPlace(assertion)) { stack.append(.visit(next)) }
            }
        }
    }
}
