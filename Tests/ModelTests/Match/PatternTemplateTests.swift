// What relabelling writes with what a pattern captured.

import Model
import Testing

@Suite("Pattern template") struct PatternTemplateTests {
    @Test(
        "fills in groups as Go's Expand does",
        arguments: [
            ("$1", "host"), ("${1}", "host"), ("$1:$2", "host:9100"), ("${1}x", "hostx"),
            ("$1x", ""), ("$$1", "$1"), ("$name", "host"), ("${port}!", "9100!"),
            ("$0", "host:9100"),
            ("$3", ""), ("$01", ""), ("a$", "a$"), ("$-", "$-"), ("${1", "${1"), ("${}", "${}"),
            ("$unknown-", "-"), ("$4x", ""), ("é$2", "é9100"), ("", ""), ("$99999999999", ""),
            // A letter of any script goes on with the name, a mark or a sign does not.
            ("$1é", ""), ("$1٣", ""), ("${1}é", "hosté"), ("$1€", "host€"), ("$é", ""),
            ("${é}", ""),
            ("$1\u{301}", "host\u{301}"), ("$nameß-", "-"),
        ]
    )
    func expands(template: String, result: String) throws {
        let pattern = try Pattern("(?P<name>[^:]+):(?P<port>\\d+)(x)?")
        let subject = "host:9100"
        let captures = try #require(pattern.captures(subject))
        #expect(PatternTemplate(template, for: pattern).expand(captures, of: subject) == result)
        var found = PatternCaptures()
        #expect(pattern.captures(subject.utf8.span, into: &found))
        var bytes = Array("before".utf8)
        PatternTemplate(template, for: pattern).expand(found, of: subject.utf8.span, into: &bytes)
        #expect(bytes == Array("before\(result)".utf8))
    }

    @Test("knows when it needs no groups")
    func constant() throws {
        let pattern = try Pattern("(.*)")
        #expect(PatternTemplate("a$$b", for: pattern).isConstant)
        #expect(!PatternTemplate("a$1", for: pattern).isConstant)
    }
}
