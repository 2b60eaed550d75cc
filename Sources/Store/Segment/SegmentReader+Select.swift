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
    /// - Throws: `SegmentError` when index or postings are damaged.
    public func select(
        _ matchers: [LabelMatcher],
        in range: TimeRange
    ) throws(SegmentError) -> [Int] {
        try checkIndex()
        guard seriesCount > 0, timeRange.overlaps(range) else { return [] }
        var selected = SeriesSet.all(of: seriesCount)
        let keeping = matchers.filter { !$0.acceptsAbsent }
        for matcher in keeping {
            selected.formIntersection(try series(withValueOf: matcher, accepted: true))
            if selected.isEmpty { return [] }
        }
        for matcher in matchers where matcher.acceptsAbsent {
            selected.subtract(try series(withValueOf: matcher, accepted: false))
        }
        var members = selected.members
        if range.start > timeRange.start || range.end < timeRange.end {
            var kept = 0
            for series in members
            where try chunks(of: series).contains(where: { $0.overlaps(range) }) {
                members[kept] = series
                kept += 1
            }
            members.removeLast(members.count - kept)
        }
        return members
    }

    /// The names of all labels, sorted bytewise.
    ///
    /// - Throws: `SegmentError` when index or postings are damaged.
    public func labelNames() throws(SegmentError) -> [String] {
        try checkIndex()
        var names: [String] = []
        // From each name straight to the first pair of the next one.
        var next: UInt64 = 0
        while next <= UInt64(UInt32.max) {
            var found: UInt32?
            try forEachPair(from: PairKey(name: UInt32(next), value: 0)) { entry, _ in
                found = entry.key.name
                return false
            }
            guard let found else { break }
            names.append(String(decoding: try symbolText(UInt64(found)), as: UTF8.self))
            next = UInt64(found) + 1
        }
        return names
    }

    /// All values of a label, sorted bytewise.
    ///
    /// - Throws: `SegmentError` when index or postings are damaged.
    public func labelValues(of name: String) throws(SegmentError) -> [String] {
        try checkIndex()
        guard let number = try symbolNumber(name) else { return [] }
        var symbols: [UInt32] = []
        try forEachPair(from: PairKey(name: number, value: 0)) { entry, _ in
            guard entry.key.name == number else { return false }
            symbols.append(entry.key.value)
            return true
        }
        var values: [String] = []
        values.reserveCapacity(symbols.count)
        for symbol in symbols {
            values.append(String(decoding: try symbolText(UInt64(symbol)), as: UTF8.self))
        }
        return values
    }

    // The series that have the label, with a value that the matcher accepts, or refuses.
    private func series(
        withValueOf matcher: LabelMatcher,
        accepted wanted: Bool
    ) throws(SegmentError) -> SeriesSet {
        var set = SeriesSet(of: seriesCount)
        guard let name = try symbolNumber(matcher.name) else { return set }
        if let literals = literals(of: matcher, accepted: wanted) {
            for literal in literals {
                guard let value = try symbolNumber(literal) else { continue }
                let wanted = PairKey(name: name, value: value)
                try forEachPair(from: wanted) { entry, block throws(CodecError) in
                    if entry.key == wanted { try entry.insert(into: &set, block) }
                    return false
                }
            }
            return set
        }
        var failure: SegmentError?
        try forEachPair(from: PairKey(name: name, value: 0)) { entry, block throws(CodecError) in
            guard entry.key.name == name else { return false }
            do throws(SegmentError) {
                let text = try symbolText(UInt64(entry.key.value))
                if matcher.accepts(bytes: text.span) == wanted {
                    do throws(CodecError) {
                        try entry.insert(into: &set, block)
                    } catch {
                        throw .undecodable(
                            path: path,
                            part: .postings,
                            offset: layout.postingDirectory,
                            cause: error
                        )
                    }
                }
            } catch {
                failure = error
                return false
            }
            return true
        }
        if let failure { throw failure }
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

    // Calls `body` with the entries from the first that is not before `key` on, until it says false.
    func forEachPair(
        from key: PairKey,
        _ body: (PostingEntry, Span<UInt8>) throws(CodecError) -> Bool
    ) throws(SegmentError) {
        var number = lastBlock(.postings, from: key.raw) ?? 0
        while number < layout.postingBlocks {
            let block = try block(.postings, number)
            do throws(CodecError) {
                var cursor = ByteCursor()
                while cursor.offset < block.count {
                    let entry = try PostingEntry(&cursor, block.span)
                    if entry.key < key { continue }
                    if try !body(entry, block.span) { return }
                }
            } catch {
                throw .undecodable(
                    path: path,
                    part: .postings,
                    offset: blockEntry(.postings, number).offset,
                    cause: error
                )
            }
            number += 1
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
