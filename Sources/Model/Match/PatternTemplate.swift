// The replacement text of relabelling rules: Go's regexp.Expand.

/// A text with `$1`, `${1}`, `$name`, `${name}` and `$$`, split once and filled in often.
public struct PatternTemplate: Sendable, Hashable {
    private enum Piece: Sendable, Hashable {
        case text(String)
        case group(Int)
    }

    /// The template as it was written.
    public let text: String
    private let pieces: [Piece]

    /// Splits the template.
    ///
    /// Names that `pattern` has not stand for nothing, as in Go.
    public init(_ text: String, for pattern: Pattern) {
        self.text = text
        let bytes = Array(text.utf8)
        var pieces: [Piece] = []
        var literal: [UInt8] = []
        var offset = 0
        while offset < bytes.count {
            guard bytes[offset] == UInt8(ascii: "$") else {
                literal.append(bytes[offset])
                offset += 1
                continue
            }
            if offset + 1 < bytes.count, bytes[offset + 1] == UInt8(ascii: "$") {
                literal.append(UInt8(ascii: "$"))
                offset += 2
                continue
            }
            guard let (name, end) = PatternTemplate.name(bytes, offset) else {
                literal.append(UInt8(ascii: "$"))
                offset += 1
                continue
            }
            if !literal.isEmpty {
                pieces.append(.text(String(decoding: literal, as: UTF8.self)))
                literal.removeAll()
            }
            if let group = PatternTemplate.group(bytes[name], pattern) {
                pieces.append(.group(group))
            }
            offset = end
        }
        if !literal.isEmpty { pieces.append(.text(String(decoding: literal, as: UTF8.self))) }
        self.pieces = pieces
    }

    /// Whether the template is the same text for every match.
    public var isConstant: Bool {
        pieces.allSatisfy { if case .text = $0 { true } else { false } }
    }

    /// Fills in what `captures`, from `Pattern.captures(_:)` of `source`, found.
    public func expand(_ captures: [Range<Int>?], of source: String) -> String {
        var result = ""
        let utf8 = source.utf8
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .group(let group):
                guard group < captures.count, let range = captures[group] else { continue }
                let from = utf8.index(utf8.startIndex, offsetBy: range.lowerBound)
                let to = utf8.index(utf8.startIndex, offsetBy: range.upperBound)
                result += source[from..<to]
            }
        }
        return result
    }

    // The name after the `$` at `start` and where it ends; nil when the `$` is only a dollar.
    private static func name(_ bytes: [UInt8], _ start: Int) -> (Range<Int>, Int)? {
        let isBraced = start + 1 < bytes.count && bytes[start + 1] == UInt8(ascii: "{")
        let from = start + (isBraced ? 2 : 1)
        var to = from
        while to < bytes.count, PatternParser.isWord(bytes[to]) { to += 1 }
        guard to > from else { return nil }
        if isBraced {
            guard to < bytes.count, bytes[to] == UInt8(ascii: "}") else { return nil }
            return (from..<to, to + 1)
        }
        return (from..<to, to)
    }

    // `$1x` asks for a group named "1x"; a number has no leading zero.
    private static func group(_ name: ArraySlice<UInt8>, _ pattern: Pattern) -> Int? {
        let text = String(decoding: name, as: UTF8.self)
        if name.allSatisfy(PatternParser.isDigit), name.count == 1 || name.first != 0x30 {
            return name.count <= 8 ? Int(text) : nil
        }
        return pattern.groupNames.firstIndex { $0 == text }.map { $0 + 1 }
    }
}
