// What a command takes, stated once: parsing, help and "did you mean" all read it from here.

/// A command of the program.
struct CommandSpec: Sendable {
    /// One `--name`.
    struct Option: Sendable {
        let name: String
        /// What the value is called in the help; nil for a switch that has none.
        let value: String?
        let help: String
        /// Whether it may come more than once.
        var repeats = false
    }

    let name: String
    /// The arguments without a name, as the help writes them.
    let operands: String
    /// How many there may be.
    let operandCount: ClosedRange<Int>
    /// One sentence without a full stop.
    let summary: String
    let options: [Option]
    /// Further lines of the help, each at most 78 columns.
    var notes: [String] = []

    /// The text of `tsdb-agent NAME --help`.
    var help: String {
        let operands = operands.isEmpty ? "" : " \(operands)"
        var text = "Usage: tsdb-agent \(name)\(operands)\(options.isEmpty ? "" : " [options]")\n\n"
        text += "\(summary).\n"
        if !notes.isEmpty { text += "\n" + notes.joined(separator: "\n") + "\n" }
        let rows = options.map { option in
            ("--\(option.name)\(option.value.map { " \($0)" } ?? "")", option.help)
        }
        text += "\nOptions:\n" + Columns.text(rows + [("--help", "this text")], indent: "  ")
        return text
    }
}

/// Two columns of text.
enum Columns {
    /// The rows, one a line, the second column in line.
    static func text(_ rows: [(String, String)], indent: String) -> String {
        let width = rows.map(\.0.count).max() ?? 0
        return rows.map { row in
            let gap = String(repeating: " ", count: width - row.0.count + 2)
            return row.1.isEmpty ? "\(indent)\(row.0)\n" : "\(indent)\(row.0)\(gap)\(row.1)\n"
        }.joined()
    }
}
