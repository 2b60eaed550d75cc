import Model
import TestSupport
import Testing

@testable import PromQL

@Suite("PromQL parser") struct ParserTests {
    @Test(
        "prints what it parsed in canonical form",
        arguments: [
            ("1", "1"),
            ("+1", "1"),
            ("-1.5e3", "-1500"),
            ("0x1F", "31"),
            ("0755", "493"),
            ("1_000.5", "1000.5"),
            (".5", "0.5"),
            ("5.", "5"),
            ("Inf", "+Inf"),
            ("-iNf", "-Inf"),
            ("nan", "NaN"),
            ("1h30m", "1h30m"),
            ("5m", "5m"),
            ("1 + 2 * 3 ^ 2", "1 + 2 * 3 ^ 2"),
            ("-1^2", "-1 ^ 2"),
            ("(1)", "(1)"),
            ("'a\\'b'", "\"a'b\""),
            ("`a\\n`", "\"a\\\\n\""),
            ("\"\\x41\\u00e9\\101\"", "\"AéA\""),
            ("foo", "foo"),
            ("foo:bar:baz", "foo:bar:baz"),
            ("foo{}", "foo"),
            ("foo{a='b', c!=\"d\",e=~`f.*`,g!~'h',}", "foo{a=\"b\",c!=\"d\",e=~\"f.*\",g!~\"h\"}"),
            ("{__name__=\"foo\"}", "{__name__=\"foo\"}"),
            ("{\"foo\", a=\"b\"}", "foo{a=\"b\"}"),
            ("{\"foo.bar\", \"a.b\"=\"c\"}", "{\"foo.bar\",\"a.b\"=\"c\"}"),
            ("foo[5m]", "foo[5m]"),
            ("foo[300]", "foo[5m]"),
            ("foo offset 5m", "foo offset 5m"),
            ("foo offset -1h", "foo offset -1h"),
            ("foo[5m] offset 1d", "foo[5m] offset 1d"),
            ("foo @ 10", "foo @ 10.000"),
            ("foo @ -1.5 offset 1m", "foo @ -1.500 offset 1m"),
            ("foo[1m] offset 5m @ start()", "foo[1m] @ start() offset 5m"),
            ("foo @ end()", "foo @ end()"),
            ("foo[10m:1m]", "foo[10m:1m]"),
            ("rate(foo[1m])[1h:] offset 2m", "rate(foo[1m])[1h:] offset 2m"),
            ("sum(foo)", "sum(foo)"),
            ("SUM BY (a,b)(foo)", "sum by (a, b) (foo)"),
            ("sum(foo) without(a,)", "sum without (a) (foo)"),
            ("sum by () (foo)", "sum(foo)"),
            ("sum without () (foo)", "sum without () (foo)"),
            ("sum by (\"a.b\") (foo)", "sum by (\"a.b\") (foo)"),
            ("topk(5, foo)", "topk(5, foo)"),
            ("count_values(\"v\", foo)", "count_values(\"v\", foo)"),
            ("limit_ratio(0.5, foo)", "limit_ratio(0.5, foo)"),
            ("a == bool b", "a == bool b"),
            ("a + on(x) b", "a + on (x) b"),
            ("a / ignoring(x, y) group_left(z) b", "a / ignoring (x, y) group_left (z) b"),
            ("a / ignoring() group_right b", "a / ignoring () group_right () b"),
            ("a * on() group_right b", "a * on () group_right () b"),
            ("a and b or c unless d", "a and b or c unless d"),
            ("a atan2 b", "a atan2 b"),
            ("sum + by", "sum + by"),
            ("offset offset 1m", "offset offset 1m"),
            ("start", "start"),
            ("rate", "rate"),
            ("sum by (on, bool, by) (avg)", "sum by (on, bool, by) (avg)"),
            ("foo # comment\n + bar", "foo + bar"),
            (
                "histogram_quantile(0.9, rate(a_bucket[5m]))",
                "histogram_quantile(0.9, rate(a_bucket[5m]))"
            ),
            ("-foo", "-foo"),
            ("+foo", "+foo"),
            ("--foo", "--foo"),
            ("time()", "time()"),
            ("day_of_week()", "day_of_week()"),
            (
                "label_join(a, \"b\", \",\", \"c\", \"d\")",
                "label_join(a, \"b\", \",\", \"c\", \"d\")"
            ),
        ]
    )
    func canonical(text: String, printed: String) throws {
        let expr = try PromQLParser.parse(text)
        #expect(expr.description == printed)
        #expect(try PromQLParser.parse(printed).description == printed)
    }

    @Test(
        "binds operators as Prometheus does",
        arguments: [
            ("1 + 2 * 3", "(1 + (2 * 3))"),
            ("1 * 2 + 3", "((1 * 2) + 3)"),
            ("1 - 2 - 3", "((1 - 2) - 3)"),
            ("2 ^ 3 ^ 2", "(2 ^ (3 ^ 2))"),
            ("-a ^ 2", "-((a ^ 2))"),
            ("-a * 2", "(-(a) * 2)"),
            ("2 ^ -a", "(2 ^ -(a))"),
            ("2 ^ -a * 3", "((2 ^ -(a)) * 3)"),
            ("a or b and c", "(a or (b and c))"),
            ("a > b + c", "(a > (b + c))"),
            ("a atan2 b * c", "((a atan2 b) * c)"),
            ("a + b offset 5m", "(a + b offset 5m)"),
            ("a == b or c", "((a == b) or c)"),
        ]
    )
    func precedence(text: String, tree: String) throws {
        #expect(Self.bracketed(try PromQLParser.parse(text)) == tree)
    }

    private static func bracketed(_ expr: Expr) -> String {
        switch expr {
        case .binary(let binary):
            "(\(bracketed(binary.left)) \(binary.operation.rawValue) \(bracketed(binary.right)))"
        case .unary(let unary): "\(unary.isNegative ? "-" : "+")(\(bracketed(unary.operand)))"
        default: "\(expr)"
        }
    }

    @Test(
        "says what is wrong and where",
        arguments: [
            ("", "1:1: parse error: no expression found in input"),
            ("# only", "1:1: parse error: no expression found in input"),
            ("1 +", "1:4: parse error: unexpected end of input"),
            (".", "1:1: parse error: unexpected character: '.'"),
            ("100..4", "1:1: parse error: bad number or duration syntax: \"100..\""),
            ("2.5.", "1:1: parse error: bad number or duration syntax: \"2.5.\""),
            ("0deadbeef", "1:1: parse error: bad number or duration syntax: \"0de\""),
            ("1d12", "1:1: parse error: bad number or duration syntax: \"1d12\""),
            ("*1", "1:1: parse error: unexpected <op:*>"),
            ("(1))", "1:4: parse error: unexpected right parenthesis ')'"),
            ("((1)", "1:5: parse error: unclosed left parenthesis"),
            ("(", "1:2: parse error: unclosed left parenthesis"),
            (
                "1 and 1",
                "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"
            ),
            ("1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"),
            (
                "1 + bool 1",
                "1:3: parse error: bool modifier can only be used on comparison operators"
            ),
            (
                "-\"string\"",
                "1:1: parse error: unary expression only allowed on expressions of type scalar "
                    + "or instant vector, got \"string\""
            ),
            (
                "-test[5m]",
                "1:1: parse error: unary expression only allowed on expressions of type scalar "
                    + "or instant vector, got \"range vector\""
            ),
            ("1 !~ 1", "1:3: parse error: unexpected character after '!': '~'"),
            ("1 =~ 1", "1:3: parse error: unexpected character after '=': '~'"),
            (
                "1 offset 1d",
                "1:1: parse error: offset modifier must be preceded by an instant vector selector "
                    + "or range vector selector or a subquery"
            ),
            (
                "foo offset 1s offset 2s",
                "1:1: parse error: offset may not be set multiple times"
            ),
            ("foo @ 1 @ 2", "1:1: parse error: @ <timestamp> may not be set multiple times"),
            (
                "foo @ bar",
                "1:7: parse error: unexpected identifier \"bar\" in @, expected timestamp"
            ),
            ("a - on(b) ignoring(c) d", "1:11: parse error: unexpected <ignoring>"),
            (
                "a + on(b) group_left(b) c",
                "1:3: parse error: label \"b\" must not occur in ON and GROUP clause at once"
            ),
            (
                "a and on(b) group_left(c) d",
                "1:1: parse error: no grouping allowed for \"and\" operation"
            ),
            (
                "1 + on(b) foo",
                "1:1: parse error: vector matching only allowed between instant vectors"
            ),
            (
                "foo[5m] + 1",
                "1:1: parse error: binary expression must contain only scalar and instant vector "
                    + "types"
            ),
            ("{", "1:2: parse error: unexpected end of input inside braces"),
            ("}", "1:1: parse error: unexpected character: '}'"),
            (
                "some{a}",
                "1:7: parse error: unexpected \"}\" in label matching, "
                    + "expected label matching operator"
            ),
            (
                "some{a=b}",
                "1:8: parse error: unexpected identifier \"b\" in label matching, expected string"
            ),
            (
                "some{a==\"b\"}",
                "1:8: parse error: unexpected \"=\" in label matching, expected string"
            ),
            (
                "some{a=\"b\" c=\"d\"}",
                "1:12: parse error: unexpected identifier \"c\" in label matching, "
                    + "expected \",\" or \"}\""
            ),
            (
                "some{,}",
                "1:6: parse error: unexpected \",\" in label matching, "
                    + "expected identifier or \"}\""
            ),
            ("some{a>1}", "1:7: parse error: unexpected character inside braces: '>'"),
            ("{}", "1:1: parse error: vector selector must contain at least one non-empty matcher"),
            (
                "{a=~\".*\"}",
                "1:1: parse error: vector selector must contain at least one non-empty matcher"
            ),
            (
                "foo{__name__=\"bar\"}",
                "1:1: parse error: metric name must not be set twice: \"foo\" or \"bar\""
            ),
            ("foo{a=~\"[\"}", "1:5: parse error: error parsing regexp: missing closing ]: `[`"),
            ("foo[5m] [5m]", "1:9: parse error: ranges only allowed for vector selectors"),
            ("foo offset 1m[5m]", "1:14: parse error: no offset modifiers allowed before range"),
            (
                "foo[]",
                "1:5: parse error: unexpected \"]\" in subquery or range selector, "
                    + "expected number or duration"
            ),
            (
                "foo[-1]",
                "1:5: parse error: unexpected <op:-> in subquery or range selector, "
                    + "expected number or duration"
            ),
            ("foo[0m]", "1:5: parse error: duration must be greater than 0"),
            ("foo[0]", "1:5: parse error: duration must be greater than 0"),
            (
                "foo[5m30]",
                "1:5: parse error: bad number or duration syntax: \"5m30\""
            ),
            ("foo[5m", "1:7: parse error: unclosed left bracket"),
            ("foo[5m:1m:1m]", "1:10: parse error: unexpected colon ':'"),
            ("foo[1m5h]", "1:5: parse error: not a valid duration string: \"1m5h\""),
            ("foo[1000y]", "1:5: parse error: duration out of range"),
            ("sum()", "1:1: parse error: no arguments for aggregate expression provided"),
            (
                "sum(1)",
                "1:5: parse error: expected type instant vector in aggregation expression, "
                    + "got scalar"
            ),
            (
                "sum(foo[5m])",
                "1:5: parse error: expected type instant vector in aggregation expression, "
                    + "got range vector"
            ),
            (
                "topk(foo)",
                "1:1: parse error: wrong number of arguments for aggregate expression provided, "
                    + "expected 2, got 1"
            ),
            (
                "topk(foo, bar)",
                "1:6: parse error: expected type scalar in aggregation parameter, "
                    + "got instant vector"
            ),
            (
                "count_values(5, foo)",
                "1:14: parse error: expected type string in aggregation parameter, got scalar"
            ),
            (
                "sum some_metric by (test)",
                "1:5: parse error: unexpected identifier \"some_metric\""
            ),
            (
                "sum without(==)(some_metric)",
                "1:13: parse error: unexpected <op:==> in grouping opts, expected label"
            ),
            ("sum (foo) without (a) by (b)", "1:23: parse error: unexpected <by>"),
            (
                "sum by foo (bar)",
                "1:8: parse error: unexpected identifier \"foo\" in grouping opts, expected \"(\""
            ),
            ("unknown(foo)", "1:1: parse error: unknown function with name \"unknown\""),
            ("floor()", "1:1: parse error: expected 1 argument(s) in call to \"floor\", got 0"),
            (
                "hour(a, b, c)",
                "1:1: parse error: expected at most 1 argument(s) in call to \"hour\", got 3"
            ),
            (
                "label_join(a)",
                "1:1: parse error: expected at least 3 argument(s) in call to \"label_join\", "
                    + "got 1"
            ),
            (
                "rate(foo)",
                "1:6: parse error: expected type range vector in call to function \"rate\", "
                    + "got instant vector"
            ),
            (
                "rate(foo[5m],)",
                "1:13: parse error: trailing commas not allowed in function call args"
            ),
            (
                "time()[5m:]",
                "1:1: parse error: subquery is only allowed on instant vector, "
                    + "got scalar instead"
            ),
            ("\"abc", "1:1: parse error: unterminated quoted string"),
            ("`abc", "1:1: parse error: unterminated raw string"),
            ("\"\\q\"", "1:1: parse error: unknown escape sequence U+0071 'q'"),
            (
                "\"\\xZZ\"",
                "1:1: parse error: illegal character U+005A 'Z' in escape sequence"
            ),
            ("foo bar", "1:5: parse error: unexpected identifier \"bar\""),
            (
                "foo \"a string that is long\"",
                "1:5: parse error: unexpected string \"\\\"a string \"..."
            ),
            ("foo\n  + \n ]", "3:2: parse error: unexpected right bracket ']'"),
            ("foo $ bar", "1:5: parse error: unexpected character: '$'"),
            (
                "0x",
                "1:1: parse error: error parsing number: strconv.ParseFloat: parsing \"0x\": "
                    + "invalid syntax"
            ),
        ]
    )
    func refusals(text: String, message: String) {
        let error = #expect(throws: PromQLError.self) { try PromQLParser.parse(text) }
        #expect(error?.description == message)
    }

    @Test("refuses hostile nesting instead of exhausting the stack")
    func nesting() {
        let count = 100_000
        let texts = [
            String(repeating: "(", count: count) + "1" + String(repeating: ")", count: count),
            String(repeating: "-", count: count) + "foo",
            "1" + String(repeating: "+1", count: count),
            "2" + String(repeating: "^2", count: count),
            "foo" + String(repeating: "[1m:1m]", count: count),
            String(repeating: "abs(", count: count) + "foo",
        ]
        for text in texts {
            let error = #expect(throws: PromQLError.self) { try PromQLParser.parse(text) }
            #expect(
                error?.text == "expression is nested too deeply (at most 512 levels)"
            )
        }
    }

    @Test("random tokens never trap, and what parses prints to something that parses the same")
    func fuzz() throws {
        let seed: UInt64 = 20_260_101
        var random = SeededRandom(seed: seed)
        let pieces = [
            "foo", "bar", "{", "}", "(", ")", "[", "]", "5m", "1", "0x1F", "a", "=", "!=", "=~",
            "\"x\"", "'", "`", ",", ":", "@", "offset", "by", "without", "on", "ignoring", "bool",
            "group_left", "sum", "topk", "rate", "+", "-", "*", "^", "==", "<", "and", "or", "#",
            "\n", " ", "start()", "time()", "é", "\u{0}", "\\", "1e999", "99999999999y", "nan",
        ]
        for _ in 0..<4000 {
            var text = ""
            for _ in 0..<Int(random.next() % 12 + 1) {
                text += pieces[Int(random.next() % UInt64(pieces.count))]
                if random.next() % 3 > 0 { text += " " }
            }
            guard let expr = try? PromQLParser.parse(text) else { continue }
            let printed = expr.description
            let again = try? PromQLParser.parse(printed)
            #expect(again?.description == printed, "seed \(seed), text \(text)")
        }
    }
}
