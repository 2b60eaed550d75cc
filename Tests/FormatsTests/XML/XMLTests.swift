// What object stores answer is read, and anything else is refused without harm.
import Formats
import TestSupport
import Testing

@Suite("XML") struct XMLTests {
    private func parse(_ text: String) throws(XMLError) -> XMLElement {
        try XMLElement.parse(Array(text.utf8))
    }

    @Test("an answer of an object store")
    func answer() throws {
        let list = try parse(
            """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
              <Name>bucket</Name><Prefix/><IsTruncated>true</IsTruncated>
              <!-- two of them -->
              <Contents><Key>a&amp;b &#x20AC;&#10;</Key><Size>12</Size></Contents>
              <Contents><Key><![CDATA[<c>]]>d</Key><Size>0</Size></Contents>
            </ListBucketResult>

            """
        )
        #expect(list.name == "ListBucketResult")
        #expect(list["IsTruncated"]?.text == "true")
        #expect(list["Prefix"]?.text == "")
        #expect(list.all("Contents").map { $0["Key"]?.text } == ["a&b €\n", "<c>d"])
        #expect(list.all("Contents").map { $0["Size"]?.text } == ["12", "0"])
        #expect(list["Missing"] == nil)
    }

    @Test("names without their prefixes, line ends as one character")
    func names() throws {
        let element = try parse("<s3:a s3:b='1' c=\"2\" ><s3:d>x\r\ny\rz</s3:d></s3:a >")
        #expect(element.name == "a")
        #expect(element["d"]?.text == "x\ny\nz")
    }

    @Test(
        "what is no document is refused, with its place",
        arguments: [
            ("", "byte 0: no XML, expected the end of it"),
            ("text", "byte 0: no XML, expected <"),
            ("<a>", "byte 3: no XML, expected the end of a"),
            ("<a></b>", "byte 3: </b> ends <a>"),
            ("<a><b></a></b>", "byte 6: </a> ends <b>"),
            ("</a>", "byte 0: no XML, expected <"),
            ("<a/><b/>", "byte 4: no XML, expected the end"),
            ("<a>&nbsp;</a>", "byte 3: not an entity that XML itself has"),
            ("<a>&#0;</a>", "byte 3: not an entity that XML itself has"),
            ("<a>&#xD800;</a>", "byte 3: not an entity that XML itself has"),
            ("<a>&amp</a>", "byte 3: not an entity that XML itself has"),
            ("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>", "byte 0: a document type is not read"),
            ("<a b=1/>", "byte 5: no XML, expected a quote"),
            ("<a b='1'c='2'/>", "byte 8: no XML, expected a blank or >"),
            ("<a b='1' b='2'/>", "byte 9: no XML, expected another attribute"),
            ("<a>\u{1}</a>", "byte 3: no XML, expected a character of XML"),
            ("<a:>1</a:>", "byte 1: no XML, expected a name"),
            ("<a:1/>", "byte 1: no XML, expected a name"),
            ("<a", "byte 2: no XML, expected a blank or >"),
            ("<a><!--", "byte 7: no XML, expected -->"),
        ]
    )
    func refused(text: String, why: String) {
        let error = #expect(throws: XMLError.self) { try parse(text) }
        #expect(error?.description == why)
    }

    @Test("bytes that are not UTF-8, depth and number of elements have limits")
    func limits() {
        #expect(throws: XMLError.notUTF8(atByte: 3)) {
            try XMLElement.parse(Array("<a>".utf8) + [0xff] + Array("</a>".utf8))
        }
        let deep = String(repeating: "<a>", count: 40)
        #expect(throws: XMLError.tooDeep(limit: 32, atByte: 96)) { try parse(deep) }
        let many = "<a>" + String(repeating: "<b/>", count: 100_000) + "</a>"
        #expect(throws: XMLError.tooMany(limit: 100_000, atByte: 399_999)) { try parse(many) }
    }

    @Test("whatever was changed in a document, it is read or refused", arguments: 0..<300)
    func mutated(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var bytes = Array(
            "<?xml version='1.0'?><l:a x='1'><b>t&#65;&lt;</b><c/><![CDATA[d]]><!--e--></l:a>".utf8
        )
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            default: bytes.insert(contentsOf: bytes[place...].prefix(8), at: place)
            }
        }
        do throws(XMLError) {
            let element = try XMLElement.parse(bytes)
            #expect(!element.name.isEmpty, "seed \(seed)")
        } catch {
            #expect(error.description.hasPrefix("byte "), "seed \(seed)")
        }
    }
}
