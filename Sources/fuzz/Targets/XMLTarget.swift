// Answers of object stores: what is read can be written, and reads the same again.
import Formats

/// `XMLElement`.
struct XMLTarget: FuzzTarget {
    static let name = "xml"

    private let mutator = ByteMutator(
        tokens: [
            "<", ">", "</", "/>", "<a>", "</a>", "<!--", "-->", "<![CDATA[", "]]>", "<?", "?>",
            "&amp;", "&lt;", "&#", "&#x", ";", "&#xFFFE;", "a:b", "='", "\"", " ", "\r\n",
            "\u{feff}", "<!DOCTYPE a>", "é",
        ] + ByteMutator.numbers
    )
    private let seeds: [[UInt8]] = [
        "<?xml version='1.0' encoding=\"UTF-8\"?>\n<L xmlns=\"u\"><C><K>a&amp;b</K><S>1</S></C></L>",
        "<a:b c='1'><!--x--><d/>t&#65;&#x20AC;<![CDATA[<]]></a:b >\n", "<E><Code>N</Code></E>",
    ].map { Array($0.utf8) }

    init() {}

    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        guard let element = try? XMLElement.parse(input) else { return false }
        var text: [UInt8] = []
        XMLTarget.write(element, &text)
        let again: XMLElement
        do throws(XMLError) { again = try XMLElement.parse(text) } catch {
            throw FuzzFinding("what was written is refused: \(error)")
        }
        try FuzzFinding.unless(again == element, "what was written reads differently")
        return true
    }

    // Text goes before the children: it is kept joined.
    private static func write(_ element: XMLElement, _ text: inout [UInt8]) {
        text += Array("<\(element.name)>".utf8)
        for byte in element.text.utf8 {
            switch byte {
            case UInt8(ascii: "<"): text += Array("&lt;".utf8)
            case UInt8(ascii: "&"): text += Array("&amp;".utf8)
            case 0x0d: text += Array("&#13;".utf8)
            default: text.append(byte)
            }
        }
        for child in element.children { write(child, &text) }
        text += Array("</\(element.name)>".utf8)
    }
}
