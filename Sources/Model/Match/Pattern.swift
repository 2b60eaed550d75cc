// The pattern of `=~`, `!~` and of relabelling: RE2 syntax, anchored at both ends, linear time.

import Synchronization

/// A compiled pattern.
///
/// Matching never backtracks: its time is bounded by size × length.
///
/// As in Prometheus the pattern must match the whole text, and `.` matches newlines too.
public struct Pattern: Sendable {
    /// The pattern as it was written.
    public let text: String
    /// The name of each capturing group, nil where it has none; group 1 comes first.
    public let groupNames: [String?]

    private let engine: PatternEngine

    /// Compiles a pattern.
    /// - Throws: `PatternError` with RE2's words when it is not of the subset or too costly.
    public init(_ text: String) throws(PatternError) {
        var parser = PatternParser(text)
        let node = try parser.parse()
        let shape = PatternShape(node)
        var program: PatternProgram?
        // A set of literals or a wildcard is decided without a program.
        if shape.needsProgram || !parser.groupNames.isEmpty {
            program = try PatternProgram(node, groups: parser.groupNames.count, text: text)
        }
        self.text = text
        groupNames = parser.groupNames
        engine = PatternEngine(
            shape,
            program,
            PatternFixedGroups(node, groups: parser.groupNames.count)
        )
    }

    /// Whether all of `candidate` matches.
    public func matches(_ candidate: String) -> Bool {
        engine.matches(candidate.utf8.span)
    }

    /// Whether all of `bytes`, which are UTF-8, match.
    public func matches(_ bytes: borrowing Span<UInt8>) -> Bool {
        engine.matches(bytes)
    }

    /// Where each group matched, in UTF-8 bytes of `candidate`, the first being all of it; nil
    /// when it does not match.
    ///
    /// A group that took no part is nil.
    public func captures(_ candidate: String) -> [Range<Int>?]? {
        var found = PatternCaptures()
        return engine.captures(candidate.utf8.span, into: &found) ? found.ranges : nil
    }

    /// Whether all of `bytes`, which are UTF-8, match; then `found` has the places of the groups.
    ///
    /// Allocates nothing once pattern and `found` have met a text of that length.
    public func captures(
        _ bytes: borrowing Span<UInt8>,
        into found: inout PatternCaptures
    ) -> Bool {
        engine.captures(bytes, into: &found)
    }

    /// Every text that matches, sorted bytewise, when that is a finite set; else nil.
    ///
    /// Lets an index look values up instead of trying all of them.
    public var literals: [String]? {
        guard case .literals(let texts) = engine.shape else { return nil }
        return texts.map { String(decoding: $0, as: UTF8.self) }
    }

    /// The text that every match begins with, "" when none is known.
    public var prefix: String { String(decoding: engine.shape.prefix, as: UTF8.self) }
}

extension Pattern: Hashable {
    public static func == (one: Pattern, other: Pattern) -> Bool {
        sameBytes(one.text, other.text)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(text)
    }
}

extension Pattern: CustomStringConvertible {
    /// The pattern as it was written.
    public var description: String { text }
}

extension PatternShape {
    fileprivate var needsProgram: Bool {
        if case .general = self { true } else { false }
    }
}

// Shared by the copies of a pattern, so that they warm one automaton.
private final class PatternEngine: Sendable {
    let shape: PatternShape
    private let program: PatternProgram?
    private let fixedGroups: PatternFixedGroups?
    private let automaton: Mutex<PatternAutomaton?>
    private let run: Mutex<PatternCaptureRun?>

    init(
        _ shape: PatternShape,
        _ program: PatternProgram?,
        _ fixedGroups: PatternFixedGroups?
    ) {
        self.shape = shape
        self.program = program
        self.fixedGroups = fixedGroups
        automaton = Mutex(nil)
        run = Mutex(nil)
    }

    func matches(_ bytes: borrowing Span<UInt8>) -> Bool {
        if let decided = shape.decides(bytes) { return decided }
        guard let program else { preconditionFailure("BUG: pattern without shape or program") }
        if program.looksAround { return program.matches(bytes) }
        // While another thread holds the automaton this one goes the slower way instead of waiting.
        let found = automaton.withLockIfAvailable { automaton in
            var current = automaton.take() ?? PatternAutomaton(program)
            let found = current.matches(bytes)
            automaton = consume current
            return found
        }
        return found ?? program.matches(bytes)
    }

    func captures(
        _ bytes: borrowing Span<UInt8>,
        into found: inout PatternCaptures
    ) -> Bool {
        guard matches(bytes) else { return false }
        if let fixedGroups {
            fixedGroups.captures(bytes.count, into: &found)
            return true
        }
        guard let program else { preconditionFailure("BUG: groups without a program") }
        guard program.instructions.count * program.slots <= PatternCaptureRun.keptCells else {
            var run = PatternCaptureRun(program)
            return run.captures(program, bytes, into: &found)
        }
        // As with the automaton: rather a second one than a wait.
        let isMatch = run.withLockIfAvailable { run in
            var current = run.take() ?? PatternCaptureRun(program)
            let isMatch = current.captures(program, bytes, into: &found)
            run = consume current
            return isMatch
        }
        if let isMatch { return isMatch }
        var other = PatternCaptureRun(program)
        return other.captures(program, bytes, into: &found)
    }
}
