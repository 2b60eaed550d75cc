// What patterns match, how they are refused, and that hostile ones stay cheap.

import Model
import Testing

@Suite("Pattern") struct PatternTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let pattern: String
        let yes: [String]
        let no: [String]

        init(_ pattern: String, _ yes: [String], not no: [String]) {
            self.pattern = pattern
            self.yes = yes
            self.no = no
        }

        var testDescription: String { pattern }
    }

    static let rows: [Row] = [
        Row("", [""], not: ["a", "\n"]),
        Row("foo", ["foo"], not: ["", "fo", "fooo", "xfoo"]),
        Row("a|b|c", ["a", "b", "c"], not: ["", "ab", "d"]),
        Row("(a|b)c", ["ac", "bc"], not: ["c", "abc"]),
        Row("ab?", ["a", "ab"], not: ["abb", ""]),
        Row("foo.*", ["foo", "foo\nbar"], not: ["fo", "xfoo"]),
        Row(".*foo", ["foo", "\nfoo"], not: ["foox"]),
        Row(".*foo.*", ["foo", "xfoox"], not: ["fo", ""]),
        Row("a.*b.*c", ["abc", "axbxc", "abbc"], not: ["acb", "ab", "ac"]),
        Row("ab.*ba", ["abba", "abxba"], not: ["aba"]),
        Row(".*", ["", "x", "\n"], not: []),
        Row(".+", ["x", "\n", "é"], not: [""]),
        Row("foo.+", ["foox"], not: ["foo"]),
        Row("(?-s).*", ["", "abc"], not: ["a\nb"]),
        Row("(?-s:.)x|(?s:.)y", ["ax", "\ny"], not: ["\nx"]),
        Row("[a-c]+", ["a", "cab"], not: ["", "d", "ad"]),
        Row("[^a-c]", ["d", "\n", "é", "\u{10ffff}"], not: ["a", "", "dd"]),
        Row("[]a]", ["]", "a"], not: ["[", ""]),
        Row("[^]a]", ["b"], not: ["]", "a"]),
        Row("[a-]", ["a", "-"], not: ["b"]),
        Row("[a\\-z]", ["a", "-", "z"], not: ["b"]),
        Row("[\\d_]+", ["1_2"], not: ["a"]),
        Row("[^\\d]", ["a"], not: ["1"]),
        Row("[[:alpha:]]+", ["abZ"], not: ["a1"]),
        Row("[[:^alpha:]x]+", ["1x"], not: ["a"]),
        Row("[:a]", [":", "a"], not: ["b"]),
        Row("[[:a]", [":", "a", "["], not: ["b"]),
        Row("\\d+\\s\\w+", ["12 a_1"], not: ["a b", "1\u{0b}a"]),
        Row("\\D\\S\\W", ["a!-"], not: ["1!-", "a -", "a!a"]),
        Row("é+", ["é", "éé"], not: ["e", "e\u{301}"]),
        Row("[à-ü]x", ["éx"], not: ["ex", "\u{e0}"]),
        Row("[α-ω]{2}", ["αω"], not: ["α", "αωα"]),
        Row("[\\x{1F600}-\\x{1F64F}]", ["😀", "🙏"], not: ["🙐", "a"]),
        Row("\\x41\\x{42}\\103\\.", ["ABC."], not: ["ABCx"]),
        Row("\\a\\f\\t\\n\\r\\v", ["\u{7}\u{c}\t\n\r\u{b}"], not: [""]),
        Row("\\Qa.b*\\E+c\\Q|", ["a.b*c|", "a.b**c|"], not: ["axb*c|"]),
        Row("(?i)foo", ["foo", "FOO", "fOo"], not: ["fo"]),
        Row("(?i)straße", ["STRAßE", "straẞe"], not: ["STRASSE"]),
        Row("(?i)k", ["k", "K", "\u{212a}"], not: ["x"]),
        Row("(?i)[a-z]+", ["AbC", "ſ"], not: ["1"]),
        Row("(?i)[^a]", ["b"], not: ["a", "A"]),
        Row("(?i:a)b", ["Ab", "ab"], not: ["aB"]),
        Row("a(?i)b|c", ["aB", "C", "ab"], not: ["Ab"]),
        Row("(a(?i)b)c", ["aBc"], not: ["aBC"]),
        Row("(?i)İ", ["İ"], not: ["i", "ı"]),
        Row("a{2}", ["aa"], not: ["a", "aaa"]),
        Row("a{2,}", ["aa", "aaaa"], not: ["a"]),
        Row("a{0,2}", ["", "aa"], not: ["aaa"]),
        Row("(ab){1,3}c", ["abc", "abababc"], not: ["c", "ababababc"]),
        Row("a{0}b", ["b"], not: ["ab"]),
        Row("a{,2}", ["a{,2}"], not: ["aa"]),
        Row("a{1", ["a{1"], not: ["a"]),
        Row("x{2}{", ["xx{"], not: ["xx"]),
        Row("^foo$", ["foo"], not: ["foo\n"]),
        Row("^^foo$$", ["foo"], not: [""]),
        Row("a^b", [], not: ["ab", "a\nb"]),
        Row("(?m)a$\n^b", ["a\nb"], not: ["ab"]),
        Row("(?m)a.^b$.*", ["a\nb\nc"], not: ["a\nbc", "axb"]),
        Row("\\Aa\\z|b", ["a", "b"], not: ["ab"]),
        Row("a*$^", [""], not: ["a"]),
        Row(".*\\bfoo\\b.*", ["foo", "a foo b"], not: ["afoo", "foob"]),
        Row("a\\Bb", ["ab"], not: ["a b"]),
        Row("(a*)*b", ["b", "aaab"], not: ["a"]),
        Row("(a|b|)*?c", ["c", "abac"], not: ["ab"]),
        Row("(?P<x>a)(?<y>b)(?:c)", ["abc"], not: ["ab"]),
        Row("(?U)a+?", ["a", "aa"], not: [""]),
        Row("()", [""], not: ["x"]),
        Row("a||b", ["a", "", "b"], not: ["ab"]),
        Row("[^\\x00-\\x{10FFFF}]", [], not: ["", "a"]),
        Row("\\x{d800}", [], not: ["", "\u{fffd}"]),
        Row("a(?i)*", ["", "aa"], not: ["A"]),
        Row("\\_\\-\\%\\]", ["_-%]"], not: [""]),
    ]

    @Test("matches what RE2 matches, anchored at both ends", arguments: rows)
    func matches(row: Row) throws {
        let pattern = try Pattern(row.pattern)
        for text in row.yes { #expect(pattern.matches(text), "\(text)") }
        for text in row.no { #expect(!pattern.matches(text), "\(text)") }
        // Once more with the automaton warm, and by the way that captures.
        for text in row.yes { #expect(pattern.captures(text)?.first == 0..<text.utf8.count) }
        for text in row.no { #expect(pattern.captures(text) == nil, "\(text)") }
    }

    @Test(
        "is refused with RE2's words",
        arguments: [
            ("(", "missing closing ): `(`", 0),
            ("ab(cd", "missing closing ): `ab(cd`", 2),
            ("a)b", "unexpected ): `a)b`", 1),
            ("x[a", "missing closing ]: `[a`", 1),
            ("[", "missing closing ]: `[`", 0),
            ("[]", "missing closing ]: `[]`", 0),
            ("[z-a]", "invalid character class range: `z-a`", 1),
            ("[[:foo:]]", "invalid character class range: `[:foo:]`", 1),
            ("a\\", "trailing backslash at end of expression: ``", 1),
            ("a\\y", "invalid escape sequence: `\\y`", 1),
            ("\\8", "invalid escape sequence: `\\8`", 0),
            ("\\1", "invalid escape sequence: `\\1`", 0),
            ("\\Z", "invalid escape sequence: `\\Z`", 0),
            ("\\xg", "invalid escape sequence: `\\x`", 0),
            ("\\é", "invalid escape sequence: `\\é`", 0),
            ("*a", "missing argument to repetition operator: `*`", 0),
            ("a|+", "missing argument to repetition operator: `+`", 2),
            ("({2})", "missing argument to repetition operator: `{2}`", 1),
            ("a**", "invalid nested repetition operator: `**`", 1),
            ("a+?{2}", "invalid nested repetition operator: `+?{2}`", 1),
            ("a{1001}", "invalid repeat count: `{1001}`", 1),
            ("a{2,1}", "invalid repeat count: `{2,1}`", 1),
            ("(a{100}){11}", "invalid repeat count: `{11}`", 8),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`", 0),
            ("(?<!a)", "invalid or unsupported Perl syntax: `(?<!`", 0),
            ("(?i-)", "invalid or unsupported Perl syntax: `(?i-)`", 0),
            ("(?P<1-a>x)", "invalid named capture: `(?P<1-a>`", 0),
            ("(?P<n", "invalid named capture: `(?P<n`", 0),
            ("(?P<n>a)(?P<n>b)", "invalid named capture: `(?P<n>`", 8),
            ("a\\pL", "Unicode classes are not supported, write a range: `\\pL`", 1),
            ("[\\p{Greek}]", "Unicode classes are not supported, write a range: `\\p{Greek}`", 1),
        ] as [(String, String, Int)]
    )
    func refused(text: String, message: String, offset: Int) {
        let error = #expect(throws: PatternError.self) { try Pattern(text) }
        #expect(error?.description == "error parsing regexp: " + message)
        #expect(error?.offset == offset)
    }

    @Test(
        "knows the finite set that it stands for",
        arguments: [
            ("a|b|c", ["a", "b", "c"]), ("(c|a)b?", ["a", "ab", "c", "cb"]), ("", [""]),
            ("foo", ["foo"]), ("^(?:foo|bar)$", ["bar", "foo"]), ("[a-c]x", ["ax", "bx", "cx"]),
            ("(?i)ab", ["AB", "Ab", "aB", "ab"]), ("a{2,3}", ["aa", "aaa"]), ("a|a|a", ["a"]),
            ("foo.*", nil), ("[a-z]{3}", nil), ("a+", nil), ("\\bfoo", nil),
            ("é|e\u{301}", ["e\u{301}", "é"]),
        ] as [(String, [String]?)]
    )
    func literals(text: String, literals: [String]?) throws {
        #expect(
            try Pattern(text).literals.map { $0.map { Array($0.utf8) } }
                == literals.map { $0.map { Array($0.utf8) } }
        )
    }

    @Test("a long alternation stays a set")
    func longAlternation() throws {
        let words = (0..<10_000).map { "host-\($0)\\.example\\.org" }
        let pattern = try Pattern(words.joined(separator: "|"))
        #expect(pattern.literals?.count == 10_000)
        #expect(pattern.matches("host-9999.example.org"))
        #expect(!pattern.matches("host-10000.example.org"))
        #expect(pattern.prefix == "host-")
    }

    @Test(
        "knows the text that every match begins with",
        arguments: [
            ("foo.*", "foo"), ("foo[a-z]+", "foo"), ("fo(o|x)+", "fo"), (".*foo", ""), ("a|b", ""),
            ("node_(cpu|disk)", "node_"), ("é|è", ""), ("(?i)foo", ""), ("^foo.+", "foo"),
            ("a*", ""),
        ]
    )
    func prefix(text: String, prefix: String) throws {
        #expect(try Pattern(text).prefix == prefix)
    }

    @Test(
        "captures by RE2's preference",
        arguments: [
            ("(.*)", "ab", ["ab"]), ("([^:]+)(?::(\\d+))?", "host:9100", ["host", "9100"]),
            ("([^:]+)(?::(\\d+))?", "host", ["host", nil]), ("(a*)(a*)", "aaa", ["aaa", ""]),
            ("(a*?)(a*)", "aaa", ["", "aaa"]), ("(?U)(a*)(a*)", "aaa", ["", "aaa"]),
            ("(a|ab)(c|bcd)?(d*)", "abcd", ["a", "bcd", ""]), ("(?:(a)|b)*", "ab", ["a"]),
            ("(a+)+", "aaa", ["aaa"]), ("((a)|(b))+", "ab", ["b", "a", "b"]),
            ("(a{1,2})(a{1,2})", "aaa", ["aa", "a"]), ("(é+)x", "ééx", ["éé"]),
            ("(?P<job>\\w+)-\\d+", "api-1", ["api"]), ("(|a)*", "aa", ["a"]),
            ("(|a)+", "aa", ["a"]),
            ("(a*)*", "", [""]), ("(\\b\\w)\\w*", "word", ["w"]), ("foo", "foo", []),
            // One part that varies: the text's length says where the groups are.
            ("node_(.*)_total", "node_cpu_total", ["cpu"]), ("(a)(b)(.*)", "ab", ["a", "b", ""]),
            ("(.*)(x)(é)", "axé", ["a", "x", "é"]),
            ("((.+):(\\d{2}))y", "h:12y", ["h:12", "h", "12"]),
            ("()(.*)()", "é", ["", "é", ""]), ("([ab]|c)(.*?)(d|é)", "cxé", ["c", "x", "é"]),
            ("(?:xy|z)(\\d)", "xy1", ["1"]), ("(?:ab){2}(.?)c", "ababéc", ["é"]),
            // Two that vary.
            ("(.*)-(.*)", "a-b-c", ["a-b", "c"]), ("(.*?)-(.*)", "a-b-c", ["a", "b-c"]),
            ("(a|é)(.*)", "éx", ["é", "x"]), ("(x{0})(.)(y{0,})", "éy", ["", "é", "y"]),
        ] as [(String, String, [String?])]
    )
    func captures(text: String, subject: String, groups: [String?]) throws {
        let found = try #require(try Pattern(text).captures(subject))
        let bytes = Array(subject.utf8)
        #expect(
            found.dropFirst().map { $0.map { String(decoding: bytes[$0], as: UTF8.self) } }
                == groups
        )
    }

    @Test("expensive patterns are refused or stay linear")
    func hostile() throws {
        let long = String(repeating: "a", count: 20_000)
        #expect(try !Pattern("(a*)*b").matches(long))
        #expect(try !Pattern("(a|aa)+b").matches(long))
        #expect(try !Pattern("(?:a?){500}a{500}b").matches(String(repeating: "a", count: 2000)))
        #expect(try Pattern("(x+x+)+y|a*").matches(long))
        for text in [
            String(repeating: "(", count: 100_000), String(repeating: "(?:", count: 100_000),
            String(repeating: "(", count: 300) + String(repeating: ")", count: 300),
        ] {
            #expect(throws: PatternError.self) { try Pattern(text) }
        }
        let wide = "(?:[^a]{500}[^b]{499}x|"
        let error = #expect(throws: PatternError.self) {
            try Pattern(
                String(repeating: wide, count: 40) + "y" + String(repeating: ")", count: 40)
            )
        }
        #expect(error?.reason == .tooLarge)
        #expect(
            try Pattern(
                String(repeating: "(?:a|", count: 200) + "b" + String(repeating: ")", count: 200)
            ).matches("b")
        )
    }

    @Test("an automaton that outgrows its bound starts anew")
    func manyStates() throws {
        // 2^14 states if all were kept.
        let pattern = try Pattern("[ab]*a[ab]{13}")
        var random = SeededText(seed: 5)
        for _ in 0..<200 {
            let text = random.text(of: ["a", "b"], upTo: 200)
            let bytes = Array(text.utf8)
            let expected = bytes.count >= 14 && bytes[bytes.count - 14] == UInt8(ascii: "a")
            #expect(pattern.matches(text) == expected)
        }
    }

    @Test("is one pattern to many threads")
    func shared() async throws {
        let pattern = try Pattern("[a-f]+x?[0-9]*")
        await withTaskGroup(of: Bool.self) { group in
            for round in 0..<8 {
                group.addTask {
                    (0..<200).allSatisfy {
                        pattern.matches("abc\($0)") && !pattern.matches("abc\($0)y\(round)")
                    }
                }
            }
            for await held in group { #expect(held) }
        }
    }
}
