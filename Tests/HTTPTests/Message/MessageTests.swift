// Small rules of messages: header look-up, dates, queues, and URLs fit for a log.
import TestSupport
import Testing

@testable import HTTP

@Suite("Messages")
struct MessageTests {
    @Test("header names have no case, values keep theirs")
    func headers() {
        var headers = HTTPHeaders([("Content-Type", "A"), ("X", "1"), ("x", "2")])
        #expect(headers["CONTENT-TYPE"] == "A")
        #expect(headers.all("X") == ["1", "2"])
        headers.set("x", "3")
        #expect(headers.fields.map(\.value) == ["A", "3"])
        #expect(HTTPHeaders([("Connection", "a, Upgrade ,b")]).has("upgrade", in: "connection"))
        #expect(!HTTPHeaders([("Connection", "upgraded")]).has("upgrade", in: "connection"))
    }

    @Test(
        "writes dates as headers have them",
        arguments: [
            (Int64(0), "Thu, 01 Jan 1970 00:00:00 GMT"),
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
            (1_709_251_199, "Thu, 29 Feb 2024 23:59:59 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ]
    )
    func dates(seconds: Int64, expected: String) {
        #expect(HTTPDate.text(seconds: seconds) == expected)
    }

    @Test(
        "shows no secrets of a URL",
        arguments: [
            ("http://host:1/path?token=s#f", "http://host:1/path"),
            ("https://user:p@ss@host/a@b", "https://host/a@b"),
            ("http://user@host", "http://host"),
            ("nonsense", "nonsense"),
            ("user:pw@host", "host"),
            ("", ""),
        ]
    )
    func shownURL(url: String, expected: String) {
        #expect(ClientRequest.shown(url) == expected)
    }

    @Test("a queue gives back what went in, in order", arguments: UInt64(1)...20)
    func queue(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var queue = OutputQueue()
        var expected: [UInt8] = []
        var taken: [UInt8] = []
        for _ in 0..<300 {
            if Bool.random(using: &random) {
                let size = Int.random(in: 0...40_000, using: &random)
                let piece = [UInt8](repeating: .random(in: 0...255, using: &random), count: size)
                queue.append(piece)
                expected += piece
            } else if !queue.isEmpty {
                var count = 0
                queue.withNext { span in
                    count = Int.random(in: 1...span.count, using: &random)
                    for index in 0..<count { taken.append(span[index]) }
                }
                queue.drop(count)
            }
            #expect(queue.count == expected.count - taken.count, "seed \(seed)")
        }
        #expect(expected.starts(with: taken), "seed \(seed)")
    }
}
