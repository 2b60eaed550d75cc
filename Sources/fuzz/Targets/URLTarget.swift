// URLs, query strings and forms from configuration, requests and file discovery.
import Formats

/// `URLParts`, `FormCoding` and `PercentCoding`.
struct URLTarget: FuzzTarget {
    static let name = "url"

    private let mutator = ByteMutator(
        tokens: [
            "http://", "https://", "unix:", "//", "/", "?", "#", "&", "=", "%", "%20", "%2F", "%ff",
            "%C3%A9", "+", "@", ":", "[", "]", "[::1]", "..", "/../", "/./", "a", "é", "e\u{301}",
            ":80", ":0", ":65536", " ", "\u{0}", "\u{301}",
        ]
    )
    private let seeds: [[UInt8]] = [
        "http://user:p%40ss@example.org:9090/api/v1/query?query=up&time=1#x",
        "https://[2001:db8::1]:8443/a/./b/../c?x=%C3%A9+b", "unix:/run/a%20b.sock",
        "a=b&c=d%26e&c=&=f&g", "match[]=up%7Ba%3D%22b%22%7D&start=1.5&end=2", "../x/y?z",
        "//host/p",
    ].map { Array($0.utf8) }

    init() {}

    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        let text = String(decoding: input, as: UTF8.self)
        try checkCoding(text)
        try checkForm(input)
        guard let url = try? URLParts(text) else { return false }
        let again: URLParts
        do throws(URLError) { again = try URLParts(url.description) } catch {
            throw FuzzFinding("\(url) is refused: \(error)")
        }
        var shown = url
        shown.user = nil
        shown.password = nil
        try FuzzFinding.unless(again == shown, "\(url) reads as \(again)")
        try FuzzFinding.unless(
            url.scheme == "unix" || url.requestTarget.utf8.first == UInt8(ascii: "/"),
            "the request target of \(url) is \(url.requestTarget)"
        )
        let reference = random.pick([
            "", "x", "/y/../z", "?q", "#f", "../../w", "//h/p", "./", text,
        ])
        if let target = try? url.resolving(reference), !target.path.isEmpty {
            try FuzzFinding.unless(
                target.path.utf8.first == UInt8(ascii: "/"),
                "\(reference) at \(url) is \(target)"
            )
        }
        return true
    }

    private func checkCoding(_ text: String) throws(FuzzFinding) {
        let encoded = PercentCoding.encode(text)
        let decoded = PercentCoding.decode(encoded)
        try FuzzFinding.unless(
            decoded?.utf8.elementsEqual(text.utf8) == true,
            "\(encoded) decodes to \(decoded ?? "nothing")"
        )
    }

    private func checkForm(_ input: [UInt8]) throws(FuzzFinding) {
        guard let form = try? FormCoding(parsing: input) else { return }
        let encoded = form.encoded
        let again: FormCoding
        do throws(FormError) { again = try FormCoding(query: encoded) } catch {
            throw FuzzFinding("\(encoded) is refused: \(error)")
        }
        try FuzzFinding.unless(again == form, "\(form.fields) as \(encoded) is \(again.fields)")
    }
}
