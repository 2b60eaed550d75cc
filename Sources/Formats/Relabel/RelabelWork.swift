// The labels that rules are working on: places in one text, so that a rule that changes nothing costs
// no allocation, and one that does costs none either once the text has grown.
internal import Model

/// A label set under change.
///
/// Keeps what Prometheus's builder keeps: labels that came, in order of name, then those that rules
/// have written, in the order of writing; `labelmap` depends on it.
struct RelabelWork: Sendable {
    struct Field: Sendable {
        var name: Range<Int>
        var value: Range<Int>
    }

    /// What a set may grow to before it is given up: rules can double a value each.
    static let maxTextBytes = 1 << 20

    private(set) var text: [UInt8] = []
    private(set) var fields: [Field] = []
    private var cameCount = 0
    /// Whether any label differs from those that came.
    private(set) var isChanged = false
    /// Whether the set was to grow over its bound; what it was to get then is missing.
    private(set) var isTooLarge = false

    mutating func begin(_ labels: Labels) {
        text.removeAll(keepingCapacity: true)
        text.append(contentsOf: labels.bytes)
        fields.removeAll(keepingCapacity: true)
        // No capture of self: `forEachRange` borrows only the labels.
        var found = fields
        fields = []
        labels.forEachRange { found.append(Field(name: $0, value: $1)) }
        fields = found
        cameCount = fields.count
        isChanged = false
        isTooLarge = false
    }

    /// The value's place of a label, empty when it is absent.
    func value(_ name: [UInt8]) -> Range<Int> {
        index(name).map { fields[$0].value } ?? 0..<0
    }

    /// The values of `names` with `separator` between them: its place in the text.
    mutating func joined(_ names: [[UInt8]], _ separator: [UInt8]) -> Range<Int> {
        if names.count == 1 { return value(names[0]) }
        let start = text.count
        for (place, name) in names.enumerated() {
            if place > 0 { text.append(contentsOf: separator) }
            let value = value(name)
            guard hasRoom(value.count + separator.count) else { break }
            for index in value { text.append(text[index]) }
        }
        return start..<text.count
    }

    /// Whether the two places hold the same bytes.
    func isSame(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
        guard one.count == other.count else { return false }
        for index in 0..<one.count
        where text[one.lowerBound + index] != text[other.lowerBound + index] {
            return false
        }
        return true
    }

    /// Sets a label; an empty value removes it, an empty name does nothing.
    mutating func set(_ name: [UInt8], _ value: [UInt8]) {
        if name.isEmpty { return }
        let found = index(name)
        if value.isEmpty {
            if let found { remove(at: found) }
            return
        }
        if let found, holds(fields[found].value, value) {
            // What is written anew stands behind what came, even when it is the same.
            if found < cameCount { move(found) }
            return
        }
        guard hasRoom(name.count + value.count) else { return }
        isChanged = true
        let valuePlace = append(value)
        if let found {
            fields[found].value = valuePlace
            if found < cameCount { move(found) }
        } else {
            fields.append(Field(name: append(name), value: valuePlace))
        }
    }

    /// Removes the labels for which `body` says so.
    mutating func removeAll(where body: (borrowing Span<UInt8>) -> Bool) {
        for index in fields.indices.reversed()
        where body(text.span.extracting(fields[index].name)) {
            remove(at: index)
        }
    }

    /// The labels that are there now.
    func labels() -> Labels {
        let sorted = fields.sorted {
            text[$0.name].lexicographicallyPrecedes(text[$1.name])
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(sorted.reduce(0) { $0 + $1.name.count + $1.value.count + 4 })
        for field in sorted {
            append(field.name, to: &bytes)
            append(field.value, to: &bytes)
        }
        return Labels(canonical: bytes)
    }

    private mutating func remove(at index: Int) {
        fields.remove(at: index)
        if index < cameCount { cameCount -= 1 }
        isChanged = true
    }

    private mutating func move(_ index: Int) {
        fields.append(fields.remove(at: index))
        cameCount -= 1
    }

    private mutating func hasRoom(_ count: Int) -> Bool {
        if text.count + count <= RelabelWork.maxTextBytes { return true }
        isTooLarge = true
        return false
    }

    private mutating func append(_ bytes: [UInt8]) -> Range<Int> {
        let start = text.count
        text.append(contentsOf: bytes)
        return start..<text.count
    }

    private func append(_ place: Range<Int>, to bytes: inout [UInt8]) {
        var length = place.count
        while length >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(length))
        bytes.append(contentsOf: text[place])
    }

    private func index(_ name: [UInt8]) -> Int? {
        for index in fields.indices where holds(fields[index].name, name) { return index }
        return nil
    }

    private func holds(_ place: Range<Int>, _ bytes: [UInt8]) -> Bool {
        guard place.count == bytes.count else { return false }
        for index in 0..<bytes.count where text[place.lowerBound + index] != bytes[index] {
            return false
        }
        return true
    }
}
