// What the host collectors found, for whoever stores or shows it.

public import Model

/// The rows of one collector at one time.
public struct HostPart: Sendable {
    /// The collector's name.
    public let collector: String
    let writer: MetricWriter

    /// The series, in an order that stays the same while `layout` does.
    public var series: [Labels] { writer.series }
    /// One value a series.
    public var values: [Double] { writer.values }
    /// Says whether `series` changed: ask for handles again only then.
    public var layout: Int { writer.layout }
    /// The families that rows belong to, for metadata.
    public var families: [HostFamily] { writer.families }
}

/// One host collection.
public struct HostSnapshot: Sendable {
    /// When it began.
    public let time: Timestamp
    /// The collectors that ran, and `scrape` with the account of all.
    public let parts: [HostPart]
    /// Why collectors failed, by name, in the order in which they ran.
    public let failures: [(collector: String, error: HostError)]

    /// The number of series.
    public var count: Int { parts.reduce(0) { $0 + $1.series.count } }

    /// Appends the snapshot as exposition text 0.0.4: families by name, rows as they were collected.
    public func writeExposition(to text: inout [UInt8]) {
        struct Entry {
            let part: Int
            let family: Int
            var rows: [Int] = []
        }
        var entries: [Entry] = []
        for (part, content) in parts.enumerated() {
            var own = content.families.indices.map { Entry(part: part, family: $0) }
            for (index, row) in content.writer.rows.enumerated() {
                own[Int(row.family)].rows.append(index)
            }
            entries += own.filter { !$0.rows.isEmpty }
        }
        func name(_ entry: Entry) -> String { parts[entry.part].families[entry.family].name }
        entries.sort { name($0).utf8.lexicographicallyPrecedes(name($1).utf8) }
        for entry in entries {
            let part = parts[entry.part]
            let family = part.families[entry.family]
            text += Array("# HELP \(family.name) \(HostSnapshot.escapedHelp(family.help))\n".utf8)
            text += Array("# TYPE \(family.name) \(family.kind.rawValue)\n".utf8)
            for row in entry.rows {
                write(part.writer, row, family, to: &text)
            }
        }
    }

    private func write(
        _ writer: MetricWriter,
        _ row: Int,
        _ family: HostFamily,
        to text: inout [UInt8]
    ) {
        text.append(contentsOf: family.name.utf8)
        let labels = writer.labelValues(of: writer.rows[row])
        if !labels.isEmpty {
            var separator = "{"
            for (name, value) in zip(family.labels, labels) {
                text.append(contentsOf: "\(separator)\(name)=\"\(Labels.escaped(value))\"".utf8)
                separator = ","
            }
            text.append(UInt8(ascii: "}"))
        }
        text.append(UInt8(ascii: " "))
        FloatText.write(writer.values[row], .exposition, to: &text)
        text.append(UInt8(ascii: "\n"))
    }

    // Help escapes only what would break the line; quotes stay.
    private static func escapedHelp(_ help: String) -> String {
        var text = ""
        for scalar in help.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
