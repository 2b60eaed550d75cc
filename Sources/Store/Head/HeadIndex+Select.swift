// Which series of the head matchers accept. An absent label has the value "" (Prometheus data model).
import Model

/// Pairs that one matcher is about.
private struct PairSet {
    private let few: [UInt32]
    private let many: SlotSet?

    init(_ pairs: [UInt32]) {
        if pairs.count <= 4 {
            few = pairs
            many = nil
        } else {
            var set = SlotSet()
            for pair in pairs { set.insert(pair) }
            few = []
            many = set
        }
    }

    func contains(_ pair: UInt32) -> Bool {
        many?.contains(pair) ?? few.contains(pair)
    }
}

/// What matchers come down to in one state of the index.
struct HeadPlan {
    /// Each of the series wanted holds one of these pairs; nil when any series may be wanted.
    fileprivate(set) var leading: [UInt32]?
    fileprivate var required: [PairSet] = []
    fileprivate var refused: [PairSet] = []
}

extension HeadIndex {
    /// What the matchers come down to; nil when no series can match.
    func plan(_ matchers: [LabelMatcher]) -> HeadPlan? {
        var plan = HeadPlan()
        var required: [(pairs: [UInt32], holders: Int)] = []
        for matcher in matchers {
            let name = name(matcher.name)
            if matcher.acceptsAbsent {
                // It can only take away.
                let pairs = name.map { self.pairs(of: $0, refusedBy: matcher) } ?? []
                if !pairs.isEmpty { plan.refused.append(PairSet(pairs)) }
            } else {
                let pairs = name.map { self.pairs(of: $0, acceptedBy: matcher) } ?? []
                if pairs.isEmpty { return nil }
                required.append(
                    (pairs, pairs.reduce(0) { $0 + Int(self.pairs[Int($1)].holders.count) })
                )
            }
        }
        // The fewest candidates lead; each of them is asked about the rest.
        if let least = required.indices.min(by: { required[$0].holders < required[$1].holders }) {
            plan.leading = required.remove(at: least).pairs
        }
        plan.required = required.map { PairSet($0.pairs) }
        return plan
    }

    /// Calls `body` with each candidate of a plan that has leading pairs, once.
    ///
    /// A series has one value of a label, so that the holders of two pairs are never the same.
    func forEachCandidate(_ plan: HeadPlan, _ body: (UInt32) -> Void) {
        for pair in plan.leading ?? [] { lists.forEach(pairs[Int(pair)].holders, body) }
    }

    /// Whether a candidate's labels are what the plan wants.
    func accepts(_ run: UInt32, _ plan: HeadPlan) -> Bool {
        if plan.required.isEmpty, plan.refused.isEmpty { return true }
        var found = 0
        for index in 0..<Int(runs[Int(run)]) {
            let pair = runs[Int(run) + 1 + index]
            for set in plan.refused where set.contains(pair) { return false }
            for set in plan.required where set.contains(pair) { found += 1 }
        }
        return found == plan.required.count
    }

    private func pairs(of name: UInt32, acceptedBy matcher: LabelMatcher) -> [UInt32] {
        switch matcher.operation {
        case .equal:
            return pair(name, matcher.value).map { [$0] } ?? []
        case .matches:
            if let literals = matcher.pattern?.literals {
                return literals.compactMap { pair(name, $0) }
            }
        case .notEqual, .notMatches: break
        }
        return pairs(of: name, matcher, are: true)
    }

    private func pairs(of name: UInt32, refusedBy matcher: LabelMatcher) -> [UInt32] {
        switch matcher.operation {
        case .notEqual:
            return pair(name, matcher.value).map { [$0] } ?? []
        case .notMatches:
            if let literals = matcher.pattern?.literals {
                return literals.compactMap { pair(name, $0) }
            }
        case .equal, .matches: break
        }
        return pairs(of: name, matcher, are: false)
    }

    // Tries all values, as bytes: no `String` a value.
    private func pairs(
        of name: UInt32,
        _ matcher: LabelMatcher,
        are wanted: Bool
    ) -> [UInt32] {
        var found: [UInt32] = []
        lists.forEach(names[Int(name)].pairs) { pair in
            guard !pairs[Int(pair)].holders.isEmpty else { return }
            let text = pairs[Int(pair)].text
            let page = texts.page(text)
            if matcher.accepts(page.span.extracting(texts.range(text))) == wanted {
                found.append(pair)
            }
        }
        return found
    }

    /// All label names of series that take samples.
    var labelNames: [String] {
        names.compactMap { name in
            var isHeld = false
            lists.forEach(name.pairs) { if !pairs[Int($0)].holders.isEmpty { isHeld = true } }
            return isHeld ? texts.string(name.text) : nil
        }
    }

    /// All values of a label of series that take samples.
    func values(of name: String) -> [String] {
        guard let number = self.name(name) else { return [] }
        var values: [String] = []
        lists.forEach(names[Int(number)].pairs) { pair in
            guard !pairs[Int(pair)].holders.isEmpty else { return }
            values.append(texts.string(pairs[Int(pair)].text))
        }
        return values
    }
}
