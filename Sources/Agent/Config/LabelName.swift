// Which names labels and headers may have.

/// Checks names by their bytes.
enum LabelName {
    /// `[a-zA-Z_][a-zA-Z0-9_]*`.
    static func isValid(_ name: String) -> Bool {
        guard let first = name.utf8.first, !isDigit(first) else { return false }
        return name.utf8.allSatisfy { isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "_") }
    }

    /// A field name of RFC 9110 section 5.1: one or more token characters.
    static func isHeader(_ name: String) -> Bool {
        !name.isEmpty
            && name.utf8.allSatisfy {
                isLetter($0) || isDigit($0) || "!#$%&'*+-.^_`|~".utf8.contains($0)
            }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
