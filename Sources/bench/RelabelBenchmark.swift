// Relabelling: rules a second over the series of a node_exporter, the kinds of rules apart.
import Formats
import Model

enum RelabelBenchmark {
    private static let kinds: [(name: String, rules: [RelabelRule])] = [
        ("keep, a literal", [rule(.keep, ["job"], "node")]),
        ("keep, an alternation of literals", [rule(.keep, ["job"], "web|node|db|cache|queue")]),
        ("drop, a prefix", [rule(.drop, ["__name__"], "go_gc_.*")]),
        ("drop, a pattern", [rule(.drop, ["__name__"], "(go|process)_[a-z]+_(seconds|bytes).*")]),
        ("replace, (.*)", [rule(.replace, ["instance"], "(.*)", "host", "$1")]),
        ("replace, a constant", [rule(.replace, [], "(.*)", "region", "eu-west-1")]),
        (
            "replace, one part that varies",
            [rule(.replace, ["instance"], "([^:]+):\\d{4}", "host", "$1")]
        ),
        (
            "replace, groups to follow",
            [rule(.replace, ["instance"], "([^:]+)(?::(\\d+))?", "host", "${1}-$2")]
        ),
        ("hashmod", [rule(.hashMod, ["__name__", "instance"], "(.*)", "shard", "$1", modulus: 8)]),
        ("labelmap", [rule(.labelMap, [], "dev(.+)", "", "d$1")]),
        ("labeldrop", [rule(.labelDrop, [], "tmp_.*")]),
        ("lowercase", [rule(.lowercase, ["__name__"], "(.*)", "lower", "$1")]),
    ]

    static func run(_ report: BenchReport) throws {
        let series = try NodeRecording.load(report, points: 1).series
        let rounds = max(1, 200_000 / series.count)
        for (name, rules) in kinds {
            // Ten of the kind, so that a rule weighs more than taking a series in.
            let table = try RelabelRules(Array(repeating: rules, count: 10).flatMap { $0 })
            var scratch = RelabelScratch()
            var figures = Figures()
            for _ in 0..<5 {
                let seconds = seconds {
                    for _ in 0..<rounds {
                        for labels in series { _ = table.apply(to: labels, &scratch) }
                    }
                }
                figures.add(Double(rounds * series.count * table.rules.count) / seconds)
            }
            report.figure(name, figures, "M rules/s", scale: 1e-6)
        }
    }

    private static func rule(
        _ action: RelabelRule.Action,
        _ sources: [String],
        _ regex: String,
        _ target: String = "",
        _ replacement: String = "$1",
        modulus: UInt64 = 0
    ) -> RelabelRule {
        var rule = RelabelRule()
        rule.action = action
        rule.sourceLabels = sources
        rule.regex = regex
        rule.targetLabel = target
        rule.replacement = replacement
        rule.modulus = modulus
        return rule
    }
}
