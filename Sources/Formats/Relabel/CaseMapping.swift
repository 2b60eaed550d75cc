// Upper and lower case one scalar at a time, as Go's strings.ToUpper and ToLower map them: the simple
// mappings of UnicodeData.txt, where the standard library has the full ones ("ß" stays, no "SS").

enum CaseMapping {
    /// Adds `source` in lower case.
    static func lower(_ source: borrowing Span<UInt8>, to result: inout [UInt8]) {
        map(source, to: &result, ascii: { $0 >= 0x41 && $0 <= 0x5a ? $0 | 0x20 : $0 }) {
            // The one scalar whose full mapping has two scalars and whose simple one differs.
            $0 == "\u{130}" ? "i" : only($0.properties.lowercaseMapping) ?? $0
        }
    }

    /// Adds `source` in upper case.
    static func upper(_ source: borrowing Span<UInt8>, to result: inout [UInt8]) {
        map(source, to: &result, ascii: { $0 >= 0x61 && $0 <= 0x7a ? $0 & 0x5f : $0 }) {
            only($0.properties.uppercaseMapping) ?? titlecase($0)
        }
    }

    // Greek letters with an iota subscript: in full upper case the iota is a letter of its own.
    private static func titlecase(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0x1f80...0x1f87, 0x1f90...0x1f97, 0x1fa0...0x1fa7:
            Unicode.Scalar(scalar.value + 8) ?? scalar
        case 0x1fb3, 0x1fc3, 0x1ff3: Unicode.Scalar(scalar.value + 9) ?? scalar
        default: scalar
        }
    }

    private static func only(_ text: String) -> Unicode.Scalar? {
        let scalars = text.unicodeScalars
        return scalars.count == 1 ? scalars.first : nil
    }

    private static func map(
        _ source: borrowing Span<UInt8>,
        to result: inout [UInt8],
        ascii: (UInt8) -> UInt8,
        other: (Unicode.Scalar) -> Unicode.Scalar
    ) {
        var index = 0
        while index < source.count {
            if source[index] < 0x80 {
                result.append(ascii(source[index]))
                index += 1
                continue
            }
            var bytes: [UInt8] = []
            repeat {
                bytes.append(source[index])
                index += 1
            } while index < source.count && source[index] & 0xc0 == 0x80
            for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
                result.append(contentsOf: String(other(scalar)).utf8)
            }
        }
    }
}
