// The configuration as `/api/v1/status/config` shows it: what was set, from wherever, without secrets.
internal import Formats

/// Writes the tree as TOML.
///
/// Secrets are left out by key, user and password of URLs by form, and whatever came from `${NAME}`
/// by showing the text before it was expanded.
struct ConfigText {
    /// What stands for a secret.
    static let secret = "<secret>"
    /// Keys whose values are secrets, and tables all of whose values are.
    private static let secretKeys: Set<String> = [
        "password", "credentials", "secrets", "secret_access_key",
    ]
    private static let secretTables: Set<String> = ["http_headers", "headers"]

    private var text = ""

    /// The text of a tree; empty when nothing was set.
    static func write(_ root: [ConfigEntry]) -> String {
        var writer = ConfigText()
        writer.topLevel(root)
        return writer.text
    }

    private mutating func topLevel(_ root: [ConfigEntry]) {
        // Values of the top level come first, or they would belong to the table above them.
        values(root.filter { !ConfigText.hasHeader($0.item) })
        for entry in root where ConfigText.hasHeader(entry.item) {
            let name = TOMLDocument.quotedKey(entry.key)
            if case .table(let below) = entry.item.value {
                header("[\(name)]")
                values(below)
            }
            for item in entry.item.items {
                header("[[\(name)]]")
                values(item.entries)
            }
        }
    }

    private mutating func values(_ entries: [ConfigEntry]) {
        for entry in entries {
            let value = ConfigText.value(entry.item, entry.key, hidden: false)
            text += "\(TOMLDocument.quotedKey(entry.key)) = \(value)\n"
        }
    }

    private mutating func header(_ line: String) {
        text += text.isEmpty ? "\(line)\n" : "\n\(line)\n"
    }

    // Whether an item of the top level gets a header of its own.
    private static func hasHeader(_ item: ConfigItem) -> Bool {
        switch item.value {
        case .table: true
        case .array(let items):
            !items.isEmpty
                && items.allSatisfy {
                    if case .table = $0.value { true } else { false }
                }
        default: false
        }
    }

    private static func value(_ item: ConfigItem, _ key: String, hidden: Bool) -> String {
        let hidden = hidden || secretKeys.contains(key)
        switch item.value {
        case .string(_, let written):
            // An unset secret is worth knowing.
            return TOMLDocument.quotedString(
                hidden && !written.isEmpty ? secret : withoutUser(written)
            )
        case .integer(let number): return hidden ? "\"\(secret)\"" : "\(number)"
        case .float(let number): return hidden ? "\"\(secret)\"" : float(number)
        case .boolean(let flag): return "\(flag)"
        case .dateTime: return "\"\(secret)\""
        case .array(let items):
            return "[" + items.map { value($0, key, hidden: hidden) }.joined(separator: ", ") + "]"
        case .table(let entries):
            let hidden = hidden || secretTables.contains(key)
            let parts = entries.map { entry in
                TOMLDocument.quotedKey(entry.key) + " = "
                    + value(entry.item, entry.key, hidden: hidden)
            }
            return parts.isEmpty ? "{}" : "{ " + parts.joined(separator: ", ") + " }"
        }
    }

    private static func float(_ number: Double) -> String {
        if number.isNaN { return "nan" }
        if number.isInfinite { return number < 0 ? "-inf" : "inf" }
        return "\(number)"
    }

    /// A URL without `user:password@`; any other text as it is.
    static func withoutUser(_ text: String) -> String {
        let bytes = Array(text.utf8)
        let mark = Array("://".utf8)
        guard let scheme = bytes.indices.first(where: { bytes[$0...].starts(with: mark) }) else {
            return text
        }
        let start = scheme + mark.count
        let end =
            bytes[start...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") }
            ?? bytes.count
        guard let at = bytes[start..<end].lastIndex(of: UInt8(ascii: "@")) else { return text }
        return String(decoding: bytes[..<start], as: UTF8.self) + secret
            + String(decoding: bytes[at...], as: UTF8.self)
    }
}
