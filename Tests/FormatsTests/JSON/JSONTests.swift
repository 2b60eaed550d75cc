// JSON in both directions.
import Formats
import Model
import TestSupport
import Testing

@Suite("JSON") struct JSONTests {
    @Test("writes the shapes of Prometheus's API")
    func writes() {
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string("success")
        json.key("data")
        json.beginArray()
        json.labels(Labels([Label("__name__", "up"), Label("job", "a\"b")]))
        json.beginArray()
        json.timestamp(Timestamp(ms: 1_435_781_430_781))
        json.sampleValue(.infinity)
        json.endArray()
        json.beginObject()
        json.endObject()
        json.number(-3)
        json.number(1.5)
        json.number(Double.nan)
        json.bool(true)
        json.null()
        json.endArray()
        json.endObject()
        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == #"{"status":"success","data":[{"__name__":"up","job":"a\"b"},"#
                + #"[1435781430.781,"+Inf"],{},-3,1.5,null,true,null]}"#
        )
    }

    @Test(
        "writes times as seconds",
        arguments: [
            (0, "0"), (1, "0.001"), (1500, "1.500"), (-1, "-0.001"), (2000, "2"), (-2050, "-2.050"),
            (Int64.min, "-9223372036854775.808"),
        ]
    )
    func times(ms: Int64, text: String) {
        var json = JSONWriter()
        json.timestamp(Timestamp(ms: ms))
        #expect(String(decoding: json.bytes, as: UTF8.self) == text)
    }

    @Test("escapes, and replaces what is not UTF-8 byte by byte")
    func escapes() {
        var json = JSONWriter()
        let text: [UInt8] = Array("a\"\\\n\r\t\u{1}\u{7f}é<".utf8) + [0xff, 0xc3, 0x41, 0xed, 0xa0]
        json.string(text.span)
        #expect(
            String(decoding: json.bytes, as: UTF8.self)
                == "\"a\\\"\\\\\\n\\r\\t\\u0001\u{7f}é<\\ufffd\\ufffdA\\ufffd\\ufffd\""
        )
    }

    @Test("reads every kind of value")
    func reads() throws {
        let text =
            #" {"a": [1, -0.5e+2, true, false, null, "x\u00e9\ud83d\ude00\/\n"], "b": {}, "a": 2} "#
        let value = try JSONValue.parse(Array(text.utf8))
        #expect(
            value
                == .object([
                    JSONMember(
                        "a",
                        .array([
                            .number(1), .number(-50), .bool(true), .bool(false), .null,
                            .string("xé😀/\n"),
                        ])
                    ), JSONMember("b", .object([])), JSONMember("a", .number(2)),
                ])
        )
        #expect(value["a"] == .number(2))
    }

    @Test(
        "refuses with the byte",
        arguments: [
            ("", "byte 0: found the end, expected a value"),
            ("[1,]", "byte 3: found ']', expected a value"),
            ("{\"a\" 1}", "byte 5: found '1', expected : after the name"),
            ("[01]", "byte 1: not a number of JSON, or beyond the range of a double"),
            ("1e999", "byte 0: not a number of JSON, or beyond the range of a double"),
            (
                "\"a\nb\"",
                "byte 2: found control byte 10, expected \\n or another escape inside the string"
            ),
            (
                "\"\\ud800\"",
                "byte 1: no escape of JSON; use \\\" \\\\ \\/ \\b \\f \\n \\r \\t or \\uXXXX, surrogates in pairs"
            ),
            ("[] x", "byte 3: found 'x', expected nothing after the value"),
            ("nul", "byte 0: found 'n', expected null"),
            ("{a:1}", "byte 1: found 'a', expected a name in quotes"),
        ]
    )
    func refuses(text: String, refused: String) {
        #expect(failure(Array(text.utf8)) == refused)
    }

    @Test("refuses nesting without end")
    func depth() {
        #expect(
            failure([UInt8](repeating: UInt8(ascii: "["), count: 100_000))
                == "byte 129: nested more than 128 levels deep; flatten it"
        )
    }

    @Test("never traps on damage", arguments: 0..<20)
    func damage(seed: UInt64) {
        let whole = Array(
            #"[{"targets": ["a:1", "b\u00e9"], "labels": {"x": "y"}}, -1.5e3, null]"#.utf8
        )
        var random = SeededRandom(seed: seed)
        for _ in 0..<200 { _ = failure(damaged(whole, &random)) }
    }

    private func failure(_ bytes: [UInt8]) -> String {
        do throws(JSONError) {
            _ = try JSONValue.parse(bytes)
            return "accepted"
        } catch {
            return error.description
        }
    }
}
