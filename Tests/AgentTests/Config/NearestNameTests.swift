// What was meant by a name that nobody knows.
import Testing

@testable import Agent

@Suite("Nearest name") struct NearestNameTests {
    @Test(
        "finds what was meant, and nothing when nothing was",
        arguments: [
            ("scrape_interal", "scrape_interval"), ("srcape_interval", "scrape_interval"),
            ("timeout", nil), ("joob_name", "job_name"), ("", nil), ("xyz", nil),
            ("scrape", "scrape_interval"), ("params2x3", "params"),
        ] as [(String, String?)]
    )
    func nearest(name: String, expected: String?) {
        #expect(NearestName.find(name, in: ["job_name", "scrape_interval", "params"]) == expected)
    }

    @Test("counts a swap of two neighbours as one edit")
    func swap() {
        #expect(NearestName.distance(Array("ab".utf8), Array("ba".utf8)) == 1)
        #expect(NearestName.distance(Array("kitten".utf8), Array("sitting".utf8)) == 3)
    }
}
