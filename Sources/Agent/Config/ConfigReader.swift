// Reads the items of the tree into typed values and collects everything that is wrong with them.
internal import Formats
internal import Model
internal import Platform

/// Collects problems; every reading function answers nil after noting one.
struct ConfigReader {
    /// The file's name for messages.
    let file: String
    /// What relative paths start from; empty means the working directory.
    let directory: String
    private(set) var problems: [ConfigProblem] = []

    init(file: String, directory: String) {
        self.file = file
        self.directory = directory
    }

    /// Notes that something is wrong with `path` at `origin`: what, and what to do.
    mutating func note(_ origin: ConfigOrigin, _ path: String, _ text: String) {
        problems.append(ConfigProblem(file: file, origin: origin, key: path, text: text))
    }

    /// A path as the program takes it.
    func resolved(_ path: String) -> String {
        if path.isEmpty || path.hasPrefix("/") || directory.isEmpty { return path }
        return FilePath.join(directory, path)
    }

    // MARK: Tables

    /// Reads the known keys of a table; every other key is a problem.
    mutating func table<Section>(
        _ item: ConfigItem,
        _ path: String,
        _ keys: [ConfigKey<Section>],
        _ section: inout Section
    ) {
        guard case .table(let entries) = item.value else {
            wrongType(item, path, "write a table of keys")
            return
        }
        for entry in entries {
            let full = ConfigPath.join(path, entry.key)
            if let key = keys.first(where: { $0.name.name == entry.key }) {
                key.read(&self, entry.item, full, &section)
            } else {
                note(entry.origin, full, unknown(entry.key, path, keys.map(\.name.name)))
            }
        }
    }

    private func unknown(_ key: String, _ path: String, _ siblings: [String]) -> String {
        if let near = NearestName.find(key, in: siblings) {
            return "unknown key; did you mean \(near)?"
        }
        let elsewhere = ConfigNames.paths(endingIn: key).filter { $0 != path }
        if let place = elsewhere.first { return "unknown key here; did you mean \(place)?" }
        return "unknown key; remove it, or see agent.toml.example for those that there are"
    }

    mutating func array(_ item: ConfigItem, _ path: String) -> [ConfigItem]? {
        if case .array(let items) = item.value { return items }
        wrongType(item, path, "write a list: [ … ]")
        return nil
    }

    private mutating func entries(_ item: ConfigItem, _ path: String) -> [ConfigEntry]? {
        if case .table(let entries) = item.value { return entries }
        wrongType(item, path, "write a table: { name = \"value\" }")
        return nil
    }

    /// Takes only the default of a key whose feature is not there yet.
    mutating func onlyDefault(_ item: ConfigItem, _ path: String, _ standard: String) {
        guard let expected = try? TOMLDocument.parseValue(Array(standard.utf8)).value else {
            preconditionFailure("BUG: \(path) has the default \(standard), which is not TOML")
        }
        if item.value == expected { return }
        note(
            item.origin,
            path,
            "not supported yet; leave it out (only \(standard) is taken so far)"
        )
    }

    // MARK: Values

    mutating func text(_ item: ConfigItem, _ path: String) -> String? {
        if case .string(let text, _) = item.value { return text }
        // A variable or option that reads as a number was meant as text where text is wanted.
        if let raw = item.raw { return raw }
        wrongType(item, path, "write it as text in quotes")
        return nil
    }

    mutating func texts(_ item: ConfigItem, _ path: String) -> [String]? {
        // One value in a variable or option is a list of one.
        if let raw = item.raw, item.value.isScalar { return raw.isEmpty ? [] : [raw] }
        guard let items = array(item, path) else { return nil }
        var texts: [String] = []
        for (index, element) in items.enumerated() {
            if let text = text(element, "\(path)[\(index)]") { texts.append(text) }
        }
        return texts.count == items.count ? texts : nil
    }

    mutating func flag(_ item: ConfigItem, _ path: String) -> Bool? {
        if case .boolean(let flag) = item.value { return flag }
        wrongType(item, path, "write true or false")
        return nil
    }

    mutating func number(
        _ item: ConfigItem,
        _ path: String,
        _ range: ClosedRange<Int64>
    ) -> Int64? {
        let limits =
            range.upperBound == .max
            ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
        guard case .integer(let number) = item.value else {
            wrongType(item, path, "write a whole number, \(limits)")
            return nil
        }
        guard range.contains(number) else {
            note(item.origin, path, "is \(number); write a whole number, \(limits)")
            return nil
        }
        return number
    }

    mutating func share(_ item: ConfigItem, _ path: String) -> Double? {
        let share: Double
        switch item.value {
        case .float(let number): share = number
        case .integer(let number): share = Double(number)
        default:
            wrongType(item, path, "write a number from 0 to 1")
            return nil
        }
        guard share >= 0, share <= 1 else {
            note(item.origin, path, "is \(share); write a number from 0 to 1")
            return nil
        }
        return share
    }

    mutating func size(_ item: ConfigItem, _ path: String, atLeast: Int64) -> Int64? {
        let size: Int64?
        switch item.value {
        case .integer(let number): size = number >= 0 ? number : nil
        case .string(let text, _): size = ByteSize.parse(text)
        default:
            wrongType(item, path, "write a number of bytes or a size such as \"64MB\"")
            return nil
        }
        guard let size else {
            note(
                item.origin,
                path,
                "\(item.value.shown) is not a size; write a number of bytes or text such as \"64MB\" "
                    + "(B, KB, MB, GB, TB)"
            )
            return nil
        }
        guard size >= atLeast else {
            note(item.origin, path, "is \(size) bytes; write at least \(atLeast)")
            return nil
        }
        return size
    }

    mutating func durationMs(_ item: ConfigItem, _ path: String, atLeastMs: Int64) -> Int64? {
        let hint = "write text such as \"15s\" or \"1h30m\", or a number of seconds"
        let ms: Int64?
        switch item.value {
        case .integer(let seconds): ms = ConfigReader.ms(seconds: Double(seconds))
        case .float(let seconds): ms = ConfigReader.ms(seconds: seconds)
        case .string(let text, _): ms = try? DurationText.parse(text)
        default:
            wrongType(item, path, hint)
            return nil
        }
        guard let ms else {
            note(item.origin, path, "\(item.value.shown) is not a duration; \(hint)")
            return nil
        }
        guard ms >= atLeastMs else {
            note(
                item.origin,
                path,
                "is \(DurationText.format(ms)); write at least \(DurationText.format(atLeastMs))"
            )
            return nil
        }
        return ms
    }

    mutating func word<Word: RawRepresentable<String> & CaseIterable>(
        _ item: ConfigItem,
        _ path: String,
        _: Word.Type,
        later: [String]
    ) -> Word? {
        guard let text = text(item, path) else { return nil }
        if let word = Word(rawValue: text) { return word }
        let words = Word.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ", ")
        if later.contains(text) {
            note(item.origin, path, "\"\(text)\" is not supported yet; write \(words)")
        } else {
            let near = NearestName.find(text, in: Word.allCases.map(\.rawValue))
            let hint = near.map { "did you mean \"\($0)\"?" } ?? "write one of \(words)"
            note(item.origin, path, "\"\(text)\" is not known here; \(hint)")
        }
        return nil
    }

    // MARK: Names and values

    mutating func labels(_ item: ConfigItem, _ path: String) -> [ConfigLabel]? {
        guard let entries = entries(item, path) else { return nil }
        var labels: [ConfigLabel] = []
        for entry in entries {
            let full = ConfigPath.join(path, entry.key)
            guard LabelName.isValid(entry.key) else {
                note(
                    entry.origin,
                    full,
                    "not the name of a label; use letters, digits and _, no digit first"
                )
                continue
            }
            if let value = text(entry.item, full) { labels.append(ConfigLabel(entry.key, value)) }
        }
        return labels.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    mutating func parameters(_ item: ConfigItem, _ path: String) -> [ConfigParameter]? {
        guard let entries = entries(item, path) else { return nil }
        var parameters: [ConfigParameter] = []
        for entry in entries {
            let full = ConfigPath.join(path, entry.key)
            if let values = oneOrMore(entry.item, full) {
                parameters.append(ConfigParameter(entry.key, values))
            }
        }
        return parameters.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    /// Headers: `Name = "value"`, a list of values, or Prometheus's table of values, secrets, files.
    mutating func headers(_ item: ConfigItem, _ path: String) -> [ConfigHeader]? {
        guard let entries = entries(item, path) else { return nil }
        var headers: [ConfigHeader] = []
        for entry in entries {
            let full = ConfigPath.join(path, entry.key)
            guard LabelName.isHeader(entry.key) else {
                note(entry.origin, full, "not the name of a header; use letters, digits and -")
                continue
            }
            var header = ConfigHeader(entry.key, [])
            if case .table = entry.item.value {
                table(entry.item, full, ConfigHeader.keys, &header)
            } else {
                header.values = oneOrMore(entry.item, full) ?? []
            }
            if header.values.contains(where: { $0.utf8.contains { $0 < 0x20 && $0 != 9 } }) {
                note(entry.item.origin, full, "holds a control character; remove it")
            }
            headers.append(header)
        }
        return headers.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    private mutating func oneOrMore(_ item: ConfigItem, _ path: String) -> [String]? {
        if case .array = item.value { return texts(item, path) }
        return text(item, path).map { [$0] }
    }

    private mutating func wrongType(_ item: ConfigItem, _ path: String, _ hint: String) {
        note(item.origin, path, "is \(item.value.typeName); \(hint)")
    }

    // Nil for what is negative, not a number, or longer than any duration text can be.
    private static func ms(seconds: Double) -> Int64? {
        let ms = (seconds * 1000).rounded()
        guard ms >= 0, ms <= Double(DurationText.maxMs) else { return nil }
        return Int64(ms)
    }
}

extension ConfigHeader {
    /// What a header's table may hold; `secrets` are values that are never shown.
    static let keys: [ConfigKey<ConfigHeader>] = [
        .texts("values", \.values), .texts("secrets", \.secrets), .later("files", "[]"),
    ]

    // Secrets are sent like values.
    private var secrets: [String] {
        get { [] }
        set { values += newValue }
    }
}

extension ConfigItem.Value {
    var typeName: String {
        switch self {
        case .string: "a text"
        case .integer: "a whole number"
        case .float: "a number"
        case .boolean: "true or false"
        case .dateTime: "a date or time"
        case .array: "a list"
        case .table: "a table"
        }
    }

    /// The value as a message quotes it.
    var shown: String {
        switch self {
        case .string(let text, _): "\"\(text)\""
        case .integer(let number): "\(number)"
        case .float(let number): "\(number)"
        default: typeName
        }
    }

    var isScalar: Bool {
        switch self {
        case .array, .table: false
        default: true
        }
    }

    /// Whether the value is what a TOML text says, places aside.
    static func == (one: ConfigItem.Value, other: TOMLValue) -> Bool {
        switch (one, other) {
        case (.string(let one, _), .string(let other)): one == other
        case (.integer(let one), .integer(let other)): one == other
        case (.integer(let one), .float(let other)): Double(one) == other
        case (.float(let one), .float(let other)): one == other
        case (.boolean(let one), .boolean(let other)): one == other
        case (.array(let one), .array(let other)):
            one.count == other.count && zip(one, other).allSatisfy { $0.value == $1.value }
        case (.table(let one), .table(let other)):
            one.count == other.entries.count
                && one.allSatisfy { entry in
                    other[entry.key].map { entry.item.value == $0.value } ?? false
                }
        default: false
        }
    }
}
