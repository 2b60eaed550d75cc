// What stands above the file: environment variables, then `--set`.
internal import Formats

/// Lays overrides over the tree of the file.
struct ConfigOverrides {
    /// Variables that begin like settings and are none.
    static let notSettings: Set<String> = ["TSDB_API_TOKEN"]

    var root: [ConfigEntry]
    var builder: ConfigTreeBuilder
    var warnings: [String] = []

    /// Applies every `TSDB_…` variable; what names no key becomes a warning.
    mutating func apply(environment: [String: String]) {
        var known: [String: [String]] = [:]
        for path in ConfigNames.settable { known[ConfigNames.variable(path)] = path }
        for name in environment.keys.sorted() where name.hasPrefix("TSDB_") {
            if ConfigOverrides.notSettings.contains(name) { continue }
            guard let path = known[name] else {
                let near = NearestName.find(name, in: known.keys.sorted())
                let hint = near.map { "did you mean \($0)?" } ?? "it names no key"
                warnings.append("environment \(name): unknown variable, ignored; \(hint)")
                continue
            }
            let origin = ConfigOrigin.environment(name)
            set(path, builder.override(environment[name] ?? "", origin), origin)
        }
    }

    /// Applies one `--set key=value`.
    mutating func apply(option: String) {
        let text = Array(option.utf8)
        guard let equals = text.firstIndex(of: UInt8(ascii: "=")), equals > 0 else {
            note(.option(option), "", "has no value; write --set section.key=value")
            return
        }
        let name = String(decoding: text[..<equals], as: UTF8.self)
        let origin = ConfigOrigin.option(name)
        guard let path = try? TOMLDocument.parseKey(Array(name.utf8)) else {
            note(origin, "", "is not a key; write --set section.key=value")
            return
        }
        let value = String(decoding: text[(equals + 1)...], as: UTF8.self)
        set(path, builder.override(value, origin), origin)
    }

    private mutating func set(_ path: [String], _ item: ConfigItem, _ origin: ConfigOrigin) {
        guard ConfigOverrides.set(&root, path[...], item, origin) else {
            note(origin, path.joined(separator: "."), "lies inside a value that is not a table")
            return
        }
    }

    private mutating func note(_ origin: ConfigOrigin, _ key: String, _ text: String) {
        builder.problems.append(
            ConfigProblem(file: builder.file, origin: origin, key: key, text: text)
        )
    }

    // False when something other than a table is in the way.
    private static func set(
        _ entries: inout [ConfigEntry],
        _ path: ArraySlice<String>,
        _ item: ConfigItem,
        _ origin: ConfigOrigin
    ) -> Bool {
        guard let key = path.first else { return false }
        let place = entries.firstIndex { $0.key == key }
        if path.count == 1 {
            let entry = ConfigEntry(key: key, origin: origin, item: item)
            if let place { entries[place] = entry } else { entries.append(entry) }
            return true
        }
        var below: [ConfigEntry] = []
        if let place {
            guard case .table(let there) = entries[place].item.value else { return false }
            below = there
        }
        guard set(&below, path.dropFirst(), item, origin) else { return false }
        if let place {
            entries[place].item.value = .table(below)
        } else {
            let table = ConfigItem(value: .table(below), origin: origin)
            entries.append(ConfigEntry(key: key, origin: origin, item: table))
        }
        return true
    }
}
