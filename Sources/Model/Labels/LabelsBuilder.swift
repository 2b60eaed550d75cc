// Builds and changes label sets.

/// Collects labels in any order and gives them out as a canonical `Labels`.
public struct LabelsBuilder: Sendable {
    private var labels: [Label] = []  // sorted by name, no empty value

    /// Starts empty.
    public init() {}

    /// Starts with the labels of `base`.
    public init(_ base: Labels) {
        labels = base.array
    }

    /// Sets the label, replacing one of the same name; an empty value removes it.
    public mutating func set(_ name: String, _ value: String) {
        let place = position(name)
        let found = place < labels.count && sameBytes(labels[place].name, name)
        if value.isEmpty || name.isEmpty {
            if found { labels.remove(at: place) }
        } else if found {
            labels[place] = Label(name, value)
        } else {
            labels.insert(Label(name, value), at: place)
        }
    }

    /// Removes the label if it is there.
    public mutating func remove(_ name: String) {
        set(name, "")
    }

    /// The value of `name`, nil when absent.
    public subscript(name: String) -> String? {
        let place = position(name)
        return place < labels.count && sameBytes(labels[place].name, name)
            ? labels[place].value : nil
    }

    /// The labels so far, in order of their names.
    public var array: [Label] { labels }

    /// The canonical set.
    public func labels(reserving bytes: Int = 64) -> Labels {
        var canonical: [UInt8] = []
        canonical.reserveCapacity(bytes)
        for label in labels {
            LabelsBuilder.appendField(label.name, to: &canonical)
            LabelsBuilder.appendField(label.value, to: &canonical)
        }
        return Labels(canonical: canonical)
    }

    private static func appendField(_ text: String, to bytes: inout [UInt8]) {
        var length = text.utf8.count
        while length >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: length) | 0x80)
            length >>= 7
        }
        bytes.append(UInt8(length))
        bytes.append(contentsOf: text.utf8)
    }

    // Binary search for the first label whose name is not before `name`.
    private func position(_ name: String) -> Int {
        var low = 0
        var high = labels.count
        while low < high {
            let middle = (low + high) / 2
            if precedes(labels[middle].name, name) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
