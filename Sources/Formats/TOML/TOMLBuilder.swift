// Which tables exist and who may add to them: TOML 1.0, sections Keys, Table, Array of Tables.

/// One part of a dotted key and where it stands.
struct TOMLKeyPart {
    let text: String
    let position: TOMLPosition
}

/// The tables of a document while it is read.
///
/// How a table came about decides what may still be added to it:
///
///     came about by            own header later   dotted key later     sub-table header later
///     [header]                 no                 no                   yes
///     a parent of a [header]   once               yes                  yes
///     a dotted key             no                 same section only    yes
///     {inline}, [array]        no                 no                   no
struct TOMLBuilder {
    private enum Origin: Equatable {
        case header
        case parent
        case dotted(section: Int)
    }

    private enum Slot {
        case item(TOMLItem)
        case table(Int)
        case list(Int)
    }

    private struct Build {
        var origin: Origin
        var position: TOMLPosition
        var keys: [TOMLKeyPart] = []
        var slots: [Slot] = []
        // By bytes: `String` as a key would take canonically equivalent names for the same.
        var places: [[UInt8]: Int] = [:]

        func place(_ part: TOMLKeyPart) -> Int? { places[Array(part.text.utf8)] }

        mutating func add(_ part: TOMLKeyPart, _ slot: Slot) {
            places[Array(part.text.utf8)] = slots.count
            keys.append(part)
            slots.append(slot)
        }
    }

    private var tables: [Build]
    private var lists: [[Int]] = []
    private var current = 0
    private var section = 0

    init(at position: TOMLPosition) {
        tables = [Build(origin: .header, position: position)]
    }

    /// Opens the table of the header `[a.b.c]`.
    mutating func openTable(_ parts: [TOMLKeyPart]) throws(TOMLError) {
        let parent = try descend(parts)
        let last = parts[parts.count - 1]
        section += 1
        guard let place = tables[parent].place(last) else {
            current = newTable(.header, last.position)
            tables[parent].add(last, .table(current))
            return
        }
        let first = tables[parent].keys[place].position
        switch tables[parent].slots[place] {
        case .table(let table) where tables[table].origin == .parent:
            tables[table].origin = .header
            tables[table].position = last.position
            current = table
        case .table(let table):
            throw TOMLError(
                .duplicateTable(joined(parts), first: tables[table].position),
                at: last.position
            )
        case .list, .item:
            throw TOMLError(.duplicateTable(joined(parts), first: first), at: last.position)
        }
    }

    /// Opens one more table of the header `[[a.b.c]]`.
    mutating func openListedTable(_ parts: [TOMLKeyPart]) throws(TOMLError) {
        let parent = try descend(parts)
        let last = parts[parts.count - 1]
        section += 1
        let list: Int
        if let place = tables[parent].place(last) {
            guard case .list(let found) = tables[parent].slots[place] else {
                throw TOMLError(
                    .notTables(joined(parts), first: tables[parent].keys[place].position),
                    at: last.position
                )
            }
            list = found
        } else {
            list = lists.count
            lists.append([])
            tables[parent].add(last, .list(list))
        }
        current = newTable(.header, last.position)
        lists[list].append(current)
    }

    /// `a.b.c = item`, in the table that was opened last.
    mutating func assign(_ parts: [TOMLKeyPart], _ item: TOMLItem) throws(TOMLError) {
        var table = current
        for (depth, part) in parts.dropLast().enumerated() {
            guard let place = tables[table].place(part) else {
                let made = newTable(.dotted(section: section), part.position)
                tables[table].add(part, .table(made))
                table = made
                continue
            }
            let name = joined(parts.prefix(depth + 1))
            let first = tables[table].keys[place].position
            switch tables[table].slots[place] {
            case .table(let next):
                switch tables[next].origin {
                case .dotted(let other) where other == section:
                    table = next
                case .parent:
                    tables[next].origin = .dotted(section: section)
                    table = next
                case .dotted, .header:
                    throw TOMLError(
                        .definedElsewhere(name, first: tables[next].position),
                        at: part.position
                    )
                }
            case .list:
                throw TOMLError(.definedElsewhere(name, first: first), at: part.position)
            case .item(let item):
                throw TOMLError(closed(item, name, first), at: part.position)
            }
        }
        let last = parts[parts.count - 1]
        if let place = tables[table].place(last) {
            throw TOMLError(
                .duplicateKey(joined(parts), first: tables[table].keys[place].position),
                at: last.position
            )
        }
        tables[table].add(last, .item(item))
    }

    /// The root table as it stands; recursion is bounded by the parser's depth limit.
    func finished() -> TOMLTable { finished(0) }

    private func finished(_ table: Int) -> TOMLTable {
        let build = tables[table]
        var entries: [TOMLEntry] = []
        entries.reserveCapacity(build.slots.count)
        for (key, slot) in zip(build.keys, build.slots) {
            let item: TOMLItem
            switch slot {
            case .item(let found):
                item = found
            case .table(let inner):
                item = TOMLItem(.table(finished(inner)), at: tables[inner].position)
            case .list(let list):
                let items = lists[list].map { inner in
                    TOMLItem(.table(finished(inner)), at: tables[inner].position)
                }
                item = TOMLItem(.array(items), at: key.position)
            }
            entries.append(TOMLEntry(key.text, at: key.position, item))
        }
        return TOMLTable(at: build.position, entries: entries)
    }

    private mutating func newTable(_ origin: Origin, _ position: TOMLPosition) -> Int {
        tables.append(Build(origin: origin, position: position))
        return tables.count - 1
    }

    // The table that holds the last part of a header, made where it is missing.
    private mutating func descend(_ parts: [TOMLKeyPart]) throws(TOMLError) -> Int {
        var table = 0
        for (depth, part) in parts.dropLast().enumerated() {
            guard let place = tables[table].place(part) else {
                let made = newTable(.parent, part.position)
                tables[table].add(part, .table(made))
                table = made
                continue
            }
            switch tables[table].slots[place] {
            case .table(let next):
                table = next
            case .list(let list):
                table = lists[list][lists[list].count - 1]
            case .item(let item):
                let name = joined(parts.prefix(depth + 1))
                let first = tables[table].keys[place].position
                throw TOMLError(closed(item, name, first), at: part.position)
            }
        }
        return table
    }

    private func closed(
        _ item: TOMLItem,
        _ name: String,
        _ first: TOMLPosition
    ) -> TOMLError.Problem {
        switch item.value {
        case .table, .array: .closedTable(name, first: first)
        default: .notATable(name, first: first)
        }
    }

    private func joined(_ parts: some Sequence<TOMLKeyPart>) -> String {
        parts.map { TOMLDocument.quotedKey($0.text) }.joined(separator: ".")
    }
}
