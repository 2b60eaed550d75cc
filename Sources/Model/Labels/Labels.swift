// The label set of a series, kept as its canonical bytes: architecture section 5, "Identity".

/// A sorted set of labels, at most one of each name.
///
/// Held as its canonical bytes: the labels in bytewise order of name, each name and each value
/// prefixed by its length in bytes (varint, LEB128). Those bytes are what a `SeriesID` hashes, what
/// two sets are compared by, and what the store writes: one allocation a series, no `String`.
public struct Labels: Hashable, Sendable {
    /// The canonical bytes.
    ///
    /// Equal sets have equal bytes.
    public let bytes: [UInt8]

    /// The empty set.
    public init() {
        bytes = []
    }

    /// Sorts the labels; empty values are left out, of equal names the last one stays.
    public init(_ labels: [Label]) {
        var builder = LabelsBuilder()
        for label in labels { builder.set(label.name, label.value) }
        self = builder.labels()
    }

    /// Takes bytes that are known to be canonical, such as what `LabelsBuilder` wrote.
    ///
    /// Bytes from outside go through `init(checking:)`.
    public init(canonical bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Takes bytes from a file or the network; nil unless they are canonical: whole, strictly
    /// ascending names, nothing empty, valid UTF-8.
    public init?(checking bytes: [UInt8]) {
        var offset = 0
        var last: Range<Int>?
        while offset < bytes.count {
            guard let name = Labels.field(bytes, &offset), !name.isEmpty,
                let value = Labels.field(bytes, &offset), !value.isEmpty,
                String(validating: bytes[name], as: UTF8.self) != nil,
                String(validating: bytes[value], as: UTF8.self) != nil
            else { return nil }
            if let last, !bytes[last].lexicographicallyPrecedes(bytes[name]) { return nil }
            last = name
        }
        self.bytes = bytes
    }

    /// Whether there is no label.
    public var isEmpty: Bool { bytes.isEmpty }

    /// The number of labels.
    ///
    /// O(labels).
    public var count: Int {
        var count = 0
        forEachRange { _, _ in count += 1 }
        return count
    }

    /// The value of `name`, nil when absent.
    ///
    /// O(bytes).
    public subscript(name: String) -> String? {
        range(of: name).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    /// The metric's name, nil when absent.
    public var metricName: String? { self[Label.metricName] }

    /// Where in `bytes` the value of `name` lies, nil when absent.
    ///
    /// O(bytes), allocates nothing.
    public func range(of name: String) -> Range<Int>? {
        let wanted = name.utf8
        var offset = 0
        while offset < bytes.count {
            guard let found = Labels.field(bytes, &offset),
                let value = Labels.field(bytes, &offset)
            else { return nil }
            if found.count == wanted.count, bytes[found].elementsEqual(wanted) { return value }
        }
        return nil
    }

    /// Calls `body` with the ranges in `bytes` of each label's name and value, in order.
    @inlinable
    public func forEachRange(_ body: (_ name: Range<Int>, _ value: Range<Int>) -> Void) {
        var offset = 0
        while offset < bytes.count {
            guard let name = Labels.field(bytes, &offset),
                let value = Labels.field(bytes, &offset)
            else { return }
            body(name, value)
        }
    }

    /// The labels in order of their names.
    public var array: [Label] {
        var array: [Label] = []
        forEachRange { name, value in
            array.append(
                Label(
                    String(decoding: bytes[name], as: UTF8.self),
                    String(decoding: bytes[value], as: UTF8.self)
                )
            )
        }
        return array
    }

    /// The set with only the labels whose names are in `names`.
    public func keeping(_ names: some Collection<String>) -> Labels {
        filtered { name in names.contains(name) }
    }

    /// The set without the labels whose names are in `names`.
    public func dropping(_ names: some Collection<String>) -> Labels {
        filtered { name in !names.contains(name) }
    }

    /// The set without the metric's name.
    public var withoutMetricName: Labels {
        range(of: Label.metricName) == nil ? self : dropping(CollectionOfOne(Label.metricName))
    }

    /// Reads one length-prefixed field at `offset` and steps past it; nil when the bytes end early.
    @inlinable
    static func field(_ bytes: [UInt8], _ offset: inout Int) -> Range<Int>? {
        var length = 0
        var shift = 0
        while true {
            guard offset < bytes.count, shift < 35 else { return nil }
            let byte = Int(bytes[offset])
            offset += 1
            length |= (byte & 0x7f) << shift
            if byte < 0x80 {
                // The same length in more bytes than it needs would be a second spelling.
                if byte == 0, shift > 0 { return nil }
                break
            }
            shift += 7
        }
        guard length <= bytes.count - offset else { return nil }
        defer { offset += length }
        return offset..<offset + length
    }

    private func filtered(_ keep: (String) -> Bool) -> Labels {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count)
        var start = 0
        forEachRange { name, value in
            if keep(String(decoding: bytes[name], as: UTF8.self)) {
                kept.append(contentsOf: bytes[start..<value.upperBound])
            }
            start = value.upperBound
        }
        return Labels(canonical: kept)
    }
}

extension Labels: Comparable {
    /// Orders label by label: name, then value, bytewise; a set that is a prefix of another comes first.
    public static func < (one: Labels, other: Labels) -> Bool {
        var offset = 0
        var otherOffset = 0
        while offset < one.bytes.count, otherOffset < other.bytes.count {
            guard let field = field(one.bytes, &offset),
                let otherField = Labels.field(other.bytes, &otherOffset)
            else { return false }
            if !one.bytes[field].elementsEqual(other.bytes[otherField]) {
                return one.bytes[field].lexicographicallyPrecedes(other.bytes[otherField])
            }
        }
        return offset >= one.bytes.count && otherOffset < other.bytes.count
    }
}

extension Labels: CustomStringConvertible {
    /// Prometheus's spelling: `name{a="b", c="d"}`, with quotes, backslashes and newlines escaped.
    public var description: String {
        var text = ""
        var inside = ""
        for label in array {
            if label.name == Label.metricName {
                text = label.value
                continue
            }
            if !inside.isEmpty { inside += ", " }
            inside += "\(label.name)=\"\(Labels.escaped(label.value))\""
        }
        return text + (inside.isEmpty && !text.isEmpty ? "" : "{\(inside)}")
    }

    /// The value with `\`, `"` and newline escaped, as in PromQL and the exposition format.
    public static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
