// Cases as Go maps them, scalar by scalar.
import Testing

@testable import Formats

@Suite("Upper and lower case") struct CaseMappingTests {
    @Test(
        "maps one scalar to one",
        arguments: [
            ("azAZ09_", "AZAZ09_", "azaz09_"), ("äÖß", "ÄÖß", "äöß"), ("ẞ", "ẞ", "ß"),
            ("İı", "İI", "iı"), ("ΣΑΣς", "ΣΑΣΣ", "σασς"), ("ŉ", "ŉ", "ŉ"), ("ǅ", "Ǆ", "ǆ"),
            ("ᾀᾈᾳᾼ", "ᾈᾈᾼᾼ", "ᾀᾀᾳᾳ"), ("ﬀ", "ﬀ", "ﬀ"), ("жЖ", "ЖЖ", "жж"), ("", "", ""),
            ("😀é", "😀É", "😀é"), ("ა", "Ა", "ა"), ("ꭰ", "Ꭰ", "ꭰ"),
        ]
    )
    func maps(text: String, upper: String, lower: String) {
        var bytes: [UInt8] = []
        CaseMapping.upper(text.utf8.span, to: &bytes)
        #expect(bytes == Array(upper.utf8))
        bytes.removeAll()
        CaseMapping.lower(text.utf8.span, to: &bytes)
        #expect(bytes == Array(lower.utf8))
    }
}
