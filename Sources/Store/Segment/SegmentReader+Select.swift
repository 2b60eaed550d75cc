// Which series of a segment do the matchers accept. Byte layout: Store.docc/segment-file.md
import Codec
public import Model

extension SegmentReader {
    /// The series that every matcher accepts and that have a chunk which overlaps `range`, ascending.
    ///
    /// A label that a series does not have counts as empty (Prometheus data model): so a matcher
    /// that accepts the empty text takes away what has a value that it refuses, any other keeps what
    /// has a value that it accepts.
    ///
    /// - Throws: `SegmentError` when one of the blocks that it takes is damaged.
    public func select(
        _ matchers: [LabelMatcher],
        in range: TimeRange
    ) throws(SegmentError) -> [Int] {
        try checkDirectory()
        guard seriesCount > 0, timeRange.overlaps(range) else { return [] }
        var selected = SeriesSet.all(of: seriesCount)
        // Those that are looked up first: nothing left means nothing to walk through.
        let keeping = matchers.filter { !$0.acceptsAbsent }
        for isLookup in [true, false] {
            for matcher in keeping where (literals(of: matcher, accepted: true) != nil) == isLookup
            {
                selected.formIntersection(try series(withValueOf: matcher, accepted: true))
                if selected.isEmpty { return [] }
            }
        }
        for matcher in matchers where matcher.acceptsAbsent {
            selected.subtract(try series(withValueOf: matcher, accepted: false))
        }
        var members = selected.members
        if range.start > timeRange.start || range.end < timeRange.end {
            var kept = 0
            for series in members {
                var overlaps = false
                try forEachChunk(of: series) { if $0.overlaps(range) { overlaps = true } }
                guard overlaps else { continue }
                members[kept] = series
                kept += 1
            }
            members.removeLast(members.count - kept)
        }
        return members
    }

    /// The names of all labels, sorted bytewise.
    ///
    /// - Throws: `SegmentError` when a block of names is damaged.
    public func labelNames() throws(SegmentError) -> [String] {
        try checkDirectory()
        var names: [String] = []
        try forEachName { name, _ in
            names.append(String(decoding: name, as: UTF8.self))
            return true
        }
        return names
    }

    /// All values of a label, sorted bytewise.
    ///
    /// - Throws: `SegmentError` when a block of names or values is damaged.
    public func labelValues(of name: String) throws(SegmentError) -> [String] {
        try checkDirectory()
        guard let pairs = try pairs(named: name) else { return [] }
        var values: [String] = []
        try forEachValue(of: pairs) { _, value in
            values.append(String(decoding: value, as: UTF8.self))
            return true
        }
        return values
    }

    // The series that have the label, with a value that the matcher accepts, or refuses.
    private func series(
        withValueOf matcher: LabelMatcher,
        accepted wanted: Bool
    ) throws(SegmentError) -> SeriesSet {
        var set = SeriesSet(of: seriesCount)
        guard let pairs = try pairs(named: matcher.name) else { return set }
        var found: [Int] = []
        if let literals = literals(of: matcher, accepted: wanted) {
            for literal in literals {
                if let pair = try pair(of: literal, among: pairs) { found.append(pair) }
            }
        } else {
            try forEachValue(of: pairs) { pair, value in
                if matcher.accepts(bytes: value.span) == wanted { found.append(pair) }
                return true
            }
        }
        try insertSeries(withAnyOf: found, into: &set)
        return set
    }

    // The values that are looked up instead of trying all; nil when all have to be tried.
    private func literals(of matcher: LabelMatcher, accepted: Bool) -> [String]? {
        switch (matcher.operation, accepted) {
        case (.equal, true), (.notEqual, false): [matcher.value]
        case (.matches, true), (.notMatches, false): matcher.pattern?.literals
        default: nil
        }
    }
}

extension LabelMatcher {
    // As `accepts`, without making a String of every value.
    fileprivate func accepts(bytes: Span<UInt8>) -> Bool {
        switch operation {
        case .equal: isValue(bytes)
        case .notEqual: !isValue(bytes)
        case .matches: pattern?.matches(bytes) ?? false
        case .notMatches: !(pattern?.matches(bytes) ?? false)
        }
    }

    private func isValue(_ bytes: Span<UInt8>) -> Bool {
        let utf8 = value.utf8
        return utf8.count == bytes.count && ByteOrder.compare(utf8.span, bytes) == 0
    }
}
