// Requests as a client sends them: how they are cut into packets changes nothing.
import HTTP

/// `RequestParser`.
struct HTTPTarget: FuzzTarget {
    static let name = "http"

    private let mutator = ByteMutator(
        tokens: [
            "GET ", "POST ", "OPTIONS * ", "/", "?", " HTTP/1.1", " HTTP/1.0", " HTTP/2.0", "\r\n",
            "\n", "\r", "\r\n\r\n", "Host: a\r\n", "Content-Length: 5\r\n", "Content-Length: 0\r\n",
            "Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n", "Connection: close\r\n",
            "5\r\nhello\r\n", "0\r\n\r\n", ";x=y", "http://h:1/", ":", " ", "\t",
            "ffffffffffffffff",
            "7fffffffffffffff", "\u{0}", "é", "%41",
        ] + ByteMutator.numbers
    )
    private let seeds: [[UInt8]] = [
        "GET /metrics HTTP/1.1\r\nHost: localhost:9477\r\nAccept: */*\r\n\r\n",
        "POST /api/v1/query HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nquery=up&x=GET / HTTP/1.0\r\n\r\n",
        "POST /w HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1a;x=y\r\n"
            + "abcdefghijklmnopqrstuvwxyz\r\n0\r\nTrailer: x\r\n\r\nGET /b?c HTTP/1.1\r\nHost: b\r\n\r\n",
        "GET http://h:80/p?q HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        "\r\nOPTIONS * HTTP/1.1\r\nhost:[::1]:9\r\nconnection: keep-alive, close\r\n\r\n",
    ].map { Array($0.utf8) }
    private let limits: ServerLimits

    init() {
        var limits = ServerLimits()
        limits.requestLineBytes = 200
        limits.headerBytes = 300
        limits.headerCount = 8
        limits.bodyBytes = 400
        self.limits = limits
    }

    func input(_ random: inout FuzzRandom) -> [UInt8] { mutator.input(seeds, &random) }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        let whole = read([input])
        let cut = read(random.pieces(of: input))
        let single = read(input.map { [$0] })
        for other in [cut, single] {
            // Which of two faults is seen first may depend on the packets, that there is one may not.
            try FuzzFinding.unless(
                whole.events == other.events && (whole.error == nil) == (other.error == nil)
                    && whole.isInside == other.isInside,
                "whole: \(whole), in pieces: \(other)"
            )
        }
        let bodies = whole.bodies
        try FuzzFinding.unless(
            bodies.allSatisfy { $0.count <= limits.bodyBytes },
            "a body of \(bodies.map(\.count)) bytes over the limit of \(limits.bodyBytes)"
        )
        return whole.error == nil && !whole.events.isEmpty
    }

    private struct Reading {
        var events: [RequestEvent] = []
        var error: RequestError?
        var isInside = false

        // Pieces of a body that follow each other are one.
        mutating func add(_ event: RequestEvent) {
            if case .body(let more) = event, case .body(let bytes)? = events.last {
                events[events.count - 1] = .body(bytes + more)
            } else {
                events.append(event)
            }
        }

        var bodies: [[UInt8]] {
            events.compactMap { if case .body(let bytes) = $0 { bytes } else { nil } }
        }
    }

    private func read(_ pieces: [[UInt8]]) -> Reading {
        var parser = RequestParser(limits: limits)
        var reading = Reading()
        do throws(RequestError) {
            for piece in pieces {
                parser.append(piece.span)
                while let event = try parser.next() { reading.add(event) }
            }
            reading.isInside = parser.isInsideRequest
        } catch {
            reading.error = error
        }
        return reading
    }
}
