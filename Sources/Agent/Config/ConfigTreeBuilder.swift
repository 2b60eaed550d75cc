// The file and its overrides as one tree, each value with the place that it comes from, texts expanded.
internal import Formats

/// A value of the tree.
struct ConfigItem: Equatable {
    enum Value: Equatable {
        /// `written` is the text before `${NAME}` was expanded: the only form that is shown.
        case string(String, written: String)
        case integer(Int64)
        case float(Double)
        case boolean(Bool)
        case dateTime(TOMLDateTime)
        case array([ConfigItem])
        case table([ConfigEntry])
    }

    var value: Value
    var origin: ConfigOrigin
    /// The text of an override as it came: a text key takes it even when it reads as a number.
    var raw: String?
}

/// A key of the tree with its value.
struct ConfigEntry: Equatable {
    var key: String
    var origin: ConfigOrigin
    var item: ConfigItem
}

/// Turns TOML into the tree and expands `${NAME}` and `${NAME:-default}` in its strings.
struct ConfigTreeBuilder {
    /// Names that belong to the texts themselves: `${1}` is a group of a regular expression.
    static let unexpanded: Set<String> = ["regex", "replacement", "target_label"]

    let environment: [String: String]
    let file: String
    var problems: [ConfigProblem] = []

    /// The entries of a table of the file.
    mutating func entries(_ table: TOMLTable, under path: String = "") -> [ConfigEntry] {
        table.entries.map { entry in
            let path = ConfigPath.join(path, entry.key)
            return ConfigEntry(
                key: entry.key,
                origin: .file(entry.keyPosition),
                item: item(entry.item, path, .file(entry.item.position), expands(entry.key))
            )
        }
    }

    /// An override, whose text is not expanded: what brought it could have done that itself.
    mutating func override(_ text: String, _ origin: ConfigOrigin) -> ConfigItem {
        guard let parsed = try? TOMLDocument.parseValue(Array(text.utf8)) else {
            return ConfigItem(value: .string(text, written: text), origin: origin, raw: text)
        }
        var item = item(parsed, "", origin, false, fixed: true)
        item.raw = text
        return item
    }

    private func expands(_ key: String) -> Bool { !ConfigTreeBuilder.unexpanded.contains(key) }

    // `fixed`: every value below has the origin of the whole, as positions inside an override mean
    // nothing to the reader of a message.
    private mutating func item(
        _ item: TOMLItem,
        _ path: String,
        _ origin: ConfigOrigin,
        _ expand: Bool,
        fixed: Bool = false
    ) -> ConfigItem {
        let value: ConfigItem.Value
        switch item.value {
        case .string(let text):
            value = .string(expand ? expanded(text, path, origin) : text, written: text)
        case .integer(let number): value = .integer(number)
        case .float(let number): value = .float(number)
        case .boolean(let flag): value = .boolean(flag)
        case .dateTime(let time): value = .dateTime(time)
        case .array(let items):
            var array: [ConfigItem] = []
            for (index, element) in items.enumerated() {
                array.append(
                    self.item(
                        element,
                        "\(path)[\(index)]",
                        fixed ? origin : .file(element.position),
                        expand,
                        fixed: fixed
                    )
                )
            }
            value = .array(array)
        case .table(let table):
            var entries: [ConfigEntry] = []
            for entry in table.entries {
                entries.append(
                    ConfigEntry(
                        key: entry.key,
                        origin: fixed ? origin : .file(entry.keyPosition),
                        item: self.item(
                            entry.item,
                            ConfigPath.join(path, entry.key),
                            fixed ? origin : .file(entry.item.position),
                            expand && expands(entry.key),
                            fixed: fixed
                        )
                    )
                )
            }
            value = .table(entries)
        }
        return ConfigItem(value: value, origin: origin)
    }

    private mutating func expanded(
        _ text: String,
        _ path: String,
        _ origin: ConfigOrigin
    ) -> String {
        do throws(ExpansionError) {
            return try Expansion.expand(text, environment)
        } catch {
            problems.append(
                ConfigProblem(file: file, origin: origin, key: path, text: error.description)
            )
            return text
        }
    }
}

/// Joins the parts of a key as messages write it.
enum ConfigPath {
    static func join(_ path: String, _ key: String) -> String {
        let key = TOMLDocument.quotedKey(key)
        return path.isEmpty ? key : "\(path).\(key)"
    }
}
