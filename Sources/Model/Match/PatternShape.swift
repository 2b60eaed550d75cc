// Patterns that need no automaton: sets of literals, and literals with `.*` between them.

/// What can be said about a pattern without running it.
enum PatternShape: Sendable {
    /// Exactly these texts, sorted bytewise.
    case literals([[UInt8]])
    /// `prefix.*a.*b.*suffix`: `middle` holds a and b.
    case wildcards(prefix: [UInt8], middle: [[UInt8]], suffix: [UInt8])
    /// `.+`
    case nonEmpty
    /// Anything else: begins with `prefix`, then the automaton decides.
    case general(prefix: [UInt8])

    // A cross product such as `[a-f][a-f][a-f]` stops being a set here; a plain alternation may be
    // as long as it likes. The second bound keeps nested products from piling up copies.
    static let maxProduct = 256
    static let maxBytes = 1 << 20
    // Searching is naive, so its pieces stay short; longer ones go through the automaton.
    static let maxPiece = 64

    init(_ node: PatternNode) {
        var row = node.row
        while case .assertion(.textStart)? = row.first { row.removeFirst() }
        while case .assertion(.textEnd)? = row.last { row.removeLast() }
        if let texts = PatternShape.texts(.concat(row)) {
            self = .literals(PatternShape.sorted(texts))
            return
        }
        if row.count == 1, case .repeated(.set(.any), minimum: 1, maximum: nil, _) = row[0] {
            self = .nonEmpty
            return
        }
        self = PatternShape.wildcards(row) ?? .general(prefix: PatternShape.prefix(row))
    }

    /// The literal text that every match begins with.
    var prefix: [UInt8] {
        switch self {
        case .nonEmpty: return []
        case .wildcards(let prefix, _, _), .general(let prefix): return prefix
        case .literals(let texts):
            // Sorted: what the first and the last share, all share.
            guard let first = texts.first, let last = texts.last else { return [] }
            let shared = zip(first, last).prefix { $0 == $1 }.count
            return PatternShape.wholeScalars(Array(first[..<shared]))
        }
    }

    // The finite set of texts that a node stands for, nil when there is none or it is large.
    private static func texts(_ node: PatternNode) -> [[UInt8]]? {
        switch node {
        case .empty: return [[]]
        case .scalar(let scalar): return [utf8(scalar)]
        case .set(let set):
            guard set.size <= maxProduct else { return nil }
            return set.stretches.flatMap { ($0.low...$0.high).map { utf8($0) } }.filter {
                !$0.isEmpty
            }
        case .group(let body, _): return texts(body)
        case .assertion: return nil
        case .repeated(let body, let minimum, let maximum, _):
            guard let maximum, maximum <= 8, let body = texts(body) else { return nil }
            var row: [[UInt8]] = [[]]
            var all: [[UInt8]] = minimum == 0 ? [[]] : []
            for count in 1...max(1, maximum) where maximum > 0 {
                guard let next = product(row, body) else { return nil }
                row = next
                if count >= minimum { all += row }
                if all.count > maxProduct { return nil }
            }
            return all
        case .concat(let parts):
            var row: [[UInt8]] = [[]]
            var run: [UInt8] = []
            for part in parts {
                if case .scalar(let scalar) = part {
                    run += utf8(scalar)
                    continue
                }
                guard let choices = texts(part), let next = product(row, choices, between: run)
                else { return nil }
                run.removeAll()
                row = next
            }
            return product(row, [[]], between: run)
        case .alternate(let parts):
            var all: [[UInt8]] = []
            var bytes = 0
            for part in parts {
                guard let choices = texts(part) else { return nil }
                bytes += choices.reduce(0) { $0 + $1.count }
                guard bytes <= maxBytes else { return nil }
                all += choices
            }
            return all
        }
    }

    private static func product(
        _ heads: [[UInt8]],
        _ tails: [[UInt8]],
        between: [UInt8] = []
    ) -> [[UInt8]]? {
        let count = heads.count * tails.count
        guard count <= maxProduct || heads.count == 1 || tails.count == 1 else { return nil }
        let bytes =
            tails.reduce(0) { $0 + $1.count } * heads.count
            + heads.reduce(0) { $0 + $1.count } * tails.count + between.count * count
        guard bytes <= maxBytes else { return nil }
        return heads.flatMap { head in tails.map { head + between + $0 } }
    }

    private static func sorted(_ texts: [[UInt8]]) -> [[UInt8]] {
        var sorted: [[UInt8]] = []
        for text in texts.sorted(by: { $0.lexicographicallyPrecedes($1) }) where sorted.last != text
        {
            sorted.append(text)
        }
        return sorted
    }

    private static func wildcards(_ row: [PatternNode]) -> PatternShape? {
        var pieces: [[UInt8]] = [[]]
        for part in row {
            switch part {
            case .scalar(let scalar): pieces[pieces.count - 1] += utf8(scalar)
            case .repeated(.set(.any), minimum: 0, maximum: nil, _): pieces.append([])
            default: return nil
            }
        }
        guard let prefix = pieces.first, let suffix = pieces.last else { return nil }
        let middle = pieces.dropFirst().dropLast().filter { !$0.isEmpty }
        guard pieces.count > 1, middle.allSatisfy({ $0.count <= maxPiece }) else { return nil }
        return .wildcards(prefix: prefix, middle: middle, suffix: suffix)
    }

    private static func prefix(_ row: [PatternNode]) -> [UInt8] {
        var prefix: [UInt8] = []
        for part in row {
            guard case .scalar(let scalar) = part else { break }
            prefix += utf8(scalar)
        }
        return prefix
    }

    // Cuts the first bytes of a scalar that was not taken whole.
    private static func wholeScalars(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        while String(validating: bytes, as: UTF8.self) == nil { bytes.removeLast() }
        return bytes
    }

    private static func utf8(_ scalar: UInt32) -> [UInt8] {
        Unicode.Scalar(scalar).map { Array($0.utf8) } ?? []
    }
}

extension PatternShape {
    /// Whether the shape alone decides, and how; nil when the automaton must.
    func decides(_ bytes: borrowing Span<UInt8>) -> Bool? {
        switch self {
        case .literals(let texts): return PatternShape.contains(texts, bytes)
        case .nonEmpty: return !bytes.isEmpty
        case .general(let prefix):
            return PatternShape.holds(prefix, in: bytes, at: 0) ? nil : false
        case .wildcards(let prefix, let middle, let suffix):
            guard bytes.count >= prefix.count + suffix.count,
                PatternShape.holds(prefix, in: bytes, at: 0),
                PatternShape.holds(suffix, in: bytes, at: bytes.count - suffix.count)
            else { return false }
            // The leftmost place of each piece leaves most room for the next.
            var place = prefix.count
            for piece in middle {
                let end = bytes.count - suffix.count - piece.count
                while place <= end, !PatternShape.holds(piece, in: bytes, at: place) { place += 1 }
                if place > end { return false }
                place += piece.count
            }
            return true
        }
    }

    private static func holds(
        _ piece: [UInt8],
        in bytes: borrowing Span<UInt8>,
        at place: Int
    ) -> Bool {
        guard place + piece.count <= bytes.count else { return false }
        for index in 0..<piece.count where bytes[place + index] != piece[index] { return false }
        return true
    }

    // Binary search among sorted texts.
    private static func contains(_ texts: [[UInt8]], _ bytes: borrowing Span<UInt8>) -> Bool {
        var low = 0
        var high = texts.count
        while low < high {
            let middle = (low + high) / 2
            let order = order(texts[middle], bytes)
            if order == 0 { return true }
            if order < 0 { low = middle + 1 } else { high = middle }
        }
        return false
    }

    private static func order(_ text: [UInt8], _ bytes: borrowing Span<UInt8>) -> Int {
        for index in 0..<min(text.count, bytes.count) where text[index] != bytes[index] {
            return Int(text[index]) - Int(bytes[index])
        }
        return text.count - bytes.count
    }
}
