// Where a collector puts its rows. The rows of one collection are nearly always those of the one
// before: then only the values change, and no label is decoded, hashed or allocated.

public import Model

/// The rows of one collector.
public struct MetricWriter: Sendable {
    struct Row: Sendable, Equatable {
        let family: Int32
        /// Where the label values lie in `keys`, each with its length before it.
        let from: Int32
        let to: Int32
    }

    /// The families that rows refer to, in the order in which the collector named them.
    public private(set) var families: [HostFamily] = []
    /// One value a row.
    public private(set) var values: [Double] = []
    /// The series of each row, with the host's own labels.
    public private(set) var series: [Labels] = []
    /// Changes when `series` does; never repeats for a writer.
    public private(set) var layout = 1

    private(set) var rows: [Row] = []
    private(set) var keys: [UInt8] = []
    private let extra: [Label]
    private var filled = 0  // rows of the collection under way
    private var family: Int32 = 0
    private var key: [UInt8] = []

    /// An empty writer; `extra` labels go into every series but not into the text.
    public init(extra: [Label] = []) {
        self.extra = extra
    }

    /// Names a family and gives the number that rows refer to it by.
    public mutating func register(_ family: HostFamily) -> Int {
        families.append(family)
        return families.count - 1
    }

    /// Begins a collection.
    mutating func restart() {
        filled = 0
    }

    /// Ends a collection: rows of the last one that did not come again are gone.
    mutating func finish() {
        if filled < rows.count { cut(to: filled) }
    }

    /// Adds a row without labels.
    public mutating func add(_ family: Int, _ value: Double) {
        begin(family)
        end(value)
    }

    /// Adds a row with one label.
    public mutating func add(_ family: Int, _ label: some Collection<UInt8>, _ value: Double) {
        begin(family)
        self.label(label)
        end(value)
    }

    /// Begins a row; its labels follow in the order of the family's.
    public mutating func begin(_ family: Int) {
        self.family = Int32(family)
        key.removeAll(keepingCapacity: true)
    }

    /// The next label's value, raw bytes as the kernel wrote them.
    public mutating func label(_ value: some Collection<UInt8>) {
        let count = UInt32(value.count)
        for shift in [24, 16, 8, 0] as [UInt32] {
            key.append(UInt8(truncatingIfNeeded: count >> shift))
        }
        key.append(contentsOf: value)
    }

    /// Ends the row.
    public mutating func end(_ value: Double) {
        if filled < rows.count, isSame(rows[filled]) {
            values[filled] = value
        } else {
            if filled < rows.count { cut(to: filled) }
            let from = keys.count
            keys += key
            let row = Row(family: family, from: Int32(from), to: Int32(keys.count))
            rows.append(row)
            values.append(value)
            series.append(labels(of: row))
            layout += 1
        }
        filled += 1
    }

    private func isSame(_ row: Row) -> Bool {
        guard row.family == family, Int(row.to - row.from) == key.count else { return false }
        let from = Int(row.from)
        for index in 0..<key.count where keys[from + index] != key[index] { return false }
        return true
    }

    private mutating func cut(to count: Int) {
        keys.removeSubrange(Int(rows[count].from)...)
        rows.removeSubrange(count...)
        values.removeSubrange(count...)
        series.removeSubrange(count...)
        layout += 1
    }

    /// The label values of a row, what is not UTF-8 in them replaced.
    func labelValues(of row: Row) -> [String] {
        var texts: [String] = []
        var offset = Int(row.from)
        while offset < Int(row.to) {
            let count = keys[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
            offset += 4
            texts.append(String(decoding: keys[offset..<offset + count], as: UTF8.self))
            offset += count
        }
        return texts
    }

    private func labels(of row: Row) -> Labels {
        let family = families[Int(row.family)]
        var builder = LabelsBuilder()
        for label in extra { builder.set(label.name, label.value) }
        let texts = labelValues(of: row)
        precondition(
            texts.count == family.labels.count,
            "BUG: \(family.name) has \(family.labels.count) labels, a row gave \(texts.count)"
        )
        for (name, text) in zip(family.labels, texts) { builder.set(name, text) }
        builder.set(Label.metricName, family.name)
        return builder.labels()
    }
}
