// The tables of relabelling rules: `write_relabel_configs` and those of scrape jobs have one shape.
internal import Formats

/// The keys of one rule.
enum RelabelSection {
    static let keys: [ConfigKey<RelabelRule>] = [
        .texts("source_labels", \.sourceLabels),
        .text("separator", \.separator),
        .text("regex", \.regex),
        .number("modulus", \.modulusNumber, 0...(.max)),
        .text("target_label", \.targetLabel),
        .text("replacement", \.replacement),
        ConfigKey("action") { reader, item, path, rule in
            if let action = reader.relabelAction(item, path) { rule.action = action }
        },
    ]
}

extension RelabelRule {
    // The numbers of TOML have a sign.
    fileprivate var modulusNumber: Int64 {
        get { Int64(clamping: modulus) }
        set { modulus = UInt64(clamping: newValue) }
    }
}

extension ConfigReader {
    /// The action of a word, which may be in any case.
    fileprivate mutating func relabelAction(
        _ item: ConfigItem,
        _ path: String
    ) -> RelabelRule.Action? {
        guard let text = text(item, path) else { return nil }
        if let action = RelabelRule.Action(word: text) { return action }
        let words = RelabelRule.Action.allCases.map(\.rawValue)
        let hint =
            NearestName.find(text.lowercased(), in: words).map { "did you mean \"\($0)\"?" }
            ?? "there are \(words.map { "\"\($0)\"" }.joined(separator: ", "))"
        note(item.origin, path, "\"\(text)\" is no action; \(hint)")
        return nil
    }
}
