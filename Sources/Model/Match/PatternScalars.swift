// A set of Unicode scalars, the meaning of a character class.

/// Scalars as sorted ranges that neither touch nor overlap once `normalise` has run.
struct ScalarSet: Equatable, Sendable {
    /// One stretch of scalars, both ends inside.
    struct Stretch: Equatable, Sendable {
        var low: UInt32
        var high: UInt32
    }

    static let last: UInt32 = 0x10ffff
    static let any = ScalarSet([Stretch(low: 0, high: last)])
    static let notNewline = ScalarSet([
        Stretch(low: 0, high: 9), Stretch(low: 11, high: last),
    ])

    private(set) var stretches: [Stretch] = []

    init(_ stretches: [Stretch] = []) {
        self.stretches = stretches
    }

    init(_ scalar: UInt32) {
        stretches = [Stretch(low: scalar, high: scalar)]
    }

    mutating func add(_ low: UInt32, _ high: UInt32) {
        stretches.append(Stretch(low: low, high: high))
    }

    mutating func add(_ other: ScalarSet) {
        stretches.append(contentsOf: other.stretches)
    }

    /// Sorts the stretches and joins those that touch.
    mutating func normalise() {
        guard stretches.count > 1 else { return }
        stretches.sort { ($0.low, $0.high) < ($1.low, $1.high) }
        var joined: [Stretch] = [stretches[0]]
        for stretch in stretches.dropFirst() {
            let end = joined.count - 1
            if stretch.low <= joined[end].high &+ 1 {
                joined[end].high = max(joined[end].high, stretch.high)
            } else {
                joined.append(stretch)
            }
        }
        stretches = joined
    }

    /// Every scalar that is not in the set, which must be normalised.
    var inverted: ScalarSet {
        var inverse = ScalarSet()
        var next: UInt32 = 0
        for stretch in stretches {
            if stretch.low > next { inverse.add(next, stretch.low - 1) }
            next = stretch.high + 1
        }
        if next <= ScalarSet.last { inverse.add(next, ScalarSet.last) }
        return inverse
    }

    /// The set with all spellings of its letters, as `(?i)` asks.
    var folded: ScalarSet {
        var wide = self
        for stretch in stretches {
            var index = CaseOrbits.firstIndex(notBefore: stretch.low)
            while index < CaseOrbits.entries.count, CaseOrbits.entries[index].0 <= stretch.high {
                for other in CaseOrbits.entries[index].1 { wide.add(other, other) }
                index += 1
            }
        }
        wide.normalise()
        return wide
    }

    /// How many scalars there are; surrogates count, which only matters to callers that want few.
    var size: Int {
        stretches.reduce(0) { $0 + Int($1.high - $1.low) + 1 }
    }

    static func == (one: ScalarSet, other: ScalarSet) -> Bool { one.stretches == other.stretches }
}

extension ScalarSet {
    static let digit = ScalarSet([Stretch(low: 0x30, high: 0x39)])
    static let space = ScalarSet([
        Stretch(low: 0x09, high: 0x0a), Stretch(low: 0x0c, high: 0x0d),
        Stretch(low: 0x20, high: 0x20),
    ])
    static let word = ScalarSet([
        Stretch(low: 0x30, high: 0x39), Stretch(low: 0x41, high: 0x5a),
        Stretch(low: 0x5f, high: 0x5f), Stretch(low: 0x61, high: 0x7a),
    ])

    /// The classes of POSIX that RE2 knows, all ASCII.
    static func posix(_ name: String) -> ScalarSet? {
        let pairs: [(UInt32, UInt32)]
        switch name {
        case "alnum": pairs = [(0x30, 0x39), (0x41, 0x5a), (0x61, 0x7a)]
        case "alpha": pairs = [(0x41, 0x5a), (0x61, 0x7a)]
        case "ascii": pairs = [(0, 0x7f)]
        case "blank": pairs = [(0x09, 0x09), (0x20, 0x20)]
        case "cntrl": pairs = [(0, 0x1f), (0x7f, 0x7f)]
        case "digit": return digit
        case "graph": pairs = [(0x21, 0x7e)]
        case "lower": pairs = [(0x61, 0x7a)]
        case "print": pairs = [(0x20, 0x7e)]
        case "punct": pairs = [(0x21, 0x2f), (0x3a, 0x40), (0x5b, 0x60), (0x7b, 0x7e)]
        case "space": pairs = [(0x09, 0x0d), (0x20, 0x20)]
        case "upper": pairs = [(0x41, 0x5a)]
        case "word": return word
        case "xdigit": pairs = [(0x30, 0x39), (0x41, 0x46), (0x61, 0x66)]
        default: return nil
        }
        return ScalarSet(pairs.map { Stretch(low: $0.0, high: $0.1) })
    }
}

/// For every scalar with another case: the other scalars that differ from it only by case.
///
/// Made once from the standard library's mappings rather than kept as a table in the source.
private enum CaseOrbits {
    // No simple mapping exists above Adlam (U+1E943).
    private static let end: UInt32 = 0x1e944

    static let entries: [(UInt32, [UInt32])] = {
        var groups: [UInt32: [UInt32]] = [:]
        for code in 0..<end {
            guard let scalar = Unicode.Scalar(code), scalar.properties.changesWhenCaseMapped
            else { continue }
            // Turkish i's fold only to themselves in simple folding, though they have mappings.
            if code == 0x130 || code == 0x131 { continue }
            groups[folded(scalar), default: []].append(code)
        }
        var entries: [(UInt32, [UInt32])] = []
        for group in groups.values where group.count > 1 {
            for code in group { entries.append((code, group.filter { $0 != code })) }
        }
        return entries.sorted { $0.0 < $1.0 }
    }()

    static func firstIndex(notBefore code: UInt32) -> Int {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].0 < code { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private static func folded(_ scalar: Unicode.Scalar) -> UInt32 {
        let upper = only(scalar.properties.uppercaseMapping) ?? scalar
        return (only(upper.properties.lowercaseMapping) ?? upper).value
    }

    private static func only(_ text: String) -> Unicode.Scalar? {
        let scalars = text.unicodeScalars
        return scalars.count == 1 ? scalars.first : nil
    }
}
