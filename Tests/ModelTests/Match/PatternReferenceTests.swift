// The engine against a matcher that is too simple to be wrong, on random patterns.

import TestSupport
import Testing

@testable import Model

/// Random texts over a small alphabet, for properties.
struct SeededText {
    var random: SeededRandom

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    mutating func text(of alphabet: [String], upTo length: Int) -> String {
        (0..<Int.random(in: 0...length, using: &random)).map { _ in
            alphabet.randomElement(using: &random) ?? ""
        }.joined()
    }

    mutating func pattern(depth: Int) -> String {
        let atoms = ["a", "b", "é", ".", "[ab]", "[^a]", "\\w", "x", "^", "$", "\\b", "(?i)a", ""]
        if depth == 0 { return atoms.randomElement(using: &random) ?? "" }
        let inner = pattern(depth: depth - 1)
        switch Int.random(in: 0..<8, using: &random) {
        case 0: return "(" + inner + ")*"
        case 1: return "(?:" + inner + ")+?"
        case 2: return "(" + inner + ")??"
        case 3: return "(" + inner + "){1,3}"
        case 4: return "(?:" + inner + "|" + pattern(depth: depth - 1) + ")"
        case 5: return "(" + pattern(depth: depth - 1) + "|" + inner + ")"
        default: return pattern(depth: depth - 1) + inner
        }
    }
}

@Suite("Pattern against a backtracking reference") struct PatternReferenceTests {
    @Test("agrees on what matches and on every group", arguments: 0..<40 as Range<UInt64>)
    func agrees(seed: UInt64) throws {
        var source = SeededText(seed: seed)
        for _ in 0..<25 {
            let text = source.pattern(depth: Int.random(in: 1...4, using: &source.random))
            let pattern = try Pattern(text)
            var parser = PatternParser(text)
            let reference = Backtracker(node: try parser.parse(), groups: parser.groupNames.count)
            for _ in 0..<12 {
                let subject = source.text(of: ["a", "b", "A", "é", "x", " ", "\n"], upTo: 6)
                guard let expected = reference.captures(subject) else { continue }
                let note = "seed \(seed), pattern \(text), text \(subject.debugDescription)"
                #expect(pattern.captures(subject) == expected.groups, "\(note)")
                #expect(pattern.matches(subject) == (expected.groups != nil), "\(note)")
            }
        }
    }
}

/// Tries every branch in order of preference, as the text of RE2's rules says.
struct Backtracker {
    struct Answer {
        let groups: [Range<Int>?]?
    }

    private final class Run {
        let scalars: [UInt32]
        let offsets: [Int]  // in UTF-8
        var groups: [Range<Int>?]
        var budget = 200_000

        init(_ text: String, groups: Int) {
            scalars = text.unicodeScalars.map(\.value)
            var offset = 0
            var offsets = [0]
            for scalar in text.unicodeScalars {
                offset += UTF8.width(scalar)
                offsets.append(offset)
            }
            self.offsets = offsets
            self.groups = Array(repeating: nil, count: groups + 1)
        }
    }

    let node: PatternNode
    let groups: Int

    /// Nil when the search took too long to be an answer.
    func captures(_ text: String) -> Answer? {
        let run = Run(text, groups: groups)
        let end = run.scalars.count
        let found = walk(node, 0, run) { $0 == end }
        if run.budget <= 0 { return nil }
        run.groups[0] = 0..<text.utf8.count
        return Answer(groups: found ? run.groups : nil)
    }

    private func walk(
        _ node: PatternNode,
        _ at: Int,
        _ run: Run,
        _ then: (Int) -> Bool
    ) -> Bool {
        run.budget -= 1
        if run.budget <= 0 { return false }
        switch node {
        case .empty: return then(at)
        case .scalar(let scalar):
            return at < run.scalars.count && run.scalars[at] == scalar && then(at + 1)
        case .set(let set):
            guard at < run.scalars.count else { return false }
            let scalar = run.scalars[at]
            let isIn = set.stretches.contains { $0.low <= scalar && scalar <= $0.high }
            return isIn && then(at + 1)
        case .assertion(let assertion): return holds(assertion, at, run) && then(at)
        case .concat(let parts): return row(parts[...], at, run, then)
        case .alternate(let parts): return parts.contains { walk($0, at, run, then) }
        case .group(let body, let index):
            let before = run.groups[index]
            let found = walk(body, at, run) { end in
                let inner = run.groups[index]
                run.groups[index] = run.offsets[at]..<run.offsets[end]
                if then(end) { return true }
                run.groups[index] = inner
                return false
            }
            if !found { run.groups[index] = before }
            return found
        case .repeated(let body, let minimum, let maximum, let greedy):
            return rounds(body, minimum, maximum, greedy, at, run, then)
        }
    }

    private func row(
        _ parts: ArraySlice<PatternNode>,
        _ at: Int,
        _ run: Run,
        _ then: (Int) -> Bool
    ) -> Bool {
        guard let first = parts.first else { return then(at) }
        return walk(first, at, run) { row(parts.dropFirst(), $0, run, then) }
    }

    private func rounds(
        _ body: PatternNode,
        _ minimum: Int,
        _ maximum: Int?,
        _ greedy: Bool,
        _ at: Int,
        _ run: Run,
        _ then: (Int) -> Bool,
        first: Bool = true
    ) -> Bool {
        func again() -> Bool {
            if maximum == 0 { return false }
            return walk(body, at, run) { end in
                // An endless repetition may take nothing once, as its first round, and then ends.
                if end == at, maximum == nil, minimum <= 1 { return first && then(end) }
                return rounds(
                    body,
                    max(0, minimum - 1),
                    maximum.map { $0 - 1 },
                    greedy,
                    end,
                    run,
                    then,
                    first: false
                )
            }
        }
        if minimum > 0 { return again() }
        return greedy ? again() || then(at) : then(at) || again()
    }

    private func holds(_ assertion: PatternAssertion, _ at: Int, _ run: Run) -> Bool {
        func isWord(_ index: Int) -> Bool {
            guard run.scalars.indices.contains(index), run.scalars[index] < 0x80 else {
                return false
            }
            return PatternParser.isWord(UInt8(run.scalars[index]))
        }
        switch assertion {
        case .textStart: return at == 0
        case .textEnd: return at == run.scalars.count
        case .lineStart: return at == 0 || run.scalars[at - 1] == 10
        case .lineEnd: return at == run.scalars.count || run.scalars[at] == 10
        case .wordBoundary: return isWord(at - 1) != isWord(at)
        case .noWordBoundary: return isWord(at - 1) == isWord(at)
        }
    }
}
