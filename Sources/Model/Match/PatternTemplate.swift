// The replacement text of relabelling rules: Go's regexp.Expand.

/// A text with `$1`, `${1}`, `$name`, `${name}` and `$$`, split once and filled in often.
public struct PatternTemplate: Sendable, Hashable {
    private enum Piece: Sendable, Hashable {
        case text([UInt8])
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
                pieces.append(.text(literal))
                literal.removeAll()
            }
            if let group = PatternTemplate.group(bytes[name], pattern) {
                pieces.append(.group(group))
            }
            offset = end
        }
        if !literal.isEmpty { pieces.append(.text(literal)) }
        self.pieces = pieces
    }

    /// Whether the template is the same text for every match.
    public var isConstant: Bool {
        pieces.allSatisfy { if case .text = $0 { true } else { false } }
    }

    /// Fills in what `captures`, from `Pattern.captures(_:)` of `source`, found.
    public func expand(_ captures: [Range<Int>?], of source: String) -> String {
        var result: [UInt8] = []
        let utf8 = source.utf8.span
        for piece in pieces {
            switch piece {
            case .text(let text): result += text
            case .group(let group):
                guard group < captures.count, let range = captures[group] else { continue }
                for index in range { result.append(utf8[index]) }
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Adds to `result` what `captures`, from `Pattern.captures(_:into:)` of `source`, found.
    public func expand(
        _ captures: PatternCaptures,
        of source: borrowing Span<UInt8>,
        into result: inout [UInt8]
    ) {
        for piece in pieces {
            switch piece {
            case .text(let text): result.append(contentsOf: text)
            case .group(let group):
                guard let range = captures[group] else { continue }
                for index in range { result.append(source[index]) }
            }
        }
    }

    // The name after the `$` at `start` and where it ends; nil when the `$` is only a dollar.
    private static func name(_ bytes: [UInt8], _ start: Int) -> (Range<Int>, Int)? {
        let isBraced = start + 1 < bytes.count && bytes[start + 1] == UInt8(ascii: "{")
        let from = start + (isBraced ? 2 : 1)
        let to = nameEnd(bytes, from)
        guard to > from else { return nil }
        if isBraced {
            guard to < bytes.count, bytes[to] == UInt8(ascii: "}") else { return nil }
            return (from..<to, to + 1)
        }
        return (from..<to, to)
    }

    // Letters and digits of any script are part of a name, although no group can be named so.
    private static func nameEnd(_ bytes: [UInt8], _ from: Int) -> Int {
        var to = from
        while to < bytes.count {
            let count = bytes[to] < 0x80 ? 1 : bytes[to] < 0xe0 ? 2 : bytes[to] < 0xf0 ? 3 : 4
            let next = min(bytes.count, to + count)
            let scalars = String(decoding: bytes[to..<next], as: UTF8.self).unicodeScalars
            guard let scalar = scalars.first else { break }
            switch scalar.properties.generalCategory {
            case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter,
                .otherLetter, .decimalNumber:
                break
            default: if scalar != "_" { return to }
            }
            to = next
        }
        return to
    }

    // `$1x` asks for a group named "1x"; a number has no leading zero and at most nine digits.
    private static func group(_ name: ArraySlice<UInt8>, _ pattern: Pattern) -> Int? {
        let text = String(decoding: name, as: UTF8.self)
        if name.allSatisfy(PatternParser.isDigit), name.count == 1 || name.first != 0x30,
            name.count <= 9
        {
            return Int(text)
        }
        return pattern.groupNames.firstIndex { $0 == text }.map { $0 + 1 }
    }
}
