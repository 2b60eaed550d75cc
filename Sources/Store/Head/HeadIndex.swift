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

    /// Removes series, whose labels `labels` has by slot.
    ///
    /// O(holders of the labels of what goes).
    mutating func remove(_ gone: Set<UInt32>, _ labels: [Labels]) {
        var touched: [String: Set<String>] = [:]
        for slot in gone {
            for label in labels[Int(slot)].array {
                touched[label.name, default: []].insert(label.value)
            }
        }
        for (name, values) in touched {
            for value in values {
                guard var slots = postings[name]?.removeValue(forKey: value) else { continue }
                slots.removeAll { gone.contains($0) }
                if !slots.isEmpty { postings[name]?[value] = slots }
            }
            if postings[name]?.isEmpty == true { postings[name] = nil }
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

    /// Counts for status pages.
    struct Cardinality {
        /// Values a label name.
        var values: [String: Int] = [:]
        /// Bytes of all values of a label name.
        var bytes: [String: Int] = [:]
        /// Series a `name=value` pair.
        var pairs: [String: Int] = [:]
        /// Series a metric.
        var metrics: [String: Int] = [:]
    }

    /// Counts values, bytes and series.
    ///
    /// O(label pairs).
    func cardinality() -> Cardinality {
        var counts = Cardinality()
        for (name, holders) in postings {
            counts.values[name] = holders.count
            for (value, slots) in holders {
                counts.bytes[name, default: 0] += value.utf8.count
                counts.pairs["\(name)=\(value)"] = slots.count
                if name == Label.metricName { counts.metrics[value] = slots.count }
            }
        }
        return counts
    }
}
