// A text that is not PromQL, and where it stops being so.

/// Why a text is not PromQL, worded as Prometheus does: `1:5: parse error: unexpected …`.
public struct PromQLError: Error, Hashable {
    /// From 1.
    public let line: Int
    /// From 1, in bytes.
    public let column: Int
    /// What is wrong, without the place.
    public let text: String

    init(_ text: String, at offset: Int, in bytes: [UInt8]) {
        (line, column) = SourcePosition.of(offset, in: bytes)
        self.text = text
    }
}

extension PromQLError: CustomStringConvertible {
    public var description: String { "\(line):\(column): parse error: \(text)" }
}

/// Lines and columns, both from 1.
enum SourcePosition {
    static func of(_ offset: Int, in bytes: [UInt8]) -> (line: Int, column: Int) {
        var line = 1
        var lineStart = 0
        for place in 0..<min(offset, bytes.count) where bytes[place] == UInt8(ascii: "\n") {
            line += 1
            lineStart = place + 1
        }
        return (line, offset - lineStart + 1)
    }
}
