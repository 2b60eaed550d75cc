// URLs, percent-encoding and forms.
import Formats
import TestSupport
import Testing

@Suite("URL") struct URLTests {
    @Test(
        "takes URLs apart",
        arguments: [
            ("http://h", "http|-|-|h|-||-|-"),
            ("HTTPS://H.example:8443/a/b?c=d#e", "https|-|-|h.example|8443|/a/b|c=d|e"),
            ("http://u:p%40w@[::1]:9090/", "http|u|p@w|::1|9090|/|-|-"),
            ("unix:/run/app.sock", "unix|-|-||-|/run/app.sock|-|-"),
            ("unix:///run/redis.sock?db=1", "unix|-|-||-|/run/redis.sock|db=1|-"),
            ("redis://:secret@r:6379/0", "redis||secret|r|6379|/0|-|-"),
            ("http://h:/x", "http|-|-|h|-|/x|-|-"),
            ("http://h?x", "http|-|-|h|-||x|-"),
        ]
    )
    func parts(text: String, parts: String) throws {
        let url = try URLParts(text)
        let shown = [
            url.scheme, url.user ?? "-", url.password ?? "-", url.host,
            url.port.map(String.init) ?? "-",
            url.path, url.query ?? "-", url.fragment ?? "-",
        ]
        #expect(shown.joined(separator: "|") == parts)
    }

    @Test(
        "refuses with a reason",
        arguments: [
            (
                "localhost:9090",
                "\"localhost:9090\" is no URL: it has no scheme; write http://localhost:9090"
            ),
            ("http:///x", "\"http:///x\" is no URL: it names no host"),
            (
                "http://h:99999",
                "\"http://h:99999\" is no URL: port \"99999\" is not a number from 1 to 65535"
            ),
            (
                "http://::1/",
                "\"http://::1/\" is no URL: port \":1\" is not a number from 1 to 65535"
            ),
            (
                "http://[a[b]",
                "\"http://[a[b]\" is no URL: host \"[a[b]\" has a character that no host has; an IPv6 address stands in brackets"
            ),
            ("http://a b", "\"http://a b\" is no URL: byte 32 at 8 must be written as %XX"),
            (
                "http://[::1",
                "\"http://[::1\" is no URL: host \"[::1\" has a character that no host has; an IPv6 address stands in brackets"
            ),
        ]
    )
    func refuses(text: String, refused: String) {
        do throws(URLError) {
            _ = try URLParts(text)
            Issue.record("accepted")
        } catch {
            #expect(refused == error.description)
        }
    }

    @Test(
        "resolves references as RFC 3986 5.4 does",
        arguments: [
            ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"), ("..", "http://a/b/"), ("../g", "http://a/b/g"),
            ("../../../g", "http://a/g"),
            ("https://x/y", "https://x/y"), ("g#s", "http://a/b/c/g#s"),
            ("/./g/../h", "http://a/h"),
        ]
    )
    func resolves(reference: String, url: String) throws {
        #expect(try URLParts("http://a/b/c/d;p?q").resolving(reference).description == url)
    }

    @Test(
        "shows a socket's URL so that it reads the same",
        arguments: ["unix:/a?b=c#d", "unix:///a", "unix:////a", "unix://", "unix://host/a?b"]
    )
    func unixDescription(text: String) throws {
        let url = try URLParts(text)
        #expect(try URLParts(url.description) == url)
    }

    @Test("reads forms with repeated names, plus and percent")
    func forms() throws {
        let form = try FormCoding(
            query: "match[]=up%7Ba%3D%22b+c%22%7D&match%5B%5D=x&&empty=&flag&a=b=c"
        )
        #expect(form.all("match[]") == ["up{a=\"b c\"}", "x"])
        #expect(
            form["empty"] == "" && form["flag"] == "" && form["a"] == "b=c" && form["none"] == nil
        )
        #expect(
            FormCoding([.init("a b", "c&d"), .init("é", "~+")]).encoded == "a+b=c%26d&%C3%A9=~%2B"
        )
    }

    @Test("refuses broken forms", arguments: ["a=%", "a=%4", "a=%zz", "%ff=1", "a=%c3%28"])
    func brokenForms(query: String) {
        #expect(throws: FormError.broken(query)) { try FormCoding(query: query) }
    }

    @Test("forms round-trip and never trap", arguments: 0..<20)
    func formFuzz(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let texts = ["", "a", "=&+%", "é😀", " \n\0", "match[]"]
        let fields = (0..<6).map { _ in
            FormCoding.Field(
                texts.randomElement(using: &random) ?? "",
                texts.randomElement(using: &random) ?? ""
            )
        }
        #expect(try FormCoding(query: FormCoding(fields).encoded).fields == fields, "seed \(seed)")
        for _ in 0..<200 {
            let bytes = damaged(Array("a=%41&b=c+d&https://u:p@[::1]:90/x/../y?q#f".utf8), &random)
            _ = try? FormCoding(parsing: bytes)
            let text = String(decoding: bytes, as: UTF8.self)
            let url = try? URLParts(text)
            _ = url?.description
            _ = try? URLParts("http://a/b/c").resolving(text)
        }
    }
}
