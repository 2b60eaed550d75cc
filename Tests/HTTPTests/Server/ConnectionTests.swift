// The connection's state machine: events in, actions and bytes out. No sockets, no clock.
import Testing

@testable import HTTP

/// A connection with what was read from and written to it so far.
struct Wire {
    var connection: Connection
    var nowNs: Int64 = 0
    var limits: ServerLimits

    init(_ limits: ServerLimits = ServerLimits()) {
        self.limits = limits
        connection = Connection(limits: limits, listener: .loopback, at: 0)
    }

    mutating func receive(_ text: String) -> [ConnectionAction] {
        let bytes = Array(text.utf8)
        return connection.received(bytes.span, at: nowNs)
    }

    mutating func respond(
        _ status: HTTPStatus = .ok,
        _ text: String
    ) -> [ConnectionAction] {
        connection.respond(
            status,
            HTTPHeaders([("Content-Type", "text/plain")]),
            Array(text.utf8),
            date: "D",
            at: nowNs
        )
    }

    /// Takes everything that waits to be sent.
    mutating func take() -> (text: String, actions: [ConnectionAction]) {
        var text: [UInt8] = []
        var actions: [ConnectionAction] = []
        while !connection.output.isEmpty {
            var count = 0
            connection.output.withNext { span in
                count = span.count
                for index in span.indices { text.append(span[index]) }
            }
            actions += connection.sent(count, at: nowNs)
        }
        return (String(decoding: text, as: UTF8.self), actions)
    }

    mutating func pass(ms: Int64) -> [ConnectionAction] {
        nowNs += ms * 1_000_000
        return connection.timePassed(at: nowNs)
    }
}

/// The paths that actions ask a handler for.
func handled(_ actions: [ConnectionAction]) -> [String] {
    actions.compactMap { if case .handle(let request) = $0 { request.path } else { nil } }
}

@Suite("Connection")
struct ConnectionTests {
    private let get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

    @Test("answers and stays open")
    func keepAlive() {
        var wire = Wire()
        #expect(handled(wire.receive(get)) == ["/a"])
        #expect(wire.respond(.ok, "hi") == [])
        let (text, actions) = wire.take()
        #expect(
            text == "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: text/plain\r\n"
                + "Content-Length: 2\r\n\r\nhi"
        )
        #expect(actions == [])
        #expect(wire.connection.wantsRead)
        #expect(handled(wire.receive(get)) == ["/a"])
    }

    @Test("answers pipelined requests one after the other, in order")
    func pipelining() {
        var wire = Wire()
        let two = "GET /1 HTTP/1.1\r\nHost: h\r\n\r\nGET /2 HTTP/1.1\r\nHost: h\r\n\r\n"
        #expect(handled(wire.receive(two)) == ["/1"])
        #expect(handled(wire.respond(.ok, "one")) == ["/2"])
        #expect(wire.respond(.ok, "two") == [])
        let text = wire.take().text
        #expect(text.hasSuffix("two"))
        #expect(text.contains("\r\n\r\noneHTTP/1.1 200 OK\r\n"))
    }

    @Test("reads no further than its bound while it answers")
    func pipelineBound() {
        var limits = ServerLimits()
        limits.pipelineBytes = 100
        var wire = Wire(limits)
        _ = wire.receive(get)
        #expect(wire.connection.wantsRead)
        _ = wire.receive(String(repeating: get, count: 5))
        #expect(!wire.connection.wantsRead)
    }

    @Test("closes after the answer when the client says so, or speaks HTTP/1.0")
    func close() {
        for text in [
            "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", "GET / HTTP/1.0\r\n\r\n",
        ] {
            var wire = Wire()
            _ = wire.receive(text)
            _ = wire.respond(.ok, "x")
            let (answer, actions) = wire.take()
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(actions == [.close])
        }
    }

    @Test("says nothing of a body to HEAD but its length")
    func head() {
        var wire = Wire()
        _ = wire.receive("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
        _ = wire.respond(.ok, "body")
        #expect(
            wire.take().text
                == "HTTP/1.1 200 OK\r\nDate: D\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\n"
        )
    }

    @Test("sends no length with 204")
    func noContent() {
        var wire = Wire()
        _ = wire.receive(get)
        _ = wire.connection.respond(.noContent, HTTPHeaders(), [], date: "D", at: 0)
        #expect(wire.take().text == "HTTP/1.1 204 No Content\r\nDate: D\r\n\r\n")
    }

    @Test("asks for the body that a client holds back")
    func expectContinue() {
        var wire = Wire()
        let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
        #expect(wire.receive(head) == [])
        #expect(wire.take().text == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(handled(wire.receive("ab")) == ["/"])
    }

    @Test("refuses a body over the limit before it is sent, then lingers")
    func tooLarge() {
        var limits = ServerLimits()
        limits.bodyBytes = 10
        var wire = Wire(limits)
        let head =
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n"
        #expect(wire.receive(head) == [.count(.bodyBytes)])
        let (text, actions) = wire.take()
        #expect(
            text == "HTTP/1.1 413 Content Too Large\r\nContent-Type: text/plain; charset=utf-8\r\n"
                + "Content-Length: 52\r\nConnection: close\r\n\r\n"
                + "body is longer than 10 bytes; send smaller requests\n"
        )
        #expect(actions == [.shutdownOutput])
        #expect(wire.receive("whatever") == [])
        #expect(wire.pass(ms: limits.lingerMs) == [.close])
    }

    @Test("streams in chunks to HTTP/1.1 and up to the end to HTTP/1.0")
    func stream() {
        var wire = Wire()
        _ = wire.receive(get)
        let begun = wire.connection.beginStream(.ok, HTTPHeaders(), date: "D", at: 0)
        #expect(begun.wantsPieces)
        wire.connection.addPiece(Array("hello".utf8), at: 0)
        wire.connection.addPiece([], at: 0)
        #expect(wire.connection.endStream(at: 0) == [])
        #expect(
            wire.take().text == "HTTP/1.1 200 OK\r\nDate: D\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n0\r\n\r\n"
        )

        var old = Wire()
        _ = old.receive("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        _ = old.connection.beginStream(.ok, HTTPHeaders(), date: "D", at: 0)
        old.connection.addPiece(Array("hello".utf8), at: 0)
        _ = old.connection.endStream(at: 0)
        let (text, actions) = old.take()
        #expect(text == "HTTP/1.1 200 OK\r\nDate: D\r\nConnection: close\r\n\r\nhello")
        #expect(actions == [.close])
    }

    @Test("makes a writer wait for a slow peer, then go on")
    func backPressure() {
        var limits = ServerLimits()
        limits.outputBytes = 1000
        var wire = Wire(limits)
        _ = wire.receive(get)
        _ = wire.connection.beginStream(.ok, HTTPHeaders(), date: "D", at: 0)
        wire.connection.addPiece([UInt8](repeating: 65, count: 2000), at: 0)
        #expect(wire.connection.isFull)
        #expect(wire.connection.sent(1000, at: 0) == [])
        #expect(wire.connection.sent(800, at: 0) == [.resumeWriter])
        #expect(!wire.connection.isFull)
    }

    @Test("closes who is silent, and tells who is slow")
    func timeouts() {
        var silent = Wire()
        #expect(silent.pass(ms: 9_999) == [])
        #expect(silent.pass(ms: 1) == [.count(.idleTimeout), .close])

        var slow = Wire()
        _ = slow.receive("GET / HT")
        slow.nowNs += 5_000_000_000
        _ = slow.receive("TP/1.1\r\nX")
        #expect(slow.pass(ms: 5_000) == [.count(.headerTimeout)])
        #expect(slow.take().text.hasSuffix("headers did not arrive within 10000 ms\n"))

        var body = Wire()
        _ = body.receive("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nab")
        #expect(body.pass(ms: 60_000) == [.count(.bodyTimeout)])
        #expect(body.take().text.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))

        var idle = Wire()
        _ = idle.receive(get)
        #expect(idle.connection.deadlineNs == nil)
        _ = idle.respond(.ok, "x")
        _ = idle.take()
        #expect(idle.pass(ms: 119_999) == [])
        #expect(idle.pass(ms: 1) == [.count(.idleTimeout), .close])
    }

    @Test("gives up on a peer that takes nothing")
    func writeTimeout() {
        var wire = Wire()
        _ = wire.receive(get)
        _ = wire.respond(.ok, "x")
        #expect(wire.pass(ms: 29_999) == [])
        #expect(wire.pass(ms: 1) == [.count(.writeTimeout), .close])
    }

    @Test("cancels the handler when the client goes")
    func clientGone() {
        var half = Wire()
        _ = half.receive(get)
        #expect(half.connection.receivedEnd(at: 0) == [.cancelHandler])
        _ = half.respond(.ok, "x")
        #expect(half.take().actions == [.close])

        var broken = Wire()
        _ = broken.receive(get)
        #expect(broken.connection.failed() == [.cancelHandler, .close])
        #expect(broken.connection.failed() == [])

        var idle = Wire()
        #expect(idle.connection.receivedEnd(at: 0) == [.close])
    }

    @Test("drains: idle closes at once, busy after its answer")
    func drain() {
        var idle = Wire()
        #expect(idle.connection.drain(at: 0) == [.close])

        var busy = Wire()
        _ = busy.receive(get)
        #expect(busy.connection.drain(at: 0) == [])
        _ = busy.respond(.ok, "x")
        let (text, actions) = busy.take()
        #expect(text.contains("\r\nConnection: close\r\n"))
        #expect(actions == [.close])
    }

    @Test("turns away one connection too many")
    func tooMany() {
        var wire = Wire()
        #expect(wire.connection.refuseConnection(at: 0) == [.count(.maxConnections)])
        let (text, actions) = wire.take()
        #expect(
            text == "HTTP/1.1 503 Service Unavailable\r\n"
                + "Content-Type: text/plain; charset=utf-8\r\nContent-Length: 43\r\n"
                + "Retry-After: 1\r\nConnection: close\r\n\r\n"
                + "more than 512 connections; try again later\n"
        )
        #expect(actions == [.shutdownOutput])
    }

    @Test("cannot be made to split a response")
    func splitting() {
        let bytes = ResponseHead.bytes(
            .ok,
            HTTPHeaders([("X", "a\r\nSet-Cookie: b")]),
            nil,
            date: nil
        )
        #expect(
            String(decoding: bytes, as: UTF8.self)
                == "HTTP/1.1 200 OK\r\nX: a  Set-Cookie: b\r\n\r\n"
        )
    }
}
