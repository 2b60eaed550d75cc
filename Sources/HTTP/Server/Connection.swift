// One client's connection as a pure state machine: events go in, actions come out, the server
// performs them. Knows no socket and no clock; times are nanoseconds of the steady clock.

/// What the server has to do for a connection.
enum ConnectionAction: Sendable, Hashable {
    /// Run the handler with this request, then `respond` (or begin a stream).
    case handle(HTTPRequest)
    /// Nobody waits for the answer any more.
    case cancelHandler
    /// There is room again for the writer of a streamed body.
    case resumeWriter
    /// Say that nothing more will come, but go on reading.
    case shutdownOutput
    /// Close the socket; the connection is over.
    case close
    /// A limit was hit.
    case count(ServerLimit)
}

/// The state of one connection.
struct Connection: Sendable {
    private enum Phase: Sendable {
        case idle  // between requests
        case head
        case body(RequestHead, [UInt8])
        case handling(RequestHead)
        case streaming(RequestHead, chunked: Bool)
        case finishing(linger: Bool)  // sends what is queued, then closes
        case lingering  // all sent; waits for the peer to read it
        case closed
    }

    private let limits: ServerLimits
    private let listener: HTTPListenerKind
    private var parser: RequestParser
    private var phase = Phase.idle
    private var since: Int64  // the phase's start
    private var progress: Int64  // when output last moved, or began to wait
    private var requests = 0
    private var keepsAlive = true
    private var peerClosed = false
    private var writerWaits = false
    private var discarded = 0

    /// What waits to be sent.
    private(set) var output = OutputQueue()

    /// Bytes of the body being received or answered.
    private(set) var heldBytes = 0

    init(limits: ServerLimits, listener: HTTPListenerKind, at nowNs: Int64) {
        self.limits = limits
        self.listener = listener
        parser = RequestParser(limits: limits)
        since = nowNs
        progress = nowNs
    }

    /// Whether the server should read from the socket.
    var wantsRead: Bool {
        switch phase {
        case .idle, .head, .body: !peerClosed && output.count <= limits.outputBytes
        case .handling, .streaming:
            !peerClosed && parser.pendingBytes < limits.pipelineBytes
        case .lingering: true
        case .finishing, .closed: false
        }
    }

    /// Whether a streamed body's writer must wait for the peer.
    var isFull: Bool { output.count > limits.outputBytes }

    /// Whether a request's body is on its way.
    var isReceivingBody: Bool {
        if case .body = phase { true } else { false }
    }

    /// When `timePassed` must be called; nil for never.
    var deadlineNs: Int64? {
        let write = output.isEmpty ? nil : progress + limits.writeTimeoutMs * 1_000_000
        let wait: Int64? =
            switch phase {
            case .idle: requests == 0 ? limits.headerTimeoutMs : limits.idleTimeoutMs
            case .head: limits.headerTimeoutMs
            case .body: limits.bodyTimeoutMs
            case .lingering: limits.lingerMs
            case .handling, .streaming, .finishing, .closed: nil
            }
        guard let wait else { return write }
        return min(since + wait * 1_000_000, write ?? .max)
    }
}

// MARK: - From the peer

extension Connection {
    /// Takes bytes that were read.
    mutating func received(_ bytes: Span<UInt8>, at nowNs: Int64) -> [ConnectionAction] {
        switch phase {
        case .finishing, .closed: return []
        case .lingering:
            discarded += bytes.count
            return discarded > 1 << 20 ? close() : []
        default:
            parser.append(bytes)
            return advance(at: nowNs)
        }
    }

    /// The peer will send nothing more; it may still read.
    mutating func receivedEnd(at nowNs: Int64) -> [ConnectionAction] {
        peerClosed = true
        keepsAlive = false
        switch phase {
        case .idle, .head, .body: return finish(linger: false, at: nowNs)
        case .handling, .streaming: return [.cancelHandler]
        case .lingering: return close()
        case .finishing, .closed: return []
        }
    }

    /// The socket took bytes of `output`.
    mutating func sent(_ count: Int, at nowNs: Int64) -> [ConnectionAction] {
        output.drop(count)
        progress = nowNs
        switch phase {
        case .finishing(let linger) where output.isEmpty:
            guard linger, !peerClosed else { return close() }
            (phase, since) = (.lingering, nowNs)
            return [.shutdownOutput]
        case .streaming where writerWaits && output.count <= limits.outputBytes / 2:
            writerWaits = false
            return [.resumeWriter]
        case .idle: return advance(at: nowNs)
        default: return []
        }
    }

    /// Reading or writing failed: the peer is gone.
    mutating func failed() -> [ConnectionAction] {
        close()
    }

    /// Looks whether a time limit has run out.
    mutating func timePassed(at nowNs: Int64) -> [ConnectionAction] {
        if !output.isEmpty, nowNs >= progress + limits.writeTimeoutMs * 1_000_000 {
            return [.count(.writeTimeout)] + close()
        }
        guard let deadlineNs, nowNs >= deadlineNs else { return [] }
        switch phase {
        case .idle: return [.count(.idleTimeout)] + close()
        case .head: return refuse(.headerTimeout(ms: limits.headerTimeoutMs), at: nowNs)
        case .body: return refuse(.bodyTimeout(ms: limits.bodyTimeoutMs), at: nowNs)
        case .lingering: return close()
        case .handling, .streaming, .finishing, .closed: return []
        }
    }

    // Parses on until a request is complete or bytes are missing.
    private mutating func advance(at nowNs: Int64) -> [ConnectionAction] {
        // A peer that sends requests but reads no answers gets no more of them handled.
        if case .idle = phase, isFull { return [] }
        while true {
            switch phase {
            case .idle, .head, .body: break
            default: return []
            }
            do throws(RequestError) {
                switch try parser.next() {
                case nil:
                    if case .idle = phase, parser.isInsideRequest {
                        (phase, since) = (.head, nowNs)
                    }
                    return []
                case .head(let head):
                    if head.expectsContinue, parser.pendingBytes == 0 {
                        queue(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8), at: nowNs)
                    }
                    (phase, since) = (.body(head, []), nowNs)
                case .body(let piece):
                    guard case .body(let head, var body) = phase else {
                        preconditionFailure("BUG: a body without a head")
                    }
                    phase = .idle  // so that `body` is the only owner of its bytes
                    body.append(contentsOf: piece)
                    heldBytes = body.count
                    phase = .body(head, body)
                case .end:
                    guard case .body(let head, let body) = phase else {
                        preconditionFailure("BUG: the end of a request without a head")
                    }
                    phase = .handling(head)
                    requests += 1
                    if !head.keepsAlive { keepsAlive = false }
                    return [.handle(request(head, body))]
                }
            } catch {
                return refuse(error, at: nowNs)
            }
        }
    }

    private func request(_ head: RequestHead, _ body: [UInt8]) -> HTTPRequest {
        HTTPRequest(
            method: head.method,
            path: head.path,
            query: head.query,
            authority: head.authority,
            headers: head.headers,
            body: body,
            listener: listener
        )
    }
}

// MARK: - From the handler

extension Connection {
    /// Answers the request being handled, body and all.
    mutating func respond(
        _ status: HTTPStatus,
        _ headers: HTTPHeaders,
        _ body: [UInt8],
        date: String,
        at nowNs: Int64
    ) -> [ConnectionAction] {
        guard case .handling(let head) = phase else { return [] }
        var fields = headers
        if !status.hasNoBody { fields.set("Content-Length", "\(body.count)") }
        queue(ResponseHead.bytes(status, fields, connectionField(head), date: date), at: nowNs)
        if head.method != .head, !status.hasNoBody { queue(body, at: nowNs) }
        return finishResponse(at: nowNs)
    }

    /// Begins a response whose body comes in pieces.
    ///
    /// - Returns: whether pieces are wanted; otherwise the response is complete.
    mutating func beginStream(
        _ status: HTTPStatus,
        _ headers: HTTPHeaders,
        date: String,
        at nowNs: Int64
    ) -> (wantsPieces: Bool, actions: [ConnectionAction]) {
        guard case .handling(let head) = phase else { return (false, []) }
        let chunked = head.minorVersion >= 1
        // HTTP/1.0 knows no chunks: the end of the connection ends the body (RFC 9112, 6.3).
        if !chunked { keepsAlive = false }
        var fields = headers
        if chunked, !status.hasNoBody { fields.set("Transfer-Encoding", "chunked") }
        queue(ResponseHead.bytes(status, fields, connectionField(head), date: date), at: nowNs)
        if head.method == .head || status.hasNoBody { return (false, finishResponse(at: nowNs)) }
        phase = .streaming(head, chunked: chunked)
        return (true, [])
    }

    /// Adds a piece of the streamed body; the writer waits afterwards while `isFull`.
    mutating func addPiece(_ bytes: [UInt8], at nowNs: Int64) {
        guard case .streaming(_, let chunked) = phase, !bytes.isEmpty else { return }
        if chunked { queue(Array("\(String(bytes.count, radix: 16))\r\n".utf8), at: nowNs) }
        queue(bytes, at: nowNs)
        if chunked { queue([0x0d, 0x0a], at: nowNs) }
        writerWaits = isFull
    }

    /// Ends the streamed body.
    mutating func endStream(at nowNs: Int64) -> [ConnectionAction] {
        guard case .streaming(_, let chunked) = phase else { return [] }
        if chunked { queue(Array("0\r\n\r\n".utf8), at: nowNs) }
        return finishResponse(at: nowNs)
    }
}

// MARK: - From the server

extension Connection {
    /// Answers with the error and closes; whatever else the peer sends is not looked at.
    mutating func refuse(_ error: RequestError, at nowNs: Int64) -> [ConnectionAction] {
        refuse(
            error.status,
            "\(error)\n",
            count: error.limit,
            retryAfter: error.status == .unavailable ? 1 : nil,
            at: nowNs
        )
    }

    /// Turns away a connection that is one too many, before it has said anything.
    mutating func refuseConnection(at nowNs: Int64) -> [ConnectionAction] {
        refuse(
            .unavailable,
            "more than \(limits.maxConnections) connections; try again later\n",
            count: .maxConnections,
            retryAfter: 1,
            at: nowNs
        )
    }

    /// Takes no further request: closes now when idle, else after the answer under way.
    mutating func drain(at nowNs: Int64) -> [ConnectionAction] {
        keepsAlive = false
        if case .idle = phase { return finish(linger: false, at: nowNs) }
        return []
    }

    private mutating func refuse(
        _ status: HTTPStatus,
        _ text: String,
        count limit: ServerLimit?,
        retryAfter: Int?,
        at nowNs: Int64
    ) -> [ConnectionAction] {
        var fields = HTTPHeaders([
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", "\(text.utf8.count)"),
        ])
        if let retryAfter { fields.add("Retry-After", "\(retryAfter)") }
        queue(ResponseHead.bytes(status, fields, "close", date: nil), at: nowNs)
        queue(Array(text.utf8), at: nowNs)
        let counted = limit.map { [ConnectionAction.count($0)] } ?? []
        return counted + finish(linger: true, at: nowNs)
    }

    private func connectionField(_ head: RequestHead) -> String? {
        if !keepsAlive { return "close" }
        return head.minorVersion == 0 ? "keep-alive" : nil
    }

    private mutating func finishResponse(at nowNs: Int64) -> [ConnectionAction] {
        heldBytes = 0
        writerWaits = false
        guard keepsAlive else { return finish(linger: false, at: nowNs) }
        (phase, since) = (.idle, nowNs)
        return advance(at: nowNs)
    }

    private mutating func finish(linger: Bool, at nowNs: Int64) -> [ConnectionAction] {
        heldBytes = 0
        keepsAlive = false
        if output.isEmpty { return close() }
        (phase, since) = (.finishing(linger: linger), nowNs)
        return []
    }

    private mutating func close() -> [ConnectionAction] {
        let wasAnswering: Bool
        switch phase {
        case .closed: return []
        case .handling, .streaming: wasAnswering = true
        default: wasAnswering = false
        }
        phase = .closed
        output.removeAll()
        heldBytes = 0
        return wasAnswering ? [.cancelHandler, .close] : [.close]
    }

    private mutating func queue(_ bytes: [UInt8], at nowNs: Int64) {
        if output.isEmpty { progress = nowNs }
        output.append(bytes)
    }
}
