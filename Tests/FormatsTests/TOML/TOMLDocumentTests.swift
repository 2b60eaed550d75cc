// The grammar, table by table: what is read, and the exact text of every refusal.
import Formats
import Testing

@Suite("TOML document") struct TOMLDocumentTests {
    @Test(
        "reads one value of every kind",
        arguments: [
            (#""a\tb\u00e9\U0001F600\\\"""#, TOMLValue.string("a\tbé😀\\\"")),
            (#"'a\tb'"#, .string(#"a\tb"#)),
            ("\"\"\"\nab\r\nc\"\"\"", .string("ab\nc")),
            ("\"\"\"a \\\n   \n  b\"\"\"", .string("a b")),
            ("\"\"\"a\"\"\"\"\"", .string("a\"\"")),
            ("'''\n'a' ''b'''''", .string("'a' ''b''")),
            ("+1_000", .integer(1000)), ("-0", .integer(0)),
            ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min)),
            ("0xdead_BEEF", .integer(0xdead_beef)), ("0o17", .integer(15)), ("0b1_0", .integer(2)),
            ("0x7fffffffffffffff", .integer(.max)),
            ("1.5", .float(1.5)), ("-0.0", .float(-0.0)), ("6.626e-34", .float(6.626e-34)),
            ("1e06", .float(1e6)), ("+1_0.0_1", .float(10.01)), ("inf", .float(.infinity)),
            ("-inf", .float(-.infinity)), ("true", .boolean(true)), ("false", .boolean(false)),
        ]
    )
    func value(text: String, value: TOMLValue) throws {
        #expect(try TOMLDocument.parseValue(Array(text.utf8)).value == value)
    }

    @Test("reads nan", arguments: ["nan", "+nan", "-nan"])
    func nan(text: String) throws {
        guard case .float(let value) = try TOMLDocument.parseValue(Array(text.utf8)).value else {
            Issue.record("not a float")
            return
        }
        #expect(value.isNaN)
    }

    @Test(
        "reads dates and times",
        arguments: [
            ("1979-05-27T07:32:00Z", "1979-05-27T07:32:00Z"),
            ("1979-05-27t07:32:00.50z", "1979-05-27T07:32:00.5Z"),
            ("1979-05-27 00:32:00.999999999999-07:00", "1979-05-27T00:32:00.999999999-07:00"),
            ("1979-05-27T07:32:00", "1979-05-27T07:32:00"), ("1979-05-27", "1979-05-27"),
            ("07:32:00.1", "07:32:00.1"), ("2000-02-29", "2000-02-29"),
        ]
    )
    func dates(text: String, written: String) throws {
        guard case .dateTime(let value) = try TOMLDocument.parseValue(Array(text.utf8)).value else {
            Issue.record("not a date")
            return
        }
        #expect(value.description == written)
    }

    @Test("keeps order and places of keys, tables and lists of tables")
    func structure() throws {
        let text = """
            \u{feff}title = "x" # comment
            a.b.c = 1
            "quoted é".'k' = [1, [2, ], # in between
              { x.y = 3, z = {} } ]

            [ server . web ]
            on = true
            [[jobs]]
            name = "one"
            [jobs.inner]
            k = 1
            [[jobs]]
            [server]
            port = 80
            """
        let table = try TOMLDocument.parse(Array(text.utf8))
        #expect(
            shown(.table(table)) == """
                {title@1:1=x@1:9 a@2:1={b@2:3={c@2:5=1@2:9}@2:3}@2:1 \
                quoted é@3:1={k@3:12=[1@3:19 [2@3:23]@3:22 \
                {x@4:5={y@4:7=3@4:11}@4:5 z@4:14={}@4:18}@4:3]@3:18}@3:1 \
                server@6:3={web@6:12={on@7:1=true@7:6}@6:12 port@14:1=80@14:8}@13:2 \
                jobs@8:3=[{name@9:1=one@9:8 inner@10:7={k@11:1=1@11:5}@10:7}@8:3 {}@12:3]@8:3}
                """
        )
    }

    @Test(
        "adds to tables where the specification allows it",
        arguments: [
            "[x.y.z.w]\n[x]", "[a.b]\nc=1\n[a]\nd=2", "a.b=1\na.c=2\n[a.d]\n[a.d.e]",
            "[fruit]\napple.color=1\napple.taste.sweet=true\n[fruit.apple.texture]",
            "[[a.b]]\n[a.b.c]\n[[a.b]]\n[a.b.c]\n[[a.b.c.d]]", "[a.b.c]\n[a]\nb.d=1",
            "[[a]]\nb.c=1\n[[a]]\nb.c=2", "3.14 = 1\n3.15 = 2", "\"\" = 1\n'a.b' = 2\na.b = 3",
            "\"e\u{301}\" = 1\n\"é\" = 2", "a = 1\r\nb = 2\r\n", "", "\n\t \n", "# only\u{7fff}",
        ]
    )
    func allowed(text: String) throws {
        _ = try TOMLDocument.parse(Array(text.utf8))
    }

    @Test("refuses what is not UTF-8 with its place")
    func encoding() {
        let bytes = Array("a = \"é\"\nb = \"".utf8) + [0xed, 0xa0, 0x80] + Array("\"".utf8)
        #expect(
            refusal(bytes)
                == "line 2, column 6: byte 0xED is not UTF-8; save the file as UTF-8"
        )
    }

    @Test("refuses nesting without end")
    func depth() {
        let arrays = "a = " + String(repeating: "[", count: 200_000)
        let tables = "a = " + String(repeating: "{a=", count: 200_000)
        let keys = String(repeating: "a.", count: 200_000) + "b = 1"
        #expect(
            refusal(Array(arrays.utf8))
                == "line 1, column 133: nested more than 128 levels deep; flatten it"
        )
        #expect(
            refusal(Array(tables.utf8))
                == "line 1, column 389: nested more than 128 levels deep; flatten it"
        )
        #expect(
            refusal(Array(keys.utf8))
                == "line 1, column 257: nested more than 128 levels deep; flatten it"
        )
    }

    private func shown(_ value: TOMLValue) -> String {
        switch value {
        case .string(let text): return text
        case .integer(let number): return "\(number)"
        case .float(let number): return "\(number)"
        case .boolean(let flag): return "\(flag)"
        case .dateTime(let date): return "\(date)"
        case .array(let items): return "[\(items.map(shown).joined(separator: " "))]"
        case .table(let table):
            let entries = table.entries.map {
                "\($0.key)@\(place($0.keyPosition))=\(shown($0.item))"
            }
            return "{\(entries.joined(separator: " "))}"
        }
    }

    private func shown(_ item: TOMLItem) -> String {
        "\(shown(item.value))@\(place(item.position))"
    }

    private func place(_ position: TOMLPosition) -> String { "\(position.line):\(position.column)" }
}

func refusal(_ bytes: [UInt8]) -> String {
    do throws(TOMLError) {
        _ = try TOMLDocument.parse(bytes)
        return "accepted"
    } catch {
        return error.description
    }
}
