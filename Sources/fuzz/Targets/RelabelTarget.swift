// Relabelling tables out of arbitrary text, on labels out of the same text.
import Formats
import Model

/// `RelabelRules`, and what it makes use of in `Pattern`.
struct RelabelTarget: FuzzTarget {
    static let name = "relabel"

    private let mutator: ByteMutator
    // A rule a line: action, sources, separator, regex, target, replacement, modulus.
    private let seeds: [[UInt8]] = [
        "replace|a,b|;|([^;]*);(.*)|c|$2-${1}|0\nlabelmap|||__meta_(.+)||$1|0",
        "keep|__name__||node_.*|||0\ndrop|a||x|y|||0\nhashmod|a,b|;|(.*)|shard||8",
        "labeldrop|||__.*||$1|0\nlabelkeep|||a|b|c|||0",
        "lowercase|a|;|(.*)|a|$1|0\nuppercase|b||(.*)|c|$1|0\nreplace|a||(?P<n>.)(.*)|x_${n}|$2|0",
        "keepequal|a|;|(.*)|b|$1|0\ndropequal|a|;|(.*)|c|$1|0",
        "replace|a||(.*)|a|$1$1$1$1|0\nreplace|a||(.*)|a|$1$1$1$1$1$1$1$1|0",
    ].map { Array($0.utf8) }

    init() {
        var mutator = ByteMutator(
            tokens: [
                "|", "\n", ",", ";", "$1", "${1}", "$$", "${n}", "(.*)", "(?P<n>.)", "replace|",
                "labelmap|", "hashmod|", "keep|", "drop|", "labeldrop|", "a", "b", "é", "İ",
                "__name__", "x*", "[^a]+", "\\d",
            ]
        )
        mutator.longest = 512
        self.mutator = mutator
    }

    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        let text = String(decoding: input, as: UTF8.self)
        guard let rules = RelabelTarget.rules(text) else { return false }
        var scratch = RelabelScratch()
        for _ in 0..<6 {
            let labels = RelabelTarget.labels(text, &random)
            let place = "\(labels) by \(text.debugDescription): "
            let result = rules.apply(to: labels)
            if let result {
                try FuzzFinding.unless(
                    Labels(checking: result.bytes) != nil,
                    place + "\(result.bytes) are not canonical"
                )
            }
            try FuzzFinding.unless(
                rules.apply(to: labels, &scratch) == result,
                place + "memory that was used before changes the result"
            )
            let trace = rules.trace(labels)
            let traced =
                trace.isEmpty ? labels : trace.last.flatMap { $0.isDropped ? nil : $0.after }
            try FuzzFinding.unless(traced == result, place + "the trace ends elsewhere: \(trace)")
            for step in trace {
                try FuzzFinding.unless(!step.description.isEmpty, place + "nothing is said")
            }
        }
        return true
    }

    private static func rules(_ text: String) -> RelabelRules? {
        var rules: [RelabelRule] = []
        for line in text.unicodeScalars.split(separator: "\n").prefix(12) {
            let fields = line.split(separator: "|", omittingEmptySubsequences: false)
                .map { String(String.UnicodeScalarView($0)) }
            guard fields.count == 7, let action = RelabelRule.Action(word: fields[0]) else {
                return nil
            }
            var rule = RelabelRule()
            rule.action = action
            rule.sourceLabels = fields[1].split(separator: ",").map(String.init)
            if !fields[2].isEmpty { rule.separator = fields[2] }
            if !fields[3].isEmpty { rule.regex = fields[3] }
            rule.targetLabel = fields[4]
            if !fields[5].isEmpty { rule.replacement = fields[5] }
            rule.modulus = UInt64(fields[6]) ?? 0
            rules.append(rule)
        }
        return try? RelabelRules(rules)
    }

    private static func labels(_ text: String, _ random: inout FuzzRandom) -> Labels {
        let scalars = Array(text.unicodeScalars) + ["a", "b", "x", "ß"]
        let names = ["a", "b", "c", "__meta_x", "é", "__name__"]
        return Labels(
            (0..<random.below(6)).map { _ in
                var value = String.UnicodeScalarView()
                for _ in 0..<random.below(12) { value.append(random.pick(scalars)) }
                return Label(random.pick(names), String(value))
            }
        )
    }
}
