// However a request is cut into pieces, it means the same; whatever bytes come, nothing breaks.
import TestSupport
import Testing

@testable import HTTP

@Suite("Request parser, random input")
struct RequestParserFuzzTests {
    private static let requests = [
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n",
        "POST /w HTTP/1.1\r\nHost: a:1\r\nContent-Length: 5\r\n\r\nhello",
        "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3;x\r\nabc\r\n1\r\nd\r\n0\r\nT: 1\r\n\r\n",
        "GET http://a/b?c HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    ]

    // Events with the pieces of each body joined.
    private func joined(_ events: [RequestEvent]) -> [RequestEvent] {
        var result: [RequestEvent] = []
        for event in events {
            if case .body(let piece) = event, case .body(let before) = result.last {
                result[result.count - 1] = .body(before + piece)
            } else {
                result.append(event)
            }
        }
        return result
    }

    private func outcome(_ pieces: [[UInt8]]) -> String {
        do throws(RequestError) {
            return "\(joined(try parse(pieces)))"
        } catch {
            return "\(error.status)"
        }
    }

    private func cut(_ bytes: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + Int.random(in: 1...9, using: &random))
            pieces.append(Array(bytes[start..<end]))
            start = end
        }
        return pieces
    }

    @Test("a pipeline means the same however it is cut", arguments: UInt64(1)...200)
    func cuts(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let text = (0..<6).map { _ in Self.requests.randomElement(using: &random) ?? "" }.joined()
        let bytes = Array(text.utf8)
        #expect(outcome(cut(bytes, &random)) == outcome([bytes]), "seed \(seed)")
    }

    @Test("damaged requests are refused or read, never trapped on", arguments: UInt64(1)...400)
    func damage(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var bytes = Array(Self.requests.joined().utf8)
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let place = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: place)
            default: bytes.insert(bytes[Int.random(in: bytes.indices, using: &random)], at: place)
            }
        }
        #expect(!outcome(cut(bytes, &random)).isEmpty, "seed \(seed)")
    }
}
