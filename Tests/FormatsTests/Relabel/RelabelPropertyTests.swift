// The engine against the documentation read out word by word, with texts and dictionaries.
import Codec
import Formats
import Model
import TestSupport
import Testing

@Suite("Relabelling against a plain reading") struct RelabelPropertyTests {
    private static let regexes = [
        "(.*)", ".*", "", "a", "a|b|ab", "(a|b)(.*)", "([^;]*);(.*)", "(?P<x>[a-c]+)-?(.)?",
        "a(.*)b",
        "(a)|(b)", ".+", "(.)(.)(.*)", "x(.*)", "(.*)x", "(a*)(a*)", "[ab]{2}(.*)", "é(.*)",
        "(?i)A.*",
    ]
    private static let templates = [
        "$1", "${1}", "$2$1", "b", "", "x$$", "${x}_$0", "a$9", "é$1", "$1x", "n_${1}", "a",
    ]
    private static let names = ["a", "b", "ab", "x", "a-b", "é", "__a", "aab", "n_a"]
    private static let values = ["", "a", "b", "ab", "a;b", "aab", "A-b", "éa", "x", "ax\nb"]

    private static func rule(_ random: inout SeededRandom) -> RelabelRule {
        func pick(_ list: [String]) -> String {
            list[Int.random(in: 0..<list.count, using: &random)]
        }
        let actions = RelabelRule.Action.allCases
        var rule = RelabelRule()
        rule.action = actions[Int.random(in: 0..<actions.count, using: &random)]
        if Int.random(in: 0..<3, using: &random) == 0 { rule.action = .replace }
        let isAboutNames = [.labelDrop, .labelKeep].contains(rule.action)
        let isPlain = [.keepEqual, .dropEqual].contains(rule.action)
        if !isAboutNames {
            rule.sourceLabels = (0..<Int.random(in: 0...3, using: &random)).map { _ in pick(names) }
            rule.targetLabel = rule.action == .replace ? pick(templates) : pick(names)
            if rule.targetLabel.isEmpty { rule.targetLabel = "t" }
            if !isPlain, Bool.random(using: &random) { rule.separator = pick(["", "-", ";;"]) }
        }
        if !isPlain { rule.regex = pick(regexes) }
        if [.replace, .labelMap].contains(rule.action) { rule.replacement = pick(templates) }
        if rule.action == .labelMap, rule.replacement.isEmpty { rule.replacement = "r" }
        if rule.action == .hashMod { rule.modulus = UInt64.random(in: 1...9, using: &random) }
        return rule
    }

    @Test("gives the same labels", arguments: 0..<60 as Range<UInt64>)
    func agrees(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var scratch = RelabelScratch()
        for _ in 0..<40 {
            let rules = (0..<Int.random(in: 1...5, using: &random)).map { _ in Self.rule(&random) }
            let engine = try RelabelRules(rules)
            for _ in 0..<10 {
                let labels = Labels(
                    (0..<Int.random(in: 0...5, using: &random)).map { _ in
                        Label(
                            Self.names[Int.random(in: 0..<Self.names.count, using: &random)],
                            Self.values[Int.random(in: 0..<Self.values.count, using: &random)]
                        )
                    }
                )
                let result = engine.apply(to: labels, &scratch)
                let expected = try PlainRelabel.run(rules, labels)
                #expect(result == expected, "seed \(seed): \(labels) by \(rules)")
                if let result { #expect(Labels(checking: result.bytes) != nil) }
            }
        }
    }
}

/// Relabelling as one would write it for a single set: no memory is used twice, no case is special.
private struct PlainRelabel {
    var came: [(String, String)]
    var written: [(String, String)] = []

    static func run(_ rules: [RelabelRule], _ labels: Labels) throws -> Labels? {
        var run = PlainRelabel(came: labels.array.map { ($0.name, $0.value) })
        for rule in rules where try !run.apply(rule) { return nil }
        return Labels((run.came + run.written).map { Label($0.0, $0.1) })
    }

    private func get(_ name: String) -> String {
        (written + came).first { $0.0 == name }?.1 ?? ""
    }

    private mutating func set(_ name: String, _ value: String) {
        came.removeAll { $0.0 == name }
        if let place = written.firstIndex(where: { $0.0 == name }) {
            if value.isEmpty { written.remove(at: place) } else { written[place].1 = value }
        } else if !value.isEmpty, !name.isEmpty {
            written.append((name, value))
        }
    }

    private mutating func apply(_ rule: RelabelRule) throws -> Bool {
        let pattern = try Pattern(rule.regex)
        let value = rule.sourceLabels.map(get).joined(separator: rule.separator)
        func expand(_ template: String, _ text: String) -> String? {
            pattern.captures(text).map {
                PatternTemplate(template, for: pattern).expand($0, of: text)
            }
        }
        switch rule.action {
        case .keep: return pattern.matches(value)
        case .drop: return !pattern.matches(value)
        case .keepEqual: return get(rule.targetLabel) == value
        case .dropEqual: return get(rule.targetLabel) != value
        case .replace:
            if let name = expand(rule.targetLabel, value), !name.isEmpty {
                set(name, expand(rule.replacement, value) ?? "")
            }
        case .lowercase: set(rule.targetLabel, value.lowercased())
        case .uppercase: set(rule.targetLabel, value.uppercased())
        case .hashMod:
            let digest = MD5.digest(Array(value.utf8).span)
            let last = digest[8...].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            set(rule.targetLabel, "\(last % rule.modulus)")
        case .labelMap:
            for (name, value) in came + written {
                if let target = expand(rule.replacement, name) { set(target, value) }
            }
        case .labelDrop:
            came.removeAll { pattern.matches($0.0) }
            written.removeAll { pattern.matches($0.0) }
        case .labelKeep:
            came.removeAll { !pattern.matches($0.0) }
            written.removeAll { !pattern.matches($0.0) }
        }
        return true
    }
}
