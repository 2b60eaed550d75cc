// One rule of a relabelling table, as Prometheus's configuration states it:
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#relabel_config

/// A rule; its defaults are Prometheus's.
public struct RelabelRule: Sendable, Hashable {
    /// What a rule does.
    public enum Action: String, Sendable, CaseIterable {
        /// Writes the replacement to the target where the regex matches the sources.
        case replace
        /// Drops what does not match.
        case keep
        /// Drops what matches.
        case drop
        /// Drops where the sources are not what the target label holds.
        case keepEqual = "keepequal"
        /// Drops where the sources are what the target label holds.
        case dropEqual = "dropequal"
        /// Writes the sources' hash modulo `modulus` to the target.
        case hashMod = "hashmod"
        /// Copies labels whose names match to the names that the replacement gives.
        case labelMap = "labelmap"
        /// Removes labels whose names match.
        case labelDrop = "labeldrop"
        /// Removes labels whose names do not match.
        case labelKeep = "labelkeep"
        /// Writes the sources in lower case to the target.
        case lowercase
        /// Writes the sources in upper case to the target.
        case uppercase

        /// The action of a configuration's word, which may be in any case.
        public init?(word: String) {
            self.init(rawValue: word.lowercased())
        }
    }

    /// The labels whose values, joined by `separator`, the rule looks at.
    public var sourceLabels: [String] = []
    /// Stands between the values of several source labels.
    public var separator = ";"
    /// Must match the whole of the sources, or of a label's name; `.` matches newlines too.
    public var regex = RelabelRule.standardRegex
    /// Of `hashmod`.
    public var modulus: UInt64 = 0
    /// Where the result goes; of `replace` a template, too.
    public var targetLabel = ""
    /// A template with `$1`, `${1}`, `${name}` and `$$`.
    public var replacement = RelabelRule.standardReplacement
    /// What the rule does.
    public var action = Action.replace

    static let standardRegex = "(.*)"
    static let standardReplacement = "$1"
    static let standardSeparator = ";"

    /// Starts with the defaults, to which a `replace` rule must add at least its target.
    public init() {}
}

/// Which names labels may have.
public enum LabelNameScheme: Sendable, Hashable {
    /// Any UTF-8, as in Prometheus 3.
    case utf8
    /// `[a-zA-Z_][a-zA-Z0-9_]*`.
    case legacy

    /// Whether the name is allowed; an empty one never is.
    public func allows(_ name: borrowing Span<UInt8>) -> Bool {
        if name.isEmpty { return false }
        if self == .utf8 { return true }
        for index in 0..<name.count {
            let byte = name[index]
            let isLetter = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            guard isLetter || byte == UInt8(ascii: "_") || isDigit && index > 0 else {
                return false
            }
        }
        return true
    }
}
