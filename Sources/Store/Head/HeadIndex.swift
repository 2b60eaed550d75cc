// The label index of the head: which series have which label. Only series of the open and the
// sealing epoch and of current batches are in it; every segment has an index of its own.
import Model

/// Postings per label pair, over slots of the head.
struct HeadIndex {
    // name → value → slots in ascending order of arrival.
    private var postings: [String: [String: [UInt32]]] = [:]

    /// Adds a series.
    mutating func add(_ labels: Labels, slot: Int) {
        for label in labels.array {
            postings[label.name, default: [:]][label.value, default: []].append(UInt32(slot))
        }
    }

    /// Removes series; `isGone` says which. O(size of the index).
    mutating func remove(_ isGone: (UInt32) -> Bool) {
        for name in Array(postings.keys) {
            guard var values = postings.removeValue(forKey: name) else { continue }
            for value in Array(values.keys) {
                guard var slots = values.removeValue(forKey: value) else { continue }
                slots.removeAll(where: isGone)
                if !slots.isEmpty { values[value] = slots }
            }
            if !values.isEmpty { postings[name] = values }
        }
    }

    /// The slots that all matchers accept, in no order; nil stands for all slots.
    func select(_ matchers: [LabelMatcher]) -> Set<UInt32>? {
        var selected: Set<UInt32>?
        var excluded: [LabelMatcher] = []
        for matcher in matchers {
            // A matcher that accepts the absent label can only take away.
            if matcher.acceptsAbsent {
                excluded.append(matcher)
                continue
            }
            let slots = accepted(by: matcher)
            selected = selected.map { $0.intersection(slots) } ?? slots
            if selected?.isEmpty == true { return [] }
        }
        for matcher in excluded {
            let slots = refused(by: matcher)
            if slots.isEmpty { continue }
            guard selected != nil else { return nil }
            selected?.subtract(slots)
        }
        return selected
    }

    /// The slots whose label has a value that the matcher refuses.
    func refused(by matcher: LabelMatcher) -> Set<UInt32> {
        var slots: Set<UInt32> = []
        for (value, holders) in postings[matcher.name] ?? [:] where !matcher.accepts(value) {
            slots.formUnion(holders)
        }
        return slots
    }

    private func accepted(by matcher: LabelMatcher) -> Set<UInt32> {
        guard let values = postings[matcher.name] else { return [] }
        if matcher.operation == .equal { return Set(values[matcher.value] ?? []) }
        if matcher.operation == .matches, let literals = matcher.pattern?.literals {
            return literals.reduce(into: []) { $0.formUnion(values[$1] ?? []) }
        }
        var slots: Set<UInt32> = []
        for (value, holders) in values where matcher.accepts(value) { slots.formUnion(holders) }
        return slots
    }

    /// All label names.
    var names: [String] { Array(postings.keys) }

    /// All values of a label.
    func values(of name: String) -> [String] { postings[name].map { Array($0.keys) } ?? [] }

    /// Value counts by name and series counts by pair, for status pages.
    func cardinality() -> (values: [String: Int], pairs: [String: Int], metrics: [String: Int]) {
        var values: [String: Int] = [:]
        var pairs: [String: Int] = [:]
        var metrics: [String: Int] = [:]
        for (name, holders) in postings {
            values[name] = holders.count
            for (value, slots) in holders {
                pairs["\(name)=\(value)"] = slots.count
                if name == Label.metricName { metrics[value] = slots.count }
            }
        }
        return (values, pairs, metrics)
    }
}
