// What the four matchers select.

import Model
import Testing

@Suite("Label matcher") struct LabelMatcherTests {
    @Test(
        "selects by value, an absent label being empty",
        arguments: [
            (.equal, "a", "a", true, false), (.equal, "", "", true, true),
            (.notEqual, "a", "b", true, true), (.notEqual, "", "a", true, false),
            (.matches, "a|b", "b", true, false), (.matches, "a?", "aa", false, true),
            (.notMatches, "a.*", "ba", true, true), (.notMatches, ".*", "x", false, false),
            // Composed and decomposed é are different values.
            (.equal, "é", "e\u{301}", false, false), (.notEqual, "é", "e\u{301}", true, true),
        ] as [(LabelMatcher.Operation, String, String, Bool, Bool)]
    )
    func selects(
        operation: LabelMatcher.Operation,
        value: String,
        candidate: String,
        accepted: Bool,
        absent: Bool
    ) throws {
        let matcher = try LabelMatcher("job", operation, value)
        #expect(matcher.accepts(candidate) == accepted)
        #expect(matcher.acceptsAbsent == absent)
    }

    @Test("is written as in PromQL")
    func description() throws {
        let matcher = try LabelMatcher("path", .notMatches, "a\"b\\\\c")
        #expect(matcher.description == #"path!~"a\"b\\\\c""#)
    }

    @Test("passes on why a pattern is refused")
    func refused() {
        let error = #expect(throws: PatternError.self) { try LabelMatcher("job", .matches, "(") }
        #expect(error?.description == "error parsing regexp: missing closing ): `(`")
    }
}
