// A table of relabelling rules, applied in order.
public import Model

/// Rules that are checked and compiled.
///
/// What `write_relabel_configs`, `metric_relabel_configs` and `relabel_configs` do, with the results of
/// Prometheus 3, but that a label without a name is never made (`labelmap` with a template that comes
/// out empty).
public struct RelabelRules: Sendable {
    /// The rules as they were written.
    public let rules: [RelabelRule]
    private let steps: [RelabelStep]

    /// No rules: every label set stays as it is.
    public init() {
        rules = []
        steps = []
    }

    /// Checks and compiles the rules.
    /// - Throws: the first rule's problem.
    public init(
        _ rules: [RelabelRule],
        names scheme: LabelNameScheme = .utf8
    ) throws(RelabelError) {
        var steps: [RelabelStep] = []
        for (index, rule) in rules.enumerated() {
            if let problem = rule.problem(scheme) {
                throw RelabelError(rule: index, reason: problem)
            }
            do throws(PatternError) {
                steps.append(RelabelStep(rule, try Pattern(rule.regex), scheme))
            } catch {
                throw RelabelError(rule: index, reason: .regex(error))
            }
        }
        self.rules = rules
        self.steps = steps
    }

    /// Whether there is no rule.
    public var isEmpty: Bool { rules.isEmpty }

    /// The labels after all rules, nil when a rule drops the series.
    ///
    /// The set may come out empty. One that rules blow up to more than 1 MiB is dropped.
    public func apply(to labels: Labels, _ scratch: inout RelabelScratch) -> Labels? {
        if steps.isEmpty { return labels }
        scratch.work.begin(labels)
        for step in steps where !step.apply(&scratch) { return nil }
        if scratch.work.isTooLarge { return nil }
        return scratch.work.isChanged ? scratch.work.labels() : labels
    }

    /// As with scratch memory of its own: for single sets.
    public func apply(to labels: Labels) -> Labels? {
        var scratch = RelabelScratch()
        return apply(to: labels, &scratch)
    }

    /// What each rule does to the labels, up to the one that drops them.
    public func trace(_ labels: Labels) -> [RelabelTrace] {
        var scratch = RelabelScratch()
        var traces: [RelabelTrace] = []
        scratch.work.begin(labels)
        var before = labels
        for (index, step) in steps.enumerated() {
            let place = step.source(&scratch)
            let source = String(decoding: scratch.work.text[place], as: UTF8.self)
            let isMatch = step.isMatch(&scratch)
            let isKept = step.apply(&scratch) && !scratch.work.isTooLarge
            let after = scratch.work.labels()
            traces.append(
                RelabelTrace(
                    rule: index,
                    action: step.action,
                    source: step.sources.isEmpty ? nil : source,
                    isMatch: isMatch,
                    isDropped: !isKept,
                    isTooLarge: scratch.work.isTooLarge,
                    before: before,
                    after: isKept ? after : before
                )
            )
            if !isKept { break }
            before = after
        }
        return traces
    }
}

extension RelabelRules: Hashable {
    public static func == (one: RelabelRules, other: RelabelRules) -> Bool {
        one.rules == other.rules
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(rules)
    }
}

/// What one rule did.
public struct RelabelTrace: Sendable, Equatable {
    /// The rule's place in its table, from 0.
    public let rule: Int
    /// What it does.
    public let action: RelabelRule.Action
    /// The values that it looked at, joined; nil when it has no source labels.
    public let source: String?
    /// Whether its regex matched the sources, or the name of any label; nil when it has none.
    public let isMatch: Bool?
    /// Whether the series ends here.
    public let isDropped: Bool
    /// Whether it ends because its labels outgrew the bound.
    public let isTooLarge: Bool
    /// The labels before the rule.
    public let before: Labels
    /// The labels after it.
    public let after: Labels

    /// One label that the rule changed.
    public struct Change: Sendable, Equatable {
        /// The label.
        public let name: String
        /// Nil when it was absent.
        public let before: String?
        /// Nil when it is absent now.
        public let after: String?
    }

    /// What is different, in order of the labels' names.
    public var changes: [Change] {
        var changes: [Change] = []
        for label in before.array where !isSame(label.value, after[label.name]) {
            changes.append(
                Change(name: label.name, before: label.value, after: after[label.name])
            )
        }
        for label in after.array where before[label.name] == nil {
            changes.append(Change(name: label.name, before: nil, after: label.value))
        }
        return changes.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private func isSame(_ one: String, _ other: String?) -> Bool {
        guard let other else { return false }
        return one.utf8.elementsEqual(other.utf8)
    }
}

extension RelabelTrace: CustomStringConvertible {
    /// `2 replace "a;b" matches: job="x" (was "y"), -env`, rules counted from 1.
    public var description: String {
        var text = "\(rule + 1) \(action.rawValue)"
        if let source { text += " \"\(Labels.escaped(source))\"" }
        if let isMatch { text += isMatch ? " matches" : " does not match" }
        if isTooLarge { return text + ": dropped, the labels outgrew 1 MiB" }
        if isDropped { return text + ": dropped" }
        let changes = changes.map { change in
            guard let after = change.after else { return "-\(change.name)" }
            let was = change.before.map { " (was \"\(Labels.escaped($0))\")" } ?? ""
            return "\(change.name)=\"\(Labels.escaped(after))\"\(was)"
        }
        return text + ": " + (changes.isEmpty ? "no change" : changes.joined(separator: ", "))
    }
}
