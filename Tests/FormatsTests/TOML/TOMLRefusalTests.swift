// What TOML 1.0 forbids, and seeded damage to what it allows.
import Formats
import TestSupport
import Testing

@Suite("TOML refusals") struct TOMLRefusalTests {
    @Test(
        "says where, what and what to do",
        arguments: [
            (
                "a = 1\na = 2",
                "line 2, column 1: a is set already at line 1, column 1; keep one of the two"
            ),
            (
                "a = 1\na.b = 2",
                "line 2, column 1: a is a value, set at line 1, column 1, and can have no keys below it; rename one of the two"
            ),
            (
                "[a]\n[a]",
                "line 2, column 2: table a is defined already at line 1, column 2; put the keys of both under one header"
            ),
            (
                "[a]\nb.c = 1\n[a.b]",
                "line 3, column 4: table a.b is defined already at line 2, column 1; put the keys of both under one header"
            ),
            (
                "a = {}\n[a.b]",
                "line 2, column 2: a is complete as written at line 1, column 1; write all of it there, inside its brackets"
            ),
            (
                "a = []\n[[a]]",
                "line 2, column 3: a at line 1, column 1 is not an array of tables; use [[a]] for all of them or rename"
            ),
            (
                "[a.b.c]\nz=9\n[a]\nb.c.t = 1",
                "line 4, column 3: table b.c has a header of its own at line 1, column 6; put the key under that header"
            ),
            (
                "a = \"x",
                "line 1, column 5: the string that begins here has no end; close it with \""
            ),
            (
                "a = '''x''",
                "line 1, column 5: the string that begins here has no end; close it with '''"
            ),
            (
                "a = \"\\x41\"",
                "line 1, column 6: \\x is no escape; use \\b \\t \\n \\f \\r \\\" \\\\ \\uXXXX or \\UXXXXXXXX, or a 'literal string'"
            ),
            (
                "a = \"\\ud800\"",
                "line 1, column 6: \\ud800 is no escape; use \\b \\t \\n \\f \\r \\\" \\\\ \\uXXXX or \\UXXXXXXXX, or a 'literal string'"
            ),
            (
                "a = \u{1}",
                "line 1, column 5: control character U+0001; remove it, or write \\u0001 in a \"string\""
            ),
            (
                "# x\ry",
                "line 1, column 4: carriage return without line feed; end lines with LF or CR LF"
            ),
            ("a = 1_", "line 1, column 5: 1_ is not a number: it ends in an underscore"),
            (
                "a = 9223372036854775808",
                "line 1, column 5: 9223372036854775808 does not fit 64 bits; use -9223372036854775808 to 9223372036854775807"
            ),
            (
                "a = 2023-02-29",
                "line 1, column 5: 2023-02-29 is not a date or time: month 2 of 2023 has no day 29"
            ),
            ("a = b", "line 1, column 5: found 'b', expected a value (a text needs \"quotes\")"),
            ("a = 1 b = 2", "line 1, column 7: found 'b', expected the end of the line"),
            (
                "= 1",
                "line 1, column 1: found '=', expected a key (letters, digits, _ and -, or quoted)"
            ),
            ("a", "line 1, column 2: found the end of the file, expected = after the key"),
            ("[a", "line 1, column 3: found the end of the file, expected ]"),
        ]
    )
    func text(document: String, refused: String) {
        #expect(refusal(Array(document.utf8)) == refused)
    }

    @Test(
        "takes nothing that the grammar does not",
        arguments: [
            "a = 01", "a = +0x1", "a = 0x", "a = 0xg", "a = 0X1", "a = 1__0", "a = _1", "a = 1.",
            "a = .5", "a = 1._5", "a = 1e", "a = 1e_1", "a = 1.e1", "a = 00.5", "a = 1e1.5",
            "a = Inf", "a = NaN", "a = infinity", "a = truee", "a = True", "a = -true", "a = +-1",
            "a = 1979-05-27T07:32", "a = 1979-05-27T24:00:00", "a = 1979-13-01", "a = 07:32",
            "a = 1979-05-27T", "a = 1979-05-27T07:32:00+25:00", "a = 7:32:00", "a = 07:60:00",
            "a = 1979-5-27", "a = 07:32:00.", "a = 07:32:61", "a = 07:32:00Z", "a = 1979-05-27Z",
            "a = 1979-05-2707:32:00", "a = 1979-05-27T07:32:00 Z",
            "a = {b = 1,}", "a = {b = 1\n}", "a = {,}", "a = {b = 1 c = 2}", "a = [1 2]", "a = [,]",
            "a = [1,,2]", "a = {b=1}\na.c=2", "a = {b.c=1, b=2}", "a = {b={}, b.c=1}",
            "a = \"\"\"\"\"\"\"\"\"", "a = ''''''''''", "a = \"\\\n\"", "a = \"\u{7f}\"",
            "a = '\u{0}'",
            "a = \"\"\"\\ x\"\"\"", "a = \"\\U00110000\"", "a = \"x\ny\"", "\"\"\"a\"\"\" = 1",
            "'''a''' = 1", "a.  = 1", ".a = 1", "a..b = 1", "é = 1", "a b = 1", "a\n= 1", "a =\n1",
            "[]", "[a.]", "[.a]", "[a..b]", "[a] b = 1", "[[a]", "[ [a]]", "[[a] ]", "[a]]",
            "[a\n]",
            "[[]]", "[a]\n[[a]]", "[[a]]\n[a]", "[a.b]\n[[a]]", "[[a.b]]\n[a]\nb.y = 2",
            "a.b = 1\n[a]", "[a.b.c]\n[a]\nb.d=1\n[a.b]", "a = 1\n[a.b]", "a = [{}]\n[a.b]",
            "a = [{}]\n[[a]]", "[t]\nk = {}\n[t.k.x]", "a = 1\rb = 2", "\r", "a = 1\r", "a",
            "\u{feff}\u{feff}a = 1", "a = 1 \u{b}", "# \u{8}", "a = \"\"\"\r\"\"\"",
        ]
    )
    func refused(document: String) {
        #expect(refusal(Array(document.utf8)) != "accepted")
    }

    @Test("never traps on damaged documents", arguments: 0..<40)
    func damage(seed: UInt64) {
        let whole = Array(
            """
            # header
            title = "TOML \\u00e9" # end
            [a.b]
            "k e" = '''x'''
            d = [1979-05-27T07:32:00Z, 07:32:00.5, 1_0.5e+3, 0xff, { x.y = [true, inf] }]
            [[c]]
            m = \"\"\"
            a \\
              b\"\"\"
            """.utf8
        )
        var random = SeededRandom(seed: seed)
        for _ in 0..<300 {
            let bytes = damaged(whole, &random)
            _ = refusal(bytes)
            _ = try? TOMLDocument.parseValue(bytes)
            _ = try? TOMLDocument.parseKey(bytes)
        }
    }

    @Test("a quoted key or text reads back as it was", arguments: 0..<20)
    func quoting(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let characters: [Unicode.Scalar] = [
            "a", "Z", "_", "-", "\"", "'", "\\", "\n", "\r", "\t", "\0", "\u{7f}", "é", "\u{301}",
            "😀", " ", ".",
        ]
        var text = ""
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            text.unicodeScalars.append(characters.randomElement(using: &random) ?? "a")
        }
        let document = "\(TOMLDocument.quotedKey(text)) = \(TOMLDocument.quotedString(text))"
        let table = try TOMLDocument.parse(Array(document.utf8))
        let entry = try #require(table.entries.first)
        #expect(Array(entry.key.utf8) == Array(text.utf8), "seed \(seed)")
        #expect(table[text]?.value == .string(text), "seed \(seed)")
    }
}

/// `whole` with a few bytes changed, cut, doubled or dropped.
func damaged(_ whole: [UInt8], _ random: inout some RandomNumberGenerator) -> [UInt8] {
    var bytes = whole
    for _ in 0..<Int.random(in: 1...4, using: &random) {
        guard !bytes.isEmpty else { return bytes }
        let at = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<6, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.removeSubrange(at...)
        case 2: bytes.remove(at: at)
        case 3: bytes.insert(whole.randomElement(using: &random) ?? 0, at: at)
        case 4:
            let end = min(bytes.count, at + Int.random(in: 1...20, using: &random))
            bytes.insert(contentsOf: Array(bytes[at..<end]), at: at)
        default: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
        }
    }
    return bytes
}
