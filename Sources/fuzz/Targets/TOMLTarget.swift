// agent.toml: any bytes give a table or an error with a place in the text.
import Formats

/// `TOMLDocument`.
struct TOMLTarget: FuzzTarget {
    static let name = "toml"

    private let mutator = ByteMutator(
        tokens: [
            "=", ".", ",", "[", "]", "[[", "]]", "{", "}", "\"", "'", "\"\"\"", "'''", "#", "\n",
            "\r\n", "\\u00e9", "\\U0010ffff", "\\ud800", "\\x", "\\", "\t", "true", "false", "inf",
            "-nan", "a", "a.b", "\"a\"", "1979-05-27T07:32:00Z", "07:32:00.5", "1979-02-30", "0x",
            "0o7", "0b1", "é", "\u{feff}", "[a]\n", "[[a]]\n", "a = 1\n", "a.b = 2\n",
        ] + ByteMutator.numbers
    )
    private let seeds: [[UInt8]] = [
        """
        title = "TOML"
        [owner]
        name = 'Tom' # comment
        dob = 1979-05-27T07:32:00-08:00
        "quoted key".sub = [ [1, 2], ["a", "b"], ]
        point = { x = 1, y.z = 2.5e3 }
        """,
        """
        [storage]
        base_path = "/var/lib/tsdb-agent"
        retention = "15d"
        [[scrape]]
        job = "node"
        targets = ["127.0.0.1:9100", "[::1]:9100"]
        labels = { env = "prod" }
        [[scrape.relabel]]
        regex = '(.*)\\.example'
        [[scrape]]
        job = "b"
        """,
        """
        a = \"""
        one \\
           two\"""
        b = '''
        x''y'''
        c = [0x1f, 0o17, 0b11, 1_000, -0.0, inf, nan, +1e6]
        d = 1979-05-27 07:32:00.999999
        e = 1979-05-27
        f = 07:32:00
        """,
        "a.b.c = 1\na.b.d = 2\n[a.e]\nx = \"\\u00e9\\t\\\"\"\n[x.y.z]\n[x]\n",
    ].map { Array($0.utf8) }

    init() {}

    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        let table: TOMLTable
        do throws(TOMLError) { table = try TOMLDocument.parse(input) } catch {
            let lines = input.count { $0 == 0x0a } + 1
            try FuzzFinding.unless(
                1...lines ~= error.position.line
                    && 1...(input.count + 1) ~= error.position.column,
                "\(error) is no place in \(lines) lines"
            )
            try checkParts(input)
            return false
        }
        try check(table)
        try FuzzFinding.unless(
            (try? TOMLDocument.parse(input)) == table || hasNaN(.table(table)),
            "two readings of the same text differ"
        )
        return true
    }

    // Reads the input as a value and as a key, as `--set key=value` does; errors are fine.
    private func checkParts(_ input: [UInt8]) throws(FuzzFinding) {
        if let item = try? TOMLDocument.parseValue(input) { try check(item.value) }
        if let key = try? TOMLDocument.parseKey(input) {
            try FuzzFinding.unless(!key.isEmpty, "a key without parts")
        }
    }

    private func check(_ table: TOMLTable) throws(FuzzFinding) {
        for (index, entry) in table.entries.enumerated() {
            let key = TOMLDocument.quotedKey(entry.key)
            let read = try? TOMLDocument.parseKey(Array(key.utf8))
            try FuzzFinding.unless(
                read?.count == 1 && read?.first?.utf8.elementsEqual(entry.key.utf8) == true,
                "the key \(key) reads as \(read ?? [])"
            )
            try FuzzFinding.unless(
                !table.entries[..<index].contains { $0.key.utf8.elementsEqual(entry.key.utf8) },
                "the key \(key) comes twice"
            )
            try check(entry.item.value)
        }
    }

    private func check(_ value: TOMLValue) throws(FuzzFinding) {
        switch value {
        case .string(let text):
            let quoted = TOMLDocument.quotedString(text)
            let read = try? TOMLDocument.parseValue(Array(quoted.utf8)).value
            try FuzzFinding.unless(read == value, "\(quoted) reads as \(String(describing: read))")
        case .array(let items): for item in items { try check(item.value) }
        case .table(let table): try check(table)
        case .integer, .float, .boolean, .dateTime: break
        }
    }

    private func hasNaN(_ value: TOMLValue) -> Bool {
        switch value {
        case .float(let number): number.isNaN
        case .array(let items): items.contains { hasNaN($0.value) }
        case .table(let table): table.entries.contains { hasNaN($0.item.value) }
        case .string, .integer, .boolean, .dateTime: false
        }
    }
}
