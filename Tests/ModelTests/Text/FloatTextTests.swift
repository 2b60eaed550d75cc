// Numbers in Go's spelling, out and in.

import Model
import TestSupport
import Testing

@Suite("Float text") struct FloatTextTests {
    @Test(
        "is written as Go writes it",
        arguments: [
            (0, "0", "0", "0"), (-0.0, "-0", "-0", "-0"), (1, "1", "1", "1"),
            (-5, "-5", "-5", "-5"),
            (0.5, "0.5", "0.5", "0.5"), (0.1, "0.1", "0.1", "0.1"),
            (1e-5, "0.00001", "1e-05", "0.00001"), (1e-4, "0.0001", "0.0001", "0.0001"),
            (1e-6, "0.000001", "1e-06", "0.000001"), (9.9e-7, "9.9e-07", "9.9e-07", "0.00000099"),
            (100_000, "100000", "100000", "100000"), (1e6, "1000000", "1e+06", "1000000"),
            (123_456_789, "123456789", "1.23456789e+08", "123456789"),
            (999_999.5, "999999.5", "999999.5", "999999.5"),
            (1234567.5, "1234567.5", "1.2345675e+06", "1234567.5"),
            (1e16, "10000000000000000", "1e+16", "10000000000000000"),
            (
                9_007_199_254_740_993, "9007199254740992", "9.007199254740992e+15",
                "9007199254740992"
            ),
            (1e20, "100000000000000000000", "1e+20", "100000000000000000000"),
            (1e21, "1e+21", "1e+21", "1000000000000000000000"),
            (1.5e300, "1.5e+300", "1.5e+300", "15" + String(repeating: "0", count: 299)),
            (5e-324, "5e-324", "5e-324", "0." + String(repeating: "0", count: 323) + "5"),
            (1.797e100, "1.797e+100", "1.797e+100", "1797" + String(repeating: "0", count: 97)),
            (.infinity, "+Inf", "+Inf", "+Inf"), (-.infinity, "-Inf", "-Inf", "-Inf"),
            (.nan, "NaN", "NaN", "NaN"),
            (0.1 + 0.2, "0.30000000000000004", "0.30000000000000004", "0.30000000000000004"),
        ] as [(Double, String, String, String)]
    )
    func writes(value: Double, json: String, exposition: String, plain: String) {
        #expect(FloatText.text(value) == json)
        #expect(FloatText.text(value, .exposition) == exposition)
        #expect(FloatText.text(value, .plain) == plain)
    }

    @Test(
        "is read by Go's rules",
        arguments: [
            ("0", 0), ("-0", -0.0), ("+1", 1), ("1.", 1), (".5", 0.5), ("1e3", 1000),
            ("1E+3", 1000),
            ("1e-3", 0.001), ("00012", 12),
            ("123456789012345678901234567890", 1.2345678901234568e29),
            ("0.1", 0.1), ("1e22", 1e22), ("1e23", 1e23),
            ("9007199254740993", 9_007_199_254_740_992),
            ("2.2250738585072011e-308", 2.225073858507201e-308), ("4.9e-324", 5e-324),
            ("1e-400", 0), ("1e-99999999999", 0), ("0e99999999999", 0),
            ("1.7976931348623157e308", Double.greatestFiniteMagnitude),
            ("inf", .infinity), ("+Inf", .infinity), ("-INFINITY", -.infinity),
            ("Infinity", .infinity),
            (String(repeating: "0", count: 400) + "1", 1),
            ("0." + String(repeating: "0", count: 400) + "1e401", 1),
        ] as [(String, Double)]
    )
    func reads(text: String, value: Double) {
        let read = FloatText.parse(text)
        #expect(read?.bitPattern == value.bitPattern)
    }

    @Test("reads NaN in any case, without a sign", arguments: ["NaN", "nan", "NAN"])
    func readsNaN(text: String) {
        #expect(FloatText.parse(text)?.isNaN == true)
    }

    @Test(
        "refuses what Go refuses",
        arguments: [
            "", " 1", "1 ", "+", "-", ".", "e5", "1e", "1e+", "1_000", "0x10", "0x1p4", "1.2.3",
            "--1",
            "+nan", "-NaN", "in", "infin", "infinit", "nanx", "1e309", "-1e999", "1f", "١", "0b1",
            "1,5",
        ]
    )
    func refuses(text: String) {
        #expect(FloatText.parse(text) == nil)
    }

    @Test(
        "reads hexadecimal where it is asked for",
        arguments: [
            ("0x1p4", 16), ("-0X1.8p1", -3), ("0x.8p1", 1), ("0xAp-1", 5), ("0x10", nil),
            ("0xp1", nil),
            ("0x1p", nil), ("0x1p2000", nil), ("0x1.8P+0", 1.5),
        ] as [(String, Double?)]
    )
    func hexadecimal(text: String, value: Double?) {
        #expect(FloatText.parse(text, hexFloats: true) == value)
    }

    @Test("every value reads back bit for bit", arguments: 0..<8 as Range<UInt64>)
    func roundTrip(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<4000 {
            let bits = random.next()
            let value =
                switch bits % 4 {
                case 0: Double(Int64(bitPattern: bits) >> 20)
                case 1: Double(Int64(bitPattern: bits) >> 30) / 1000
                default: Double(bitPattern: random.next())
                }
            if value.isNaN { continue }
            for style in [.json, .exposition, .plain] as [FloatText.Style] {
                let text = FloatText.text(value, style)
                let note = "seed \(seed), \(value), \(text)"
                #expect(FloatText.parse(text)?.bitPattern == value.bitPattern, "\(note)")
            }
        }
    }

    @Test("agrees with the standard library on random decimals", arguments: 0..<8 as Range<UInt64>)
    func decimals(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<4000 {
            let digits = Int.random(in: 1...22, using: &random)
            var text = ""
            for _ in 0..<digits { text += String(random.next() % 10) }
            if random.next() % 2 == 0 { text += "." + String(random.next() % 100_000) }
            if random.next() % 2 == 0 { text += "e\(Int.random(in: -40...40, using: &random))" }
            #expect(
                FloatText.parse(text)?.bitPattern == Double(text)?.bitPattern,
                "seed \(seed), \(text)"
            )
        }
    }
}
