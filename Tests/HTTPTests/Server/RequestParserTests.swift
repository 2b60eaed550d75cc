// What the parser takes, what it refuses and with which words.
import Testing

@testable import HTTP

/// Feeds bytes in the given pieces; gives every event, or the first error.
func parse(
    _ pieces: [[UInt8]],
    limits: ServerLimits = ServerLimits()
) throws(RequestError) -> [RequestEvent] {
    var parser = RequestParser(limits: limits)
    var events: [RequestEvent] = []
    for piece in pieces {
        parser.append(piece.span)
        while let event = try parser.next() { events.append(event) }
    }
    return events
}

/// The text of the error that the bytes lead to; `no error` when there is none.
func refusal(_ text: String, limits: ServerLimits = ServerLimits()) -> String {
    do throws(RequestError) {
        _ = try parse([Array(text.utf8)], limits: limits)
        return "no error"
    } catch {
        return "\(error.status.code) \(error)"
    }
}

@Suite("Request parser")
struct RequestParserTests {
    @Test("reads method, path, query, fields and framing")
    func wholeRequest() throws {
        let text =
            "POST /api/v1/query?time=4&x=%20 HTTP/1.1\r\nHost: localhost:9477\r\n"
            + "Content-Type:text/plain; charset=utf-8  \r\nContent-Length: 11\r\n\r\nhello world"
        let events = try parse([Array(text.utf8)])
        guard case .head(let head) = events.first else {
            Issue.record("no head in \(events)")
            return
        }
        #expect(head.method == .post)
        #expect(head.path == "/api/v1/query")
        #expect(head.query == "time=4&x=%20")
        #expect(head.authority == "localhost:9477")
        #expect(head.minorVersion == 1)
        #expect(head.headers["content-type"] == "text/plain; charset=utf-8")
        #expect(head.headers.mediaType == "text/plain")
        #expect(head.framing == .length(11))
        #expect(head.keepsAlive)
        #expect(events.dropFirst() == [.body(Array("hello world".utf8)), .end])
    }

    @Test("takes the authority of an absolute target before Host")
    func absoluteTarget() throws {
        let text = "GET http://127.0.0.1:9477/a?b HTTP/1.1\r\nHost: evil.example\r\n\r\n"
        guard case .head(let head) = try parse([Array(text.utf8)]).first else {
            Issue.record("no head")
            return
        }
        #expect(head.authority == "127.0.0.1:9477")
        #expect(head.path == "/a")
        #expect(head.query == "b")
    }

    @Test(
        "knows whether the connection stays",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", true),
            ("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n", false),
            ("GET / HTTP/1.0\r\n\r\n", false),
            ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true),
            ("GET / HTTP/1.7\r\nHost: a\r\n\r\n", true),
            ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", true),
        ]
    )
    func keepAlive(text: String, expected: Bool) throws {
        guard case .head(let head) = try parse([Array(text.utf8)]).first else {
            Issue.record("no head")
            return
        }
        #expect(head.keepsAlive == expected)
    }

    @Test("joins chunks, ignores extensions and trailers")
    func chunked() throws {
        let text =
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
            + "5;name=\"v\"\r\nhello\r\n00006\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n"
            + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n"
        let events = try parse([Array(text.utf8)])
        var body: [UInt8] = []
        var heads: [String] = []
        for event in events {
            if case .body(let piece) = event { body += piece }
            if case .head(let head) = event { heads.append(head.path) }
        }
        #expect(String(decoding: body, as: UTF8.self) == "hello world")
        #expect(heads == ["/", "/next"])
        #expect(events.filter { $0 == .end }.count == 2)
    }

    @Test(
        "refuses what is wrong or ambiguous",
        arguments: [
            (
                "GET /\r\n\r\n",
                "400 request line: needs a method, a target and a version, one space between"
            ),
            (
                "GET  / HTTP/1.1\r\n\r\n",
                "400 request line: needs a method, a target and a version, one space between"
            ),
            ("G(T / HTTP/1.1\r\n\r\n", "400 request line: the method is not a token"),
            ("GET / HTTX/1.1\r\n\r\n", "400 request line: the version is not HTTP/1.1"),
            ("GET / HTTP/2.0\r\n\r\n", "505 HTTP/2.0 is not spoken here; use HTTP/1.1"),
            (
                "CONNECT a:1 HTTP/1.1\r\n\r\n",
                "400 request line: the target must be a path or an http URL; this is not a proxy"
            ),
            (
                "GET /\u{e9} HTTP/1.1\r\n\r\n",
                "400 request line: the target holds bytes that must be percent-encoded"
            ),
            (
                "GET http://user@host/ HTTP/1.1\r\n\r\n",
                "400 request line: the target's authority is not host[:port]"
            ),
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", "400 request line: LF without CR"),
            ("GET / HTTP/1.1\r\nHost: a\n\r\n", "400 header line 1: LF without CR"),
            ("GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n", "400 header line 1: CR without LF"),
            ("\r\n\r\nGET / HTTP/1.1\r\n", "400 request line: empty"),
            ("GET / HTTP/1.1\r\n\r\n", "400 Host: missing; HTTP/1.1 demands it"),
            ("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", "400 Host: given 2 times"),
            ("GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", "400 Host: not host[:port]"),
            (
                "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n",
                "400 header line 3: continues the line before (obsolete folding)"
            ),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", "400 header line 1: the name is not a token"),
            ("GET / HTTP/1.1\r\n: a\r\n\r\n", "400 header line 1: has no name"),
            (
                "GET / HTTP/1.1\r\nX: a\u{0}b\r\n\r\n",
                "400 header line 1: the value holds a control character"
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                "400 cannot tell where the body ends: both Transfer-Encoding and Content-Length"
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
                "400 cannot tell where the body ends: Content-Length given 2 times"
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n",
                "400 cannot tell where the body ends: Content-Length is not a number"
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
                "400 cannot tell where the body ends: Content-Length is not a number"
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                "501 Transfer-Encoding gzip, chunked is not supported; use chunked"
            ),
            (
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
                "400 cannot tell where the body ends: Transfer-Encoding in HTTP/1.0"
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nExpect: tea\r\n\r\n",
                "417 Expect tea is not supported; only 100-continue is"
            ),
            (chunkedHead + "x\r\n", "400 chunked body: the size is not hexadecimal"),
            (chunkedHead + "\r\n", "400 chunked body: no size"),
            (chunkedHead + "5 \r\n", "400 chunked body: the size is not hexadecimal"),
            (chunkedHead + "1\r\nab\r\n", "400 chunked body: longer than its size says"),
            (chunkedHead + "1\r\nabc", "400 chunked body: longer than its size says"),
            (chunkedHead + "1\nab", "400 chunked body: LF without CR"),
            (chunkedHead + "ffffffffffffffff\r\n", "400 chunked body: no size"),
            (chunkedHead + "0\r\n bad\r\n", folded),
        ]
    )
    func refusals(text: String, expected: String) {
        #expect(refusal(text) == expected)
    }

    static let folded = "400 header line 1: continues the line before (obsolete folding)"
    static let chunkedHead = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test(
        "holds every limit",
        arguments: [
            ("GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "414 request line is longer than 30 bytes"),
            (
                "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\n",
                "414 request line is longer than 30 bytes"
            ),
            (
                "GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "431 headers are longer than 50 bytes"
            ),
            (
                "GET / HTTP/1.1\r\nHost: a\r\nX:\r\nX:\r\nX:\r\n",
                "431 more than 3 header fields"
            ),
            (
                "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n",
                "413 body is longer than 10 bytes; send smaller requests"
            ),
            (
                "POST / HTTP/1.1\r\nHost:\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "6\r\nabcdef\r\n5\r\n",
                "413 body is longer than 10 bytes; send smaller requests"
            ),
        ]
    )
    func limits(text: String, expected: String) {
        #expect(refusal(text, limits: RequestParserTests.smallLimits) == expected)
    }

    @Test("headers up to the limit are taken byte by byte too")
    func limitInPieces() throws {
        let head = "Host: a\r\nX: \(String(repeating: "x", count: 36))\r\n"
        #expect(head.utf8.count == RequestParserTests.smallLimits.headerBytes)
        let bytes = Array("GET / HTTP/1.1\r\n\(head)\r\n".utf8)
        let whole = try parse([bytes], limits: RequestParserTests.smallLimits)
        #expect(whole.count == 2)
        let pieces = bytes.map { [$0] }
        #expect(try parse(pieces, limits: RequestParserTests.smallLimits) == whole)
    }

    static let smallLimits: ServerLimits = {
        var limits = ServerLimits()
        limits.requestLineBytes = 30
        limits.headerBytes = 50
        limits.headerCount = 3
        limits.bodyBytes = 10
        return limits
    }()
}
