// TOML 1.0 from the specification: https://toml.io/en/v1.0.0 and its toml.abnf

/// Reads TOML 1.0.
public enum TOMLDocument {
    /// Reads a whole document.
    /// - Throws: the first thing that is wrong, with its line and column.
    public static func parse(_ bytes: [UInt8]) throws(TOMLError) -> TOMLTable {
        var parser = try TOMLParser(bytes)
        return try parser.document()
    }

    /// Reads one value that is all of `bytes`, such as the right side of `--set key=value`.
    /// - Throws: what is wrong; positions count from the value's begin.
    public static func parseValue(_ bytes: [UInt8]) throws(TOMLError) -> TOMLItem {
        var parser = try TOMLParser(bytes)
        let item = try parser.value(depth: 1)
        parser.skipBlanks()
        guard parser.at == bytes.count else { throw parser.unexpected("nothing after the value") }
        return item
    }

    /// Reads one dotted key that is all of `bytes`, such as the left side of `--set key=value`.
    /// - Throws: what is wrong; positions count from the key's begin.
    public static func parseKey(_ bytes: [UInt8]) throws(TOMLError) -> [String] {
        var parser = try TOMLParser(bytes)
        let parts = try parser.key()
        guard parser.at == bytes.count else { throw parser.unexpected("nothing after the key") }
        return parts.map(\.text)
    }

    /// The key as it is written in a document: bare where that is allowed, else quoted.
    public static func quotedKey(_ key: String) -> String {
        if !key.isEmpty, key.utf8.allSatisfy(TOMLParser.isBareKey) { return key }
        return quotedString(key)
    }

    /// The text as a basic string, with quotes.
    public static func quotedString(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case "\r": quoted += "\\r"
            case "\0"..<" ", "\u{7f}":
                let digits = String(scalar.value, radix: 16, uppercase: true)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
