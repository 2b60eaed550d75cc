// What each action does, by the documentation of Prometheus's relabel_config.
import Model
import Testing

@testable import Formats

@Suite("Relabelling") struct RelabelRulesTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let rules: [RelabelRule]
        let labels: [String: String]
        /// Nil: dropped.
        let result: [String: String]?

        init(
            _ name: String,
            _ rules: [RelabelRule],
            _ labels: [String: String],
            _ result: [String: String]?
        ) {
            self.name = name
            self.rules = rules
            self.labels = labels
            self.result = result
        }

        var testDescription: String { name }
    }

    static func rule(
        _ action: RelabelRule.Action = .replace,
        _ sources: [String] = [],
        regex: String = "(.*)",
        target: String = "",
        replacement: String = "$1",
        separator: String = ";",
        modulus: UInt64 = 0
    ) -> RelabelRule {
        var rule = RelabelRule()
        rule.action = action
        rule.sourceLabels = sources
        rule.regex = regex
        rule.targetLabel = target
        rule.replacement = replacement
        rule.separator = separator
        rule.modulus = modulus
        return rule
    }

    static let rows: [Row] = [
        Row(
            "replace copies by default",
            [rule(.replace, ["a"], target: "b")],
            ["a": "x"],
            [
                "a": "x", "b": "x",
            ]
        ),
        Row(
            "sources are joined by semicolons, absent ones are empty",
            [rule(.replace, ["a", "no", "b"], target: "c")],
            ["a": "1", "b": "2"],
            ["a": "1", "b": "2", "c": "1;;2"]
        ),
        Row(
            "another separator",
            [rule(.replace, ["a", "b"], target: "c", separator: "--")],
            ["a": "1", "b": "2"],
            ["a": "1", "b": "2", "c": "1--2"]
        ),
        Row(
            "no source is the empty text",
            [rule(target: "c", replacement: "x")],
            ["a": "1"],
            ["a": "1", "c": "x"]
        ),
        Row(
            "the regex is anchored",
            [rule(.replace, ["a"], regex: "f", target: "a", replacement: "x")],
            ["a": "foo"],
            ["a": "foo"]
        ),
        Row(
            "an alternation is anchored as a whole",
            [rule(.replace, ["a"], regex: "f|.*o", target: "a", replacement: "x")],
            ["a": "foo"],
            ["a": "x"]
        ),
        Row(
            "a dot takes newlines",
            [rule(.replace, ["a"], regex: "a(.)b", target: "n", replacement: "[$1]")],
            ["a": "a\nb"],
            ["a": "a\nb", "n": "[\n]"]
        ),
        Row(
            "groups by number, braces and name",
            [
                rule(
                    .replace,
                    ["a"],
                    regex: "(?P<host>[^:]+):(\\d+)",
                    target: "b",
                    replacement: "${2}_$1-${host}$$1"
                )
            ],
            ["a": "h:90"],
            ["a": "h:90", "b": "90_h-h$1"]
        ),
        Row(
            "a group that took no part is empty, an unknown one too",
            [rule(.replace, ["a"], regex: "(x)|(y)", target: "a", replacement: "<$1$2$3>")],
            ["a": "y"],
            ["a": "<y>"]
        ),
        Row(
            "an empty result removes the target",
            [rule(.replace, ["a"], regex: "x(.*)", target: "b")],
            ["a": "x", "b": "old"],
            ["a": "x"]
        ),
        Row(
            "an empty replacement removes the target",
            [rule(target: "b", replacement: "")],
            ["a": "x", "b": "old"],
            ["a": "x"]
        ),
        Row(
            "the target is a template too",
            [rule(.replace, ["a"], regex: "(.*)=(.*)", target: "p_${1}", replacement: "$2")],
            ["a": "k=v"],
            ["a": "k=v", "p_k": "v"]
        ),
        Row(
            "a target that comes out empty does nothing",
            [rule(.replace, ["a"], regex: "(z?)x", target: "$1", replacement: "y")],
            ["a": "x"],
            ["a": "x"]
        ),
        Row(
            "names may be any UTF-8",
            [rule(.replace, ["é."], target: "ü/x")],
            ["é.": "1"],
            ["é.": "1", "ü/x": "1"]
        ),
        Row("keep keeps", [rule(.keep, ["a"], regex: "x|y")], ["a": "y"], ["a": "y"]),
        Row("keep drops", [rule(.keep, ["a"], regex: "x|y")], ["a": "z"], nil),
        Row("keep of an absent label", [rule(.keep, ["no"], regex: "")], ["a": "z"], ["a": "z"]),
        Row("drop drops", [rule(.drop, ["a"], regex: "x.*")], ["a": "xyz"], nil),
        Row("drop keeps", [rule(.drop, ["a"], regex: "x.*")], ["a": "yz"], ["a": "yz"]),
        Row(
            "rules after a drop do not run",
            [rule(.drop, ["a"], regex: "x"), rule(target: "a", replacement: "y")],
            ["a": "x"],
            nil
        ),
        Row(
            "keepequal keeps",
            [rule(.keepEqual, ["a"], target: "b")],
            ["a": "1", "b": "1"],
            [
                "a": "1", "b": "1",
            ]
        ),
        Row("keepequal drops", [rule(.keepEqual, ["a"], target: "b")], ["a": "1", "b": "2"], nil),
        Row(
            "keepequal of two absent labels",
            [rule(.keepEqual, ["x"], target: "y")],
            ["a": "1"],
            [
                "a": "1"
            ]
        ),
        Row("dropequal drops", [rule(.dropEqual, ["a"], target: "b")], ["a": "1", "b": "1"], nil),
        Row(
            "dropequal keeps",
            [rule(.dropEqual, ["a"], target: "b")],
            ["a": "1", "b": "2"],
            [
                "a": "1", "b": "2",
            ]
        ),
        // c0a2895f19cad3ddfe5f57efe349a779 by md5sum; its second half modulo 1000.
        Row(
            "hashmod takes the last eight bytes of MD5",
            [rule(.hashMod, ["c", "d"], target: "h", modulus: 1000)],
            ["c": "baz"],
            ["c": "baz", "h": "353"]
        ),
        Row(
            "hashmod with all 64 bits",
            [rule(.hashMod, ["a"], target: "h", modulus: .max)],
            ["a": "foo"],
            ["a": "foo", "h": "17145033699835028696"]
        ),
        Row(
            "labelmap copies, and keeps what it copies",
            [rule(.labelMap, regex: "__meta_(.+)")],
            ["__meta_a": "1", "__meta_b_c": "2", "x": "3"],
            ["__meta_a": "1", "__meta_b_c": "2", "x": "3", "a": "1", "b_c": "2"]
        ),
        Row(
            "labelmap does not map what it wrote",
            [rule(.labelMap, regex: "(.+)", replacement: "n_$1")],
            ["a": "1"],
            ["a": "1", "n_a": "1"]
        ),
        Row(
            "of labels mapped to one name the last counts, those written by rules after the others",
            [
                rule(target: "a_x", replacement: "late"),
                rule(.labelMap, regex: "(a|b)_(x)", replacement: "$2"),
            ],
            ["b_x": "came"],
            ["a_x": "late", "b_x": "came", "x": "late"]
        ),
        Row(
            "labelmap to a constant",
            [rule(.labelMap, regex: "a.*", replacement: "x")],
            ["a1": "1", "a2": "2"],
            ["a1": "1", "a2": "2", "x": "2"]
        ),
        Row(
            "labelmap to nothing makes no label",
            [rule(.labelMap, regex: "a(z?)")],
            ["a": "1"],
            ["a": "1"]
        ),
        Row(
            "labeldrop",
            [rule(.labelDrop, regex: "__.*")],
            ["__a": "1", "b": "2", "__c": "3"],
            [
                "b": "2"
            ]
        ),
        Row(
            "labelkeep",
            [rule(.labelKeep, regex: "b|c")],
            ["a": "1", "b": "2", "c": "3"],
            [
                "b": "2", "c": "3",
            ]
        ),
        Row("labelkeep of nothing", [rule(.labelKeep, regex: "")], ["a": "1"], [:]),
        Row(
            "lowercase",
            [rule(.lowercase, ["a"], target: "b")],
            ["a": "ÄbC ẞİ"],
            [
                "a": "ÄbC ẞİ", "b": "äbc ßi",
            ]
        ),
        Row(
            "uppercase",
            [rule(.uppercase, ["a", "b"], target: "c")],
            ["a": "äß", "b": "ᾳ"],
            [
                "a": "äß", "b": "ᾳ", "c": "Äß;ᾼ",
            ]
        ),
        Row(
            "lower case of nothing removes",
            [rule(.lowercase, ["no"], target: "a")],
            ["a": "x"],
            [:]
        ),
        Row(
            "a rule sees what those before it wrote",
            [
                rule(.replace, ["a"], regex: "(.*)-(.*)", target: "b", replacement: "$2"),
                rule(.replace, ["b"], target: "c", replacement: "<$1>"),
                rule(.labelDrop, regex: "b"),
                rule(.keep, ["c"], regex: "<y>"),
            ],
            ["a": "x-y"],
            ["a": "x-y", "c": "<y>"]
        ),
    ]

    static func labels(_ map: [String: String]) -> Labels {
        Labels(map.map { Label($0.key, $0.value) })
    }

    @Test("does what the documentation says", arguments: rows)
    func applies(row: Row) throws {
        let rules = try RelabelRules(row.rules)
        let before = RelabelRulesTests.labels(row.labels)
        let expected = row.result.map(RelabelRulesTests.labels)
        #expect(rules.apply(to: before) == expected)
        // Again with memory that another series was in.
        var scratch = RelabelScratch()
        _ = rules.apply(to: RelabelRulesTests.labels(["a": "other", "zz": "y"]), &scratch)
        #expect(rules.apply(to: before, &scratch) == expected)
        // Every single step leads to the same.
        let trace = rules.trace(before)
        #expect((trace.last?.isDropped == true ? nil : trace.last?.after) == expected)
    }

    @Test("a set that no rule changes is the same bytes, without rules too")
    func unchanged() throws {
        let labels = Labels([Label("a", "1"), Label("b", "2")])
        let rules = try RelabelRules([
            Self.rule(.replace, ["a"], regex: "x", target: "b", replacement: "y"),
            Self.rule(.replace, ["a"], target: "a"),
        ])
        #expect(rules.apply(to: labels) == labels)
        #expect(RelabelRules().apply(to: labels) == labels)
        #expect(RelabelRules().isEmpty)
    }

    @Test("labels that rules blow up are given up")
    func bound() throws {
        let double = Self.rule(.replace, ["a"], target: "a", replacement: "$1$1")
        let labels = Labels([Label("a", String(repeating: "x", count: 1024))])
        #expect(
            try RelabelRules(Array(repeating: double, count: 8)).apply(to: labels)?.bytes.count
                == 3 + 1 + 256 * 1024 + 1
        )
        let rules = try RelabelRules(Array(repeating: double, count: 40))
        #expect(rules.apply(to: labels) == nil)
        #expect(rules.trace(labels).last?.isTooLarge == true)
        // The scratch memory is good for the next series.
        var scratch = RelabelScratch()
        _ = rules.apply(to: labels, &scratch)
        #expect(rules.apply(to: Labels([Label("b", "1")]), &scratch) == Labels([Label("b", "1")]))
        let join = Self.rule(.replace, ["a", "a", "a"], target: "a")
        #expect(try RelabelRules(Array(repeating: join, count: 40)).apply(to: labels) == nil)
    }

    @Test("a trace tells each step")
    func trace() throws {
        let rules = try RelabelRules([
            Self.rule(.replace, ["a"], regex: "(.*):.*", target: "host"),
            Self.rule(.replace, ["b"], regex: "x", target: "host"),
            Self.rule(.labelMap, regex: "m_(.*)", replacement: "$1"),
            Self.rule(.labelDrop, regex: "m_.*"),
            Self.rule(.lowercase, ["a"], target: "a"),
            Self.rule(.drop, ["host"], regex: "h.*"),
            Self.rule(.keep, ["host"]),
        ])
        let trace = rules.trace(
            Labels([Label("a", "Hh:1\""), Label("b", "y"), Label("m_k", "v"), Label("host", "o")])
        )
        #expect(
            trace.map(\.description) == [
                #"1 replace "Hh:1\"" matches: host="Hh" (was "o")"#,
                #"2 replace "y" does not match: no change"#,
                #"3 labelmap matches: k="v""#,
                #"4 labeldrop matches: -m_k"#,
                #"5 lowercase "Hh:1\"": a="hh:1\"" (was "Hh:1\"")"#,
                #"6 drop "Hh" does not match: no change"#,
                #"7 keep "Hh" matches: no change"#,
            ]
        )
        #expect(trace[0].changes == [.init(name: "host", before: "o", after: "Hh")])
        let dropped = rules.trace(Labels([Label("a", "h:1")]))
        #expect(dropped.last?.description == #"6 drop "h" matches: dropped"#)
        #expect(dropped.count == 6)
    }
}
