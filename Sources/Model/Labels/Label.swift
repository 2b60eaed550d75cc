// One name and value of a label set.

/// One label of a series: a name and a value, both UTF-8, neither empty.
///
/// An empty value means that the label is absent (Prometheus data model), so `Labels` never holds one.
public struct Label: Hashable, Sendable {
    /// `[a-zA-Z_][a-zA-Z0-9_]*` in the classic data model, any UTF-8 otherwise.
    public let name: String
    /// Any UTF-8.
    public let value: String

    /// Makes a label; it is checked only when it enters a `LabelsBuilder`.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

extension Label {
    // String's own `==` takes canonically equivalent texts for equal; Prometheus compares bytes.
    public static func == (one: Label, other: Label) -> Bool {
        sameBytes(one.name, other.name) && sameBytes(one.value, other.value)
    }

    public func hash(into hasher: inout Hasher) {
        // Equal bytes hash alike, which is all that is asked; String's hash is the quickest.
        hasher.combine(name)
        hasher.combine(value)
    }
}

extension Label: Comparable {
    /// Orders by name, then value, both bytewise as UTF-8.
    public static func < (one: Label, other: Label) -> Bool {
        if !sameBytes(one.name, other.name) { return precedes(one.name, other.name) }
        return precedes(one.value, other.value)
    }
}

extension Label {
    /// The label that holds the metric's name.
    public static let metricName = "__name__"
}

// String's own `<` orders by Unicode canonical form; Prometheus orders by bytes.
func precedes(_ one: String, _ other: String) -> Bool {
    one.utf8.lexicographicallyPrecedes(other.utf8)
}

/// Whether two texts are the same bytes of UTF-8, which `==` on String does not tell.
func sameBytes(_ one: String, _ other: String) -> Bool {
    let bytes = one.utf8.span
    let others = other.utf8.span
    guard bytes.count == others.count else { return false }
    for index in 0..<bytes.count where bytes[index] != others[index] { return false }
    return true
}
