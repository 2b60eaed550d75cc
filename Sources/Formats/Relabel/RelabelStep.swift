// One rule made ready: its regex and templates compiled, its names as bytes.
internal import Codec
internal import Model

/// Memory that relabelling uses again from series to series; one a thread.
public struct RelabelScratch: Sendable {
    var work = RelabelWork()
    var captures = PatternCaptures()
    var name: [UInt8] = []
    var value: [UInt8] = []

    /// Starts empty.
    public init() {}
}

/// A rule that can be applied.
struct RelabelStep: Sendable {
    private enum Target: Sendable {
        case name([UInt8])
        case template(PatternTemplate)
    }
    private enum Replacement: Sendable {
        case text([UInt8])
        /// All that matched: `$1` of `(.*)`, or `$0`.
        case whole
        case template(PatternTemplate)
    }

    let action: RelabelRule.Action
    let sources: [[UInt8]]
    private let separator: [UInt8]
    private let modulus: UInt64
    private let pattern: Pattern
    private let matchesAll: Bool
    private let target: Target
    private let replacement: Replacement
    private let scheme: LabelNameScheme

    init(_ rule: RelabelRule, _ pattern: Pattern, _ scheme: LabelNameScheme) {
        action = rule.action
        sources = rule.sourceLabels.map { Array($0.utf8) }
        separator = Array(rule.separator.utf8)
        modulus = rule.modulus
        self.pattern = pattern
        matchesAll = rule.regex == RelabelRule.standardRegex || rule.regex == ".*"
        self.scheme = scheme
        let target = PatternTemplate(rule.targetLabel, for: pattern)
        // Only `replace` has groups in its target; elsewhere a `$` is a letter of the name.
        let isTemplate = rule.action == .replace && rule.targetLabel.utf8.contains(0x24)
        self.target = isTemplate ? .template(target) : .name(Array(rule.targetLabel.utf8))
        let template = PatternTemplate(rule.replacement, for: pattern)
        let isGroup = rule.replacement == "$1" || rule.replacement == "${1}"
        if rule.replacement == "$0" || isGroup && rule.regex == RelabelRule.standardRegex {
            replacement = .whole
        } else if rule.replacement.utf8.contains(0x24) {
            replacement = .template(template)
        } else {
            replacement = .text(Array(rule.replacement.utf8))
        }
    }

    /// Applies the rule.
    ///
    /// - Returns: false when it drops the series.
    func apply(_ scratch: inout RelabelScratch) -> Bool {
        switch action {
        case .keep: return matches(source(&scratch), scratch.work)
        case .drop: return !matches(source(&scratch), scratch.work)
        case .keepEqual: return equalsTarget(source(&scratch), scratch.work)
        case .dropEqual: return !equalsTarget(source(&scratch), scratch.work)
        case .replace: replace(&scratch)
        case .hashMod:
            let place = source(&scratch)
            let text = scratch.work.text
            let hash = MD5.lastWord(text.span.extracting(place)) % modulus
            scratch.value.removeAll(keepingCapacity: true)
            scratch.value.append(contentsOf: String(hash).utf8)
            setTarget(&scratch)
        case .lowercase, .uppercase:
            let place = source(&scratch)
            let text = scratch.work.text
            scratch.value.removeAll(keepingCapacity: true)
            if action == .lowercase {
                CaseMapping.lower(text.span.extracting(place), to: &scratch.value)
            } else {
                CaseMapping.upper(text.span.extracting(place), to: &scratch.value)
            }
            setTarget(&scratch)
        case .labelMap: map(&scratch)
        case .labelDrop: scratch.work.removeAll { pattern.matches($0) }
        case .labelKeep: scratch.work.removeAll { !pattern.matches($0) }
        }
        return true
    }

    /// The sources' values with the separator between them: their place in the text.
    func source(_ scratch: inout RelabelScratch) -> Range<Int> {
        scratch.work.joined(sources, separator)
    }

    /// Whether the regex matches the sources, or any label's name where the action is about names;
    /// nil where the action has no regex.
    func isMatch(_ scratch: inout RelabelScratch) -> Bool? {
        switch action {
        case .replace, .keep, .drop: return matches(source(&scratch), scratch.work)
        case .hashMod, .lowercase, .uppercase, .keepEqual, .dropEqual: return nil
        case .labelMap, .labelDrop, .labelKeep:
            let work = scratch.work
            return work.fields.contains { pattern.matches(work.text.span.extracting($0.name)) }
        }
    }

    private func matches(_ place: Range<Int>, _ work: borrowing RelabelWork) -> Bool {
        matchesAll || pattern.matches(work.text.span.extracting(place))
    }

    private func equalsTarget(_ place: Range<Int>, _ work: borrowing RelabelWork) -> Bool {
        guard case .name(let name) = target else { return false }
        return work.isSame(place, work.value(name))
    }

    private func setTarget(_ scratch: inout RelabelScratch) {
        guard case .name(let name) = target else { return }
        scratch.work.set(name, scratch.value)
    }

    private func replace(_ scratch: inout RelabelScratch) {
        let place = source(&scratch)
        guard fill(&scratch, place) else { return }
        switch target {
        case .name(let name): scratch.work.set(name, scratch.value)
        case .template:
            guard scheme.allows(scratch.name.span) else { return }
            scratch.work.set(scratch.name, scratch.value)
        }
    }

    // Matches the sources and makes name and value; false when they do not match. Holds the text as a
    // copy, which is none as long as nothing is written to it.
    private func fill(_ scratch: inout RelabelScratch, _ place: Range<Int>) -> Bool {
        let text = scratch.work.text
        var needsGroups = false
        if case .template = replacement { needsGroups = true }
        if case .template = target { needsGroups = true }
        let isMatch =
            needsGroups
            ? pattern.captures(text.span.extracting(place), into: &scratch.captures)
            : matches(place, scratch.work)
        guard isMatch else { return false }
        expand(replacement, scratch.captures, text, place, to: &scratch.value)
        if case .template(let template) = target {
            expand(.template(template), scratch.captures, text, place, to: &scratch.name)
        }
        return true
    }

    private func expand(
        _ replacement: Replacement,
        _ captures: PatternCaptures,
        _ text: [UInt8],
        _ place: Range<Int>,
        to result: inout [UInt8]
    ) {
        result.removeAll(keepingCapacity: true)
        switch replacement {
        case .text(let constant): result.append(contentsOf: constant)
        case .whole: result.append(contentsOf: text[place])
        case .template(let template):
            template.expand(captures, of: text.span.extracting(place), into: &result)
        }
    }

    // The labels are those before the rule: what it writes is not mapped again.
    private func map(_ scratch: inout RelabelScratch) {
        let fields = scratch.work.fields
        for field in fields where fillName(&scratch, field) {
            scratch.work.set(scratch.name, scratch.value)
        }
    }

    private func fillName(_ scratch: inout RelabelScratch, _ field: RelabelWork.Field) -> Bool {
        let text = scratch.work.text
        let name = field.name
        guard pattern.captures(text.span.extracting(name), into: &scratch.captures) else {
            return false
        }
        expand(replacement, scratch.captures, text, name, to: &scratch.name)
        scratch.value.removeAll(keepingCapacity: true)
        scratch.value.append(contentsOf: text[field.value])
        return true
    }
}
