// Why a relabelling rule is refused: the conditions under which Prometheus refuses its configuration.
public import Model

/// What is wrong with one rule of a table.
public struct RelabelError: Error, Equatable {
    /// What is wrong.
    public enum Reason: Sendable, Equatable {
        case regex(PatternError)
        case noTarget(RelabelRule.Action)
        case badTarget(RelabelRule.Action, String)
        case badSource(String)
        case badReplacement(String)
        case noModulus
        /// A field that the action does not know; the others are those that it does.
        case notAllowed(RelabelRule.Action, key: String, only: String)
    }

    /// The place of the rule in its table, from 0.
    public let rule: Int
    /// What is wrong.
    public let reason: Reason

    /// The key of the rule that has to be changed.
    public var key: String {
        switch reason {
        case .regex: "regex"
        case .noTarget, .badTarget: "target_label"
        case .badSource: "source_labels"
        case .badReplacement: "replacement"
        case .noModulus: "modulus"
        case .notAllowed(_, let key, _): key
        }
    }

    /// What is wrong and what to do, without the key.
    public var text: String {
        switch reason {
        case .regex(let error): "\(error); mend the pattern"
        case .noTarget(let action):
            "is missing; name the label that the \(action.rawValue) rule is about"
        case .badTarget(let action, let name):
            "\"\(name)\" is no label name for a \(action.rawValue) rule; write letters, digits and _"
        case .badSource(let name): "\"\(name)\" is no label name; write the name of a label"
        case .badReplacement(let name):
            "\"\(name)\" makes no label names; write a name such as \"$1\""
        case .noModulus: "is missing or 0; a hashmod rule divides by it, write the number of shards"
        case .notAllowed(let action, _, let only):
            "cannot be set for a \(action.rawValue) rule, which has only \(only); remove it"
        }
    }
}

extension RelabelError: CustomStringConvertible {
    /// `rule 2: target_label: is missing; …`, rules counted from 1.
    public var description: String { "rule \(rule + 1): \(key): \(text)" }
}

extension RelabelRule {
    /// What Prometheus would refuse about the rule apart from its regex, nil when nothing.
    func problem(_ scheme: LabelNameScheme) -> RelabelError.Reason? {
        for name in sourceLabels where !scheme.allows(name.utf8.span) { return .badSource(name) }
        switch action {
        case .keep, .drop: return nil
        case .replace:
            if targetLabel.isEmpty { return .noTarget(action) }
            return scheme.allowsTemplate(targetLabel) ? nil : .badTarget(action, targetLabel)
        case .hashMod:
            if modulus == 0 { return .noModulus }
            return targetProblem(scheme)
        case .lowercase, .uppercase:
            if replacement != RelabelRule.standardReplacement {
                return .notAllowed(
                    action,
                    key: "replacement",
                    only: "source_labels, separator and target_label"
                )
            }
            return targetProblem(scheme)
        case .keepEqual, .dropEqual:
            if let problem = targetProblem(scheme) { return problem }
            return firstSet([.regex, .modulus, .separator, .replacement]).map {
                .notAllowed(action, key: $0, only: "source_labels and target_label")
            }
        case .labelMap:
            return scheme.allowsTemplate(replacement) ? nil : .badReplacement(replacement)
        case .labelDrop, .labelKeep:
            return firstSet([.sourceLabels, .targetLabel, .modulus, .separator, .replacement]).map {
                .notAllowed(action, key: $0, only: "regex")
            }
        }
    }

    private func targetProblem(_ scheme: LabelNameScheme) -> RelabelError.Reason? {
        if targetLabel.isEmpty { return .noTarget(action) }
        return scheme.allows(targetLabel.utf8.span) ? nil : .badTarget(action, targetLabel)
    }

    private enum Field: String {
        case sourceLabels = "source_labels"
        case targetLabel = "target_label"
        case separator, regex, modulus, replacement
    }

    // The key of the first field that differs from its default.
    private func firstSet(_ fields: [Field]) -> String? {
        fields.first { field in
            switch field {
            case .sourceLabels: !sourceLabels.isEmpty
            case .targetLabel: !targetLabel.isEmpty
            case .separator: separator != RelabelRule.standardSeparator
            case .regex: regex != RelabelRule.standardRegex
            case .modulus: modulus != 0
            case .replacement: replacement != RelabelRule.standardReplacement
            }
        }?.rawValue
    }
}

extension LabelNameScheme {
    // Of the legacy scheme: `^(?:(?:[a-zA-Z_]|\$(?:\{\w+\}|\w+))+\w*)+$`, a name in which groups may
    // stand. In UTF-8 every text is a name.
    func allowsTemplate(_ name: String) -> Bool {
        if self == .utf8 { return !name.isEmpty }
        let bytes = name.utf8.span
        var index = 0
        // A digit may not come first; behind a group anything may.
        var isFirst = true
        while index < bytes.count {
            guard bytes[index] == UInt8(ascii: "$") else {
                let isPlain = isFirst ? isLetter(bytes[index]) : isWord(bytes[index])
                guard isPlain else { return false }
                index += 1
                isFirst = false
                continue
            }
            index += 1
            let isBraced = index < bytes.count && bytes[index] == UInt8(ascii: "{")
            if isBraced { index += 1 }
            let start = index
            while index < bytes.count, isWord(bytes[index]) { index += 1 }
            guard index > start else { return false }
            if isBraced {
                guard index < bytes.count, bytes[index] == UInt8(ascii: "}") else { return false }
                index += 1
            }
            isFirst = false
        }
        return !isFirst
    }

    private func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte == UInt8(ascii: "_")
    }

    private func isWord(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
