// Label sets: one canonical form, an order, and no trust in bytes from outside.

import Model
import TestSupport
import Testing

@Suite("Labels") struct LabelsTests {
    @Test("the canonical bytes are names and values with their lengths, sorted by name")
    func canonical() {
        let labels = Labels([Label("b", "2"), Label("__name__", "up"), Label("a", "é")])
        let expected: [UInt8] =
            [8] + Array("__name__".utf8) + [2] + Array("up".utf8) + [1, 0x61, 2] + Array("é".utf8)
            + [1, 0x62, 1, 0x32]
        #expect(labels.bytes == expected)
        #expect(labels.description == #"up{a="é", b="2"}"#)
        #expect(labels.count == 3)
        #expect(labels.metricName == "up")
        #expect(labels["a"] == "é")
        #expect(labels["c"] == nil)
    }

    @Test("a length over 127 takes two bytes")
    func longValue() {
        let labels = Labels([Label("a", String(repeating: "x", count: 300))])
        #expect(labels.bytes.prefix(4) == [1, 0x61, 0xac, 0x02])
        #expect(Labels(checking: labels.bytes) == labels)
    }

    @Test("empty values are absent, the last of equal names stays")
    func building() {
        var builder = LabelsBuilder(Labels([Label("a", "1"), Label("b", "2")]))
        builder.set("a", "")
        builder.set("b", "3")
        builder.set("", "x")
        #expect(builder.labels().description == #"{b="3"}"#)
        #expect(builder["b"] == "3")
        builder.remove("b")
        #expect(builder.labels().isEmpty)
        #expect(Labels().description == "{}")
        #expect(Labels([Label("a", "1"), Label("a", "2")]).description == #"{a="2"}"#)
    }

    @Test("names that only look alike are two names")
    func canonicalEquivalence() {
        let labels = Labels([Label("é", "1"), Label("e\u{301}", "2")])
        #expect(labels.count == 2)
        #expect(labels["é"] == "1")
        #expect(labels["e\u{301}"] == "2")
        #expect(Label("é", "1") != Label("e\u{301}", "1"))
    }

    @Test("orders label by label, bytewise")
    func order() {
        let sorted = [
            Labels(), Labels([Label("a", "1")]), Labels([Label("a", "1"), Label("b", "1")]),
            Labels([Label("a", "10")]), Labels([Label("a", "2")]),
            Labels([Label("a", String(repeating: "9", count: 200))]), Labels([Label("b", "")]),
            Labels([Label("b", "0")]), Labels([Label("é", "1")]),
        ].filter { !$0.isEmpty }
        for (left, one) in sorted.enumerated() {
            for (right, other) in sorted.enumerated() {
                #expect((one < other) == (left < right), "\(one) \(other)")
            }
        }
    }

    @Test("keeps and drops by name")
    func filters() {
        let labels = Labels([Label("__name__", "up"), Label("a", "1"), Label("b", "2")])
        #expect(labels.keeping(["a", "x"]).description == #"{a="1"}"#)
        #expect(labels.dropping(["a"]).description == #"up{b="2"}"#)
        #expect(labels.withoutMetricName.description == #"{a="1", b="2"}"#)
    }

    @Test("escapes values")
    func escapes() {
        let labels = Labels([Label("__name__", "m"), Label("a", "x\"y\\z\n")])
        #expect(labels.description == #"m{a="x\"y\\z\n"}"#)
    }

    @Test(
        "refuses bytes that are not canonical",
        arguments: [
            [0], [1], [1, 0x61], [1, 0x61, 0], [0, 1, 0x61], [1, 0x61, 1], [1, 0x61, 2, 0x31],
            [1, 0xff, 1, 0x31], [1, 0x61, 1, 0xff], [0x80], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80],
            [0xff, 0xff, 0xff, 0xff, 0x7f, 0x61], [1, 0x62, 1, 0x31, 1, 0x61, 1, 0x31],
            [1, 0x61, 1, 0x31, 1, 0x61, 1, 0x32], [0x81, 0x00, 0x61, 1, 0x31],
        ] as [[UInt8]]
    )
    func refuses(bytes: [UInt8]) {
        #expect(Labels(checking: bytes) == nil)
    }

    @Test(
        "accepts nothing random that it would not write itself",
        arguments: 0..<8 as Range<UInt64>
    )
    func hostile(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<3000 {
            var bytes = Labels([Label("ab", "1"), Label("c", "2"), Label("d", "345")]).bytes
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = UInt8(truncatingIfNeeded: random.next() % 7)
            }
            if let labels = Labels(checking: bytes) {
                #expect(Labels(labels.array).bytes == bytes, "seed \(seed), \(bytes)")
            }
        }
    }
}
