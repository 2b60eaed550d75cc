// label_replace and label_join: new labels for old series.
import Model

extension Evaluator {
    func streamLabelReplace(_ call: Call, over grid: StepGrid, _ sink: Sink) throws(QueryError) {
        let target = string(call.arguments[1])
        let from = string(call.arguments[3])
        let pattern: Pattern
        do throws(PatternError) {
            pattern = try Pattern(string(call.arguments[4]))
        } catch {
            throw .execution(
                "invalid regular expression in label_replace(): \(string(call.arguments[4]))"
            )
        }
        try checkLabelName(target, "destination", "label_replace")
        let template = PatternTemplate(string(call.arguments[2]), for: pattern)
        try streamRelabelled(call.arguments[0], over: grid, sink) { labels in
            let value = labels[from] ?? ""
            guard let captures = pattern.captures(value) else { return labels }
            var builder = LabelsBuilder(labels)
            builder.set(target, template.expand(captures, of: value))
            return builder.labels()
        }
    }

    func streamLabelJoin(_ call: Call, over grid: StepGrid, _ sink: Sink) throws(QueryError) {
        let target = string(call.arguments[1])
        let separator = string(call.arguments[2])
        let sources = call.arguments.dropFirst(3).map(string)
        for source in sources { try checkLabelName(source, "source", "label_join") }
        try checkLabelName(target, "destination", "label_join")
        try streamRelabelled(call.arguments[0], over: grid, sink) { labels in
            var builder = LabelsBuilder(labels)
            builder.set(target, sources.map { labels[$0] ?? "" }.joined(separator: separator))
            return builder.labels()
        }
    }

    private func checkLabelName(
        _ name: String,
        _ role: String,
        _ function: String
    ) throws(QueryError) {
        // U+FFFD stands for bytes that were not UTF-8.
        guard name.isEmpty || name.contains("\u{fffd}") else { return }
        throw .execution("invalid \(role) label name in \(function)(): \(name)")
    }

    private func streamRelabelled(
        _ expr: Expr,
        over grid: StepGrid,
        _ sink: Sink,
        _ change: (Labels) -> Labels
    ) throws(QueryError) {
        var known: Set<Labels> = []
        try stream(expr, over: grid) { (labels, column) throws(QueryError) in
            let labels = change(labels)
            guard known.insert(labels).inserted else { throw .sameLabels }
            try sink(labels, &column)
        }
    }
}
