// What Prometheus refuses in a rule is refused here, with the key that has to be changed.
import Model
import Testing

@testable import Formats

@Suite("Refused relabelling rules") struct RelabelErrorTests {
    typealias Rules = RelabelRulesTests

    struct Row: Sendable {
        let rule: RelabelRule
        let text: String

        init(_ rule: RelabelRule, _ text: String) {
            self.rule = rule
            self.text = text
        }
    }

    static let rows: [Row] = [
        Row(
            Rules.rule(.replace, ["a"]),
            "target_label: is missing; name the label that the replace rule is about"
        ),
        Row(
            Rules.rule(.hashMod, ["a"], modulus: 8),
            "target_label: is missing; name the label that the hashmod rule is about"
        ),
        Row(
            Rules.rule(.hashMod, ["a"], target: "b"),
            "modulus: is missing or 0; a hashmod rule divides by it, write the number of shards"
        ),
        Row(
            Rules.rule(.keepEqual, ["a"]),
            "target_label: is missing; name the label that the keepequal rule is about"
        ),
        Row(
            Rules.rule(.keepEqual, ["a"], regex: "x", target: "b"),
            "regex: cannot be set for a keepequal rule, which has only source_labels and target_label; remove it"
        ),
        Row(
            Rules.rule(.dropEqual, ["a"], target: "b", separator: ","),
            "separator: cannot be set for a dropequal rule, which has only source_labels and target_label; remove it"
        ),
        Row(
            Rules.rule(.dropEqual, ["a"], target: "b", replacement: "x"),
            "replacement: cannot be set for a dropequal rule, which has only source_labels and target_label; remove it"
        ),
        Row(
            Rules.rule(.dropEqual, ["a"], target: "b", modulus: 1),
            "modulus: cannot be set for a dropequal rule, which has only source_labels and target_label; remove it"
        ),
        Row(
            Rules.rule(.labelDrop, ["a"], regex: "x"),
            "source_labels: cannot be set for a labeldrop rule, which has only regex; remove it"
        ),
        Row(
            Rules.rule(.labelKeep, regex: "x", target: "a"),
            "target_label: cannot be set for a labelkeep rule, which has only regex; remove it"
        ),
        Row(
            Rules.rule(.labelKeep, regex: "x", modulus: 2),
            "modulus: cannot be set for a labelkeep rule, which has only regex; remove it"
        ),
        Row(
            Rules.rule(.labelKeep, regex: "x", replacement: "y"),
            "replacement: cannot be set for a labelkeep rule, which has only regex; remove it"
        ),
        Row(
            Rules.rule(.labelDrop, regex: "x", separator: ""),
            "separator: cannot be set for a labeldrop rule, which has only regex; remove it"
        ),
        Row(
            Rules.rule(.uppercase, ["a"], target: "b", replacement: "x"),
            "replacement: cannot be set for a uppercase rule, which has only source_labels, separator and target_label; remove it"
        ),
        Row(
            Rules.rule(.lowercase, ["a"]),
            "target_label: is missing; name the label that the lowercase rule is about"
        ),
        Row(
            Rules.rule(.labelMap, regex: "x", replacement: ""),
            "replacement: \"\" makes no label names; write a name such as \"$1\""
        ),
        Row(
            Rules.rule(.keep, ["a", ""], regex: "x"),
            "source_labels: \"\" is no label name; write the name of a label"
        ),
        Row(
            Rules.rule(.keep, ["a"], regex: "x("),
            "regex: error parsing regexp: missing closing ): `x(`; mend the pattern"
        ),
    ]

    @Test("says which key, what is wrong and what to do", arguments: rows)
    func refused(row: Row) {
        let fine = Rules.rule(.keep, ["a"], regex: "x")
        let error = #expect(throws: RelabelError.self) { try RelabelRules([fine, row.rule]) }
        #expect(error?.description == "rule 2: \(row.text)")
        #expect(error?.rule == 1)
    }

    @Test(
        "knows the names of Prometheus 2",
        arguments: [
            ("a", true), ("_a1", true), ("1a", false), ("a-b", false), ("é", false), ("a.b", false),
            ("$1", true), ("a_${1}_b", true), ("${name}x", true), ("$", false), ("a$", false),
            ("${1", false), ("${}", false), ("${1}1", true), ("$$1", false), ("a:b", false),
        ]
    )
    func legacyNames(name: String, isFine: Bool) throws {
        let rule = Rules.rule(.replace, ["a"], target: name)
        let refusal = RelabelError(rule: 0, reason: .badTarget(.replace, name))
        if isFine {
            _ = try RelabelRules([rule], names: .legacy)
        } else {
            #expect(throws: refusal) { try RelabelRules([rule], names: .legacy) }
        }
        _ = try RelabelRules([rule])
        // Only `replace` has templates.
        let hash = Rules.rule(.hashMod, ["a"], target: name, modulus: 3)
        if name.contains("$") {
            #expect(throws: RelabelError.self) { try RelabelRules([hash], names: .legacy) }
        }
        #expect(try RelabelRules([hash]).apply(to: Labels([Label("a", "foo")]))?[name] == "2")
    }

    @Test("names that come out of groups are checked when they do")
    func expandedNames() throws {
        let rule = Rules.rule(.replace, ["a"], target: "x$1", replacement: "y")
        let labels = Labels([Label("a", "é")])
        #expect(try RelabelRules([rule], names: .legacy).apply(to: labels) == labels)
        #expect(try RelabelRules([rule]).apply(to: labels)?["xé"] == "y")
    }

    @Test("an action's word may be in any case")
    func words() {
        #expect(RelabelRule.Action(word: "LabelMap") == .labelMap)
        #expect(RelabelRule.Action(word: "KEEPEQUAL") == .keepEqual)
        #expect(RelabelRule.Action(word: "keep_equal") == nil)
        #expect(RelabelRule.Action.allCases.count == 11)
    }
}
