// Patterns of matchers and relabelling rules, with the ways around their program against each other.
import Model

/// `Pattern` and `PatternTemplate`.
struct PatternTarget: FuzzTarget {
    static let name = "pattern"

    private let mutator: ByteMutator
    private let seeds: [[UInt8]] = [
        "(a|b)*c+d?", "[a-z0-9_]{1,3}.*", "node-([0-9]+)\\.(?P<zone>[^.]+)", "(?i)Foo|bar|baz",
        "^(?:up|down)$", ".*error.*", "\\d+\\w\\s[^\\S]", "[[:alpha:]]\\p{L}", "a|", "()", "x{2,}?",
        "\\Qa.b\\E", "(?s:.)(?-s:.)\\b", "é+[à-ü]", "", ".+", "foo.*bar", "(a*)*b",
        "(?:(?:a{9}){9}){9}",
    ].map { Array($0.utf8) }
    private static let templates = ["$1", "${zone}-$0", "$$1${2}$", "${1}${", "a"]

    init() {
        var mutator = ByteMutator(
            tokens: [
                "(", ")", "|", "*", "+", "?", "{2}", "{0,1000}", "{1001}", "[", "]", "[^", "-", "^",
                "$", ".", "\\d", "\\b", "\\x41", "\\x{1F600}", "\\pN", "(?i)", "(?:", "(?P<n>",
                "\\",
                "a", "b", "é", "[[:digit:]]", "\\C", "\\1", "(?=a)", "\n",
            ]
        )
        mutator.longest = 256
        self.mutator = mutator
    }

    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        let text = String(decoding: input, as: UTF8.self)
        guard let pattern = try? Pattern(text) else { return false }
        // The same between brackets that capture must be run by the program.
        let captured = try? Pattern("(\(text))")
        let template = PatternTemplate(random.pick(PatternTarget.templates), for: pattern)
        let literals = pattern.literals
        var candidates = PatternTarget.candidates(text, &random)
        candidates += (literals ?? []).prefix(8)
        for candidate in candidates {
            let isMatch = pattern.matches(candidate)
            let place = "/\(text)/ and \"\(candidate)\": "
            try FuzzFinding.unless(
                pattern.matches(Array(candidate.utf8).span) == isMatch,
                place + "bytes and text differ"
            )
            if let literals {
                try FuzzFinding.unless(
                    literals.contains { $0.utf8.elementsEqual(candidate.utf8) } == isMatch,
                    place + "the literals say otherwise: \(literals)"
                )
            }
            if isMatch {
                try FuzzFinding.unless(
                    candidate.utf8.starts(with: pattern.prefix.utf8),
                    place + "does not begin with \(pattern.prefix)"
                )
            }
            if let captured {
                try FuzzFinding.unless(
                    captured.matches(candidate) == isMatch,
                    place + "matches \(isMatch), in brackets \(!isMatch)"
                )
            }
            try checkCaptures(pattern, template, candidate, isMatch)
        }
        return true
    }

    private func checkCaptures(
        _ pattern: Pattern,
        _ template: PatternTemplate,
        _ candidate: String,
        _ isMatch: Bool
    ) throws(FuzzFinding) {
        let captures = pattern.captures(candidate)
        try FuzzFinding.unless(
            (captures != nil) == isMatch,
            "/\(pattern)/ and \"\(candidate)\": matches \(isMatch), captures say otherwise"
        )
        guard let captures else { return }
        let whole = 0..<candidate.utf8.count
        try FuzzFinding.unless(
            captures.count == pattern.groupNames.count + 1 && captures.first == whole
                && captures.allSatisfy { $0.map { whole.clamped(to: $0) == $0 } ?? true },
            "/\(pattern)/ and \"\(candidate)\": captures \(captures)"
        )
        _ = template.expand(captures, of: candidate)
    }

    // Texts that have something to do with the pattern: its letters, its pieces, and edges.
    private static func candidates(_ text: String, _ random: inout FuzzRandom) -> [String] {
        let scalars = Array(text.unicodeScalars) + ["a", "b", "1", "\n", "é"]
        var candidates = ["", text, "a", "foobar", "up", "node-12.eu"]
        for _ in 0..<8 {
            var candidate = String.UnicodeScalarView()
            for _ in 0..<random.below(24) { candidate.append(random.pick(scalars)) }
            candidates.append(String(candidate))
        }
        return candidates
    }
}
