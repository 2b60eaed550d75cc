// Reads RE2 syntax as Go's regexp/syntax does with Prometheus's flags (Perl, dot matches newline):
// https://github.com/google/re2/wiki/Syntax
//
// Left out, and said so: Unicode classes (`\pL`) and `\C`.

/// One pass over a pattern's bytes.
struct PatternParser {
    /// RE2's bound on `{n,m}`, also for the product of nested ones.
    static let maxRepeat = 1000
    /// RE2 allows 1000; the parser and the compiler recurse once a level, on any thread's stack.
    static let maxDepth = 250
    static let maxGroups = 1000

    /// What `(?imsU)` sets; Prometheus's patterns begin with `s` on.
    struct Flags {
        var foldCase = false
        var multiLine = false
        var dotNewline = true
        var swapGreed = false
    }

    let bytes: [UInt8]
    var offset = 0
    var flags = Flags()
    /// Name of each capturing group, the first being group 1.
    private(set) var groupNames: [String?] = []

    init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// Parses all of the pattern.
    mutating func parse() throws(PatternError) -> PatternNode {
        let node = try alternation(depth: 0)
        if offset < bytes.count { throw error(.unexpectedParen, 0..<bytes.count, at: offset) }
        return node
    }

    // Everything up to the end or a `)`, which stays.
    private mutating func alternation(depth: Int) throws(PatternError) -> PatternNode {
        guard depth < PatternParser.maxDepth else {
            throw error(.nestingTooDeep, 0..<bytes.count, at: offset)
        }
        var branches: [PatternNode] = []
        var row: [PatternNode] = []
        var repeatStart: Int?  // where the repetition began that ended just before `offset`
        while offset < bytes.count, bytes[offset] != UInt8(ascii: ")") {
            let start = offset
            switch bytes[offset] {
            case UInt8(ascii: "|"):
                offset += 1
                branches.append(PatternParser.joined(row))
                row.removeAll()
                repeatStart = nil
                continue
            case UInt8(ascii: "("):
                if let node = try group(depth: depth) { row.append(node) }
            case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
                guard let count = try repetition() else {
                    row.append(literal(UInt32(bytes[start])))
                    offset = start + 1
                    break
                }
                if let repeatStart {
                    throw error(.invalidRepeatOperator, repeatStart..<offset)
                }
                guard let body = row.popLast() else {
                    throw error(.missingRepeatArgument, start..<offset)
                }
                row.append(try repeated(body, count, start..<offset))
                repeatStart = start
                continue
            case UInt8(ascii: "\\"):
                if bytes[start...].starts(with: "\\Q".utf8) {
                    row += quoted()
                } else {
                    row.append(try escape())
                }
            default: row.append(try atom())
            }
            repeatStart = nil
        }
        branches.append(PatternParser.joined(row))
        return branches.count == 1 ? branches[0] : .alternate(branches)
    }

    private mutating func atom() throws(PatternError) -> PatternNode {
        switch bytes[offset] {
        case UInt8(ascii: "["): return .set(try characterClass())
        case UInt8(ascii: "."):
            offset += 1
            return .set(flags.dotNewline ? .any : .notNewline)
        case UInt8(ascii: "^"):
            offset += 1
            return .assertion(flags.multiLine ? .lineStart : .textStart)
        case UInt8(ascii: "$"):
            offset += 1
            return .assertion(flags.multiLine ? .lineEnd : .textEnd)
        default: return literal(scalar())
        }
    }

    private static func joined(_ row: [PatternNode]) -> PatternNode {
        switch row.count {
        case 0: .empty
        case 1: row[0]
        default: .concat(row)
        }
    }

    // MARK: Groups and flags

    // A group; nil when it was only flags such as `(?i)`.
    private mutating func group(depth: Int) throws(PatternError) -> PatternNode? {
        let start = offset
        let outer = flags
        offset += 1
        var index: Int?
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "?") {
            if let name = try groupName(start) {
                index = try newGroup(name)
            } else if try !flagGroup(start) {
                return nil
            }
        } else {
            index = try newGroup(nil)
        }
        let body = try alternation(depth: depth + 1)
        guard offset < bytes.count else { throw error(.missingParen, 0..<bytes.count, at: start) }
        offset += 1
        flags = outer
        return index.map { .group(body, index: $0) } ?? body
    }

    private mutating func newGroup(_ name: String?) throws(PatternError) -> Int {
        guard groupNames.count < PatternParser.maxGroups else {
            throw error(.tooLarge, 0..<bytes.count, at: offset)
        }
        groupNames.append(name)
        return groupNames.count
    }

    // `(?P<name>` or `(?<name>`; nil when it is neither.
    private mutating func groupName(_ start: Int) throws(PatternError) -> String? {
        let rest = bytes[start...]
        let head: Int
        if rest.starts(with: "(?P<".utf8) {
            head = 4
        } else if rest.starts(with: "(?<".utf8) {
            if rest.starts(with: "(?<=".utf8) || rest.starts(with: "(?<!".utf8) {
                throw error(.invalidPerlOperator, start..<start + 4)
            }
            head = 3
        } else {
            return nil
        }
        guard let end = rest.firstIndex(of: UInt8(ascii: ">")) else {
            throw error(.invalidNamedCapture, start..<bytes.count)
        }
        let name = bytes[start + head..<end]
        let text = String(decoding: name, as: UTF8.self)
        guard !name.isEmpty, name.allSatisfy(PatternParser.isWord), !groupNames.contains(text)
        else { throw error(.invalidNamedCapture, start..<end + 1) }
        offset = end + 1
        return text
    }

    // `(?flags)` sets them and returns false; `(?flags:` returns true with the body to come.
    private mutating func flagGroup(_ start: Int) throws(PatternError) -> Bool {
        offset += 1
        var value = true
        var seen = false
        while offset < bytes.count {
            let byte = bytes[offset]
            offset += 1
            switch byte {
            case UInt8(ascii: "i"): flags.foldCase = value
            case UInt8(ascii: "m"): flags.multiLine = value
            case UInt8(ascii: "s"): flags.dotNewline = value
            case UInt8(ascii: "U"): flags.swapGreed = value
            case UInt8(ascii: "-") where value:
                value = false
                seen = false
                continue
            case UInt8(ascii: ":"), UInt8(ascii: ")"):
                guard value || seen else {
                    throw error(.invalidPerlOperator, start..<offset)
                }
                return byte == UInt8(ascii: ":")
            default:
                offset -= 1
                _ = scalar()
                throw error(.invalidPerlOperator, start..<offset)
            }
            seen = true
        }
        throw error(.missingParen, 0..<bytes.count, at: start)
    }

    // MARK: Repetition

    private struct Count {
        let minimum: Int
        let maximum: Int?
        var greedy = true
    }

    // The operator at `offset`; nil when it is a `{` that does not count, which is then a literal.
    private mutating func repetition() throws(PatternError) -> Count? {
        let start = offset
        offset += 1
        var count: Count
        switch bytes[start] {
        case UInt8(ascii: "*"): count = Count(minimum: 0, maximum: nil)
        case UInt8(ascii: "+"): count = Count(minimum: 1, maximum: nil)
        case UInt8(ascii: "?"): count = Count(minimum: 0, maximum: 1)
        default:
            guard let minimum = number() else { return nil }
            var maximum: Int? = minimum
            if offset < bytes.count, bytes[offset] == UInt8(ascii: ",") {
                offset += 1
                maximum = number()
            }
            guard offset < bytes.count, bytes[offset] == UInt8(ascii: "}") else { return nil }
            offset += 1
            let limit = PatternParser.maxRepeat
            guard minimum <= limit, maximum.map({ $0 <= limit && $0 >= minimum }) ?? true else {
                throw error(.invalidRepeatSize, start..<offset)
            }
            count = Count(minimum: minimum, maximum: maximum)
        }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: "?") {
            offset += 1
            count.greedy = false
        }
        if flags.swapGreed { count.greedy.toggle() }
        return count
    }

    // Digits without a superfluous leading zero; large ones stay above the limit.
    private mutating func number() -> Int? {
        let start = offset
        var value = 0
        while offset < bytes.count, PatternParser.isDigit(bytes[offset]) {
            value = min(value * 10 + Int(bytes[offset] - 0x30), 100_000)
            offset += 1
        }
        if offset == start || (bytes[start] == 0x30 && offset > start + 1) { return nil }
        return value
    }

    private func repeated(
        _ body: PatternNode,
        _ count: Count,
        _ range: Range<Int>
    ) throws(PatternError) -> PatternNode {
        let node = PatternNode.repeated(
            body,
            minimum: count.minimum,
            maximum: count.maximum,
            greedy: count.greedy
        )
        let isCounted = bytes[range.lowerBound] == UInt8(ascii: "{")
        if isCounted, node.repeatFactor > PatternParser.maxRepeat {
            throw error(.invalidRepeatSize, range)
        }
        return node
    }

    // MARK: Letters

    /// The node of one scalar, with its other case when `(?i)` is on.
    func literal(_ scalar: UInt32) -> PatternNode {
        guard Unicode.Scalar(scalar) != nil else { return .set(ScalarSet()) }
        guard flags.foldCase else { return .scalar(scalar) }
        let folded = ScalarSet(scalar).folded
        return folded.size == 1 ? .scalar(scalar) : .set(folded)
    }

    /// Takes the scalar at `offset`; the bytes come from a String and are valid UTF-8.
    mutating func scalar() -> UInt32 {
        let first = bytes[offset]
        let length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
        var value = length == 1 ? UInt32(first) : UInt32(first) & (0x7f >> UInt32(length))
        for index in 1..<max(length, 1) where index < length {
            value = value << 6 | UInt32(bytes[offset + index] & 0x3f)
        }
        offset += length
        return value
    }

    // `\Q…\E`, or to the end of the pattern.
    private mutating func quoted() -> [PatternNode] {
        offset += 2
        var row: [PatternNode] = []
        while offset < bytes.count {
            if bytes[offset...].starts(with: "\\E".utf8) {
                offset += 2
                break
            }
            row.append(literal(scalar()))
        }
        return row
    }

    func error(
        _ reason: PatternError.Reason,
        _ range: Range<Int>,
        at offset: Int? = nil
    ) -> PatternError {
        PatternError(
            reason: reason,
            offset: offset ?? range.lowerBound,
            part: String(decoding: bytes[range], as: UTF8.self)
        )
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    static func isWord(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte == 0x5f || (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a
    }
}
