// One row of the table of configuration keys: its name, whether it works yet, how it is read, where it goes.
internal import Formats

/// A key's name with those below it, without the types of the sections: what suggestions, the
/// environment and the example's test need.
struct ConfigName: Sendable {
    enum Shape: Sendable {
        /// One value.
        case value
        /// A table of known keys.
        case table
        /// A list of tables of known keys.
        case list
    }

    let name: String
    let shape: Shape
    /// False: accepted only with its default, as what it sets is not there yet.
    let works: Bool
    let children: [ConfigName]
}

/// A key of the section `Section`.
struct ConfigKey<Section>: Sendable {
    let name: ConfigName
    /// Reads an item into the section or notes what is wrong with it.
    let read: @Sendable (inout ConfigReader, ConfigItem, _ path: String, inout Section) -> Void

    init(
        _ name: String,
        shape: ConfigName.Shape = .value,
        works: Bool = true,
        children: [ConfigName] = [],
        read: @escaping @Sendable (inout ConfigReader, ConfigItem, String, inout Section) -> Void
    ) {
        self.name = ConfigName(name: name, shape: shape, works: works, children: children)
        self.read = read
    }
}

/// The place of a value in its section.
typealias Slot<Section, Value> = WritableKeyPath<Section, Value> & Sendable

extension ConfigKey {
    // A row whose value is taken by `reading`, which answers nil after noting a problem.
    private static func row<Value>(
        _ name: String,
        _ slot: any Slot<Section, Value>,
        _ reading: @escaping @Sendable (inout ConfigReader, ConfigItem, String) -> Value?
    ) -> ConfigKey {
        ConfigKey(name) { reader, item, path, section in
            if let value = reading(&reader, item, path) { section[keyPath: slot] = value }
        }
    }

    static func text(_ name: String, _ slot: any Slot<Section, String>) -> ConfigKey {
        row(name, slot) { $0.text($1, $2) }
    }

    /// A text for which "unset" and "" differ.
    static func text(_ name: String, _ slot: any Slot<Section, String?>) -> ConfigKey {
        row(name, slot) { .some($0.text($1, $2)) }
    }

    /// A path, taken from the configuration file's directory when relative; empty stays empty.
    static func path(_ name: String, _ slot: any Slot<Section, String>) -> ConfigKey {
        row(name, slot) { reader, item, path in
            reader.text(item, path).map { reader.resolved($0) }
        }
    }

    static func paths(_ name: String, _ slot: any Slot<Section, [String]>) -> ConfigKey {
        row(name, slot) { reader, item, path in
            reader.texts(item, path)?.map { reader.resolved($0) }
        }
    }

    static func texts(_ name: String, _ slot: any Slot<Section, [String]>) -> ConfigKey {
        row(name, slot) { $0.texts($1, $2) }
    }

    static func flag(_ name: String, _ slot: any Slot<Section, Bool>) -> ConfigKey {
        row(name, slot) { $0.flag($1, $2) }
    }

    static func number(
        _ name: String,
        _ slot: any Slot<Section, Int64>,
        _ range: ClosedRange<Int64>
    ) -> ConfigKey {
        row(name, slot) { $0.number($1, $2, range) }
    }

    /// A number that may be left unset.
    static func number(
        _ name: String,
        _ slot: any Slot<Section, Int64?>,
        _ range: ClosedRange<Int64>
    ) -> ConfigKey {
        row(name, slot) { reader, item, path in
            reader.number(item, path, range).map { .some($0) }
        }
    }

    /// A number from 0 to 1.
    static func share(_ name: String, _ slot: any Slot<Section, Double>) -> ConfigKey {
        row(name, slot) { $0.share($1, $2) }
    }

    static func size(
        _ name: String,
        _ slot: any Slot<Section, Int64>,
        atLeast: Int64 = 0
    ) -> ConfigKey {
        row(name, slot) { $0.size($1, $2, atLeast: atLeast) }
    }

    /// A duration; a bare number counts in seconds.
    static func duration(
        _ name: String,
        _ slot: any Slot<Section, Int64>,
        atLeastMs: Int64 = 0
    ) -> ConfigKey {
        row(name, slot) { $0.durationMs($1, $2, atLeastMs: atLeastMs) }
    }

    /// A duration for which "unset" has a meaning of its own.
    static func duration(
        _ name: String,
        _ slot: any Slot<Section, Int64?>,
        atLeastMs: Int64 = 0
    ) -> ConfigKey {
        row(name, slot) { .some($0.durationMs($1, $2, atLeastMs: atLeastMs)) }
    }

    /// One of a few words.
    ///
    /// `later` are words that are known and not there yet.
    static func word<Word: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String,
        _ slot: any Slot<Section, Word>,
        later: [String] = []
    ) -> ConfigKey {
        row(name, slot) { $0.word($1, $2, Word.self, later: later) }
    }

    /// A word that has no default.
    static func word<Word: RawRepresentable<String> & CaseIterable & Sendable>(
        _ name: String,
        _ slot: any Slot<Section, Word?>,
        later: [String] = []
    ) -> ConfigKey {
        row(name, slot) { .some($0.word($1, $2, Word.self, later: later)) }
    }

    static func labels(_ name: String, _ slot: any Slot<Section, [ConfigLabel]>) -> ConfigKey {
        row(name, slot) { $0.labels($1, $2) }
    }

    static func parameters(
        _ name: String,
        _ slot: any Slot<Section, [ConfigParameter]>
    ) -> ConfigKey {
        row(name, slot) { $0.parameters($1, $2) }
    }

    static func headers(_ name: String, _ slot: any Slot<Section, [ConfigHeader]>) -> ConfigKey {
        row(name, slot) { $0.headers($1, $2) }
    }

    /// A table of known keys.
    static func table<Part: Sendable>(
        _ name: String,
        _ slot: any Slot<Section, Part>,
        _ keys: [ConfigKey<Part>]
    ) -> ConfigKey {
        ConfigKey(name, shape: .table, children: keys.map(\.name)) { reader, item, path, section in
            reader.table(item, path, keys, &section[keyPath: slot])
        }
    }

    /// A list of tables of known keys.
    ///
    /// One that does not work yet is read all the same; `ConfigCheck` refuses it once it is right.
    static func list<Part: Sendable>(
        _ name: String,
        _ slot: any Slot<Section, [Part]>,
        _ keys: [ConfigKey<Part>],
        works: Bool = true,
        new: @escaping @Sendable () -> Part
    ) -> ConfigKey {
        ConfigKey(name, shape: .list, works: works, children: keys.map(\.name)) {
            reader,
            item,
            path,
            section in
            var parts: [Part] = []
            for (index, element) in (reader.array(item, path) ?? []).enumerated() {
                var part = new()
                reader.table(element, "\(path)[\(index)]", keys, &part)
                parts.append(part)
            }
            section[keyPath: slot] = parts
        }
    }

    /// A key that is known but sets what is not there yet: only its default is taken.
    static func later(_ name: String, _ standard: String) -> ConfigKey {
        ConfigKey(name, works: false) { reader, item, path, _ in
            reader.onlyDefault(item, path, standard)
        }
    }
}
