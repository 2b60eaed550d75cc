// Tokens are equal only as a whole.
import Testing

@testable import API

@Suite("Token comparison")
struct TokenCompareTests {
    @Test(
        "finds equal what is equal",
        arguments: [
            ("secret", "secret", true), ("", "", false), ("", "secret", false),
            ("secre", "secret", false), ("secrets", "secret", false), ("Secret", "secret", false),
            ("secretsecret", "secret", false), ("s", "secret", false),
        ]
    )
    func same(given: String, secret: String, expected: Bool) {
        #expect(TokenCompare.same(Array(given.utf8), Array(secret.utf8)) == expected)
    }
}
