// Takes a client's bytes in whatever pieces they come and gives out requests: RFC 9112, strictly.
// What is ambiguous is refused rather than guessed at: a proxy in front might guess otherwise.

/// What the parser found next.
package enum RequestEvent: Sendable, Hashable {
    /// Request line and headers.
    case head(RequestHead)
    /// A piece of the body, never empty.
    case body([UInt8])
    /// The request is complete.
    case end
}

/// An incremental parser of the requests of one connection, a pure state machine.
///
/// `append` bytes, then call `next` until it gives nil. After an error it must not be used again.
package struct RequestParser: Sendable {
    private enum State: Sendable {
        case requestLine
        case headers(RequestHead)
        case fixedBody(left: Int)
        case chunkSize
        case chunkData(left: Int)
        case chunkEnd
        case trailers
    }

    private let limits: ServerLimits
    private var state = State.requestLine
    private var buffer: [UInt8] = []
    private var start = 0  // first byte not yet consumed
    private var scanned = 0  // no line feed between start and here
    private var line = 0  // header lines so far
    private var lineBytes = 0  // their length
    private var bodyBytes = 0
    private var skippedEmptyLine = false

    package init(limits: ServerLimits) {
        self.limits = limits
    }

    /// Bytes that wait to be parsed.
    var pendingBytes: Int { buffer.count - start }

    /// Whether a request has begun and is not complete.
    package var isInsideRequest: Bool {
        if case .requestLine = state { return pendingBytes > 0 }
        return true
    }

    /// Adds what was read.
    package mutating func append(_ bytes: Span<UInt8>) {
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            (start, scanned) = (0, 0)
        } else if start > 64 * 1024 {
            buffer.removeFirst(start)
            (start, scanned) = (0, scanned - start)
        }
        buffer.append(copying: bytes)
    }

    /// The next event, nil when more bytes are needed.
    package mutating func next() throws(RequestError) -> RequestEvent? {
        while true {
            switch state {
            case .requestLine:
                guard let range = try takeLine(room: limits.requestLineBytes) else {
                    if pendingBytes > limits.requestLineBytes {
                        throw .requestLineTooLong(limitBytes: limits.requestLineBytes)
                    }
                    return nil
                }
                guard range.count <= limits.requestLineBytes else {
                    throw .requestLineTooLong(limitBytes: limits.requestLineBytes)
                }
                if range.isEmpty {
                    // One empty line before a request is forgiven (RFC 9112, 2.2).
                    guard !skippedEmptyLine else { throw .requestLine("empty") }
                    skippedEmptyLine = true
                    continue
                }
                state = .headers(try RequestHead(line: buffer[range]))
                (line, lineBytes, bodyBytes, skippedEmptyLine) = (0, 0, 0, false)
            case .headers(var head):
                guard let range = try takeHeaderLine() else { return nil }
                guard range.isEmpty else {
                    let field = try RequestHead.field(of: buffer[range], number: line)
                    head.headers.add(field.name, field.value)
                    state = .headers(head)
                    continue
                }
                try head.finish()
                switch head.framing {
                case .none: state = .fixedBody(left: 0)
                case .length(let length):
                    guard length <= limits.bodyBytes else {
                        throw .bodyTooLong(limitBytes: limits.bodyBytes)
                    }
                    state = .fixedBody(left: length)
                case .chunked: state = .chunkSize
                }
                return .head(head)
            case .fixedBody(let left):
                guard left > 0 else { return ended() }
                guard let piece = takePiece(atMost: left) else { return nil }
                state = .fixedBody(left: left - piece.count)
                return .body(piece)
            case .chunkSize:
                guard let range = try takeLine(room: 256) else { return nil }
                let size = try chunkSize(buffer[range])
                guard size <= limits.bodyBytes - bodyBytes else {
                    throw .bodyTooLong(limitBytes: limits.bodyBytes)
                }
                (line, lineBytes) = (0, 0)
                state = size == 0 ? .trailers : .chunkData(left: size)
            case .chunkData(let left):
                guard let piece = takePiece(atMost: left) else { return nil }
                bodyBytes += piece.count
                state = left == piece.count ? .chunkEnd : .chunkData(left: left - piece.count)
                return .body(piece)
            case .chunkEnd:
                guard let range = try takeLine(room: 0) else { return nil }
                guard range.isEmpty else { throw .chunk("longer than its size says") }
                state = .chunkSize
            case .trailers:
                // Checked like headers, then dropped: nothing here reads trailers.
                guard let range = try takeHeaderLine() else { return nil }
                if range.isEmpty { return ended() }
                _ = try RequestHead.field(of: buffer[range], number: line)
            }
        }
    }

    private mutating func ended() -> RequestEvent {
        state = .requestLine
        return .end
    }

    // Takes one header line, empty for the last; nil when more bytes are needed.
    private mutating func takeHeaderLine() throws(RequestError) -> Range<Int>? {
        let room = limits.headerBytes - lineBytes
        guard let range = try takeLine(room: room) else {
            // The CR of the empty line at the end does not count.
            if pendingBytes > max(room, 1) {
                throw .headersTooLong(limitBytes: limits.headerBytes)
            }
            return nil
        }
        if range.isEmpty { return range }
        line += 1
        lineBytes += range.count + 2
        guard lineBytes <= limits.headerBytes else {
            throw .headersTooLong(limitBytes: limits.headerBytes)
        }
        guard line <= limits.headerCount else { throw .tooManyHeaders(limit: limits.headerCount) }
        return range
    }

    // Takes one line without its CR LF; nil when it is not complete. A bare CR or LF is refused.
    private mutating func takeLine(room: Int) throws(RequestError) -> Range<Int>? {
        var index = max(start, scanned)
        while index < buffer.count, buffer[index] != 0x0a { index += 1 }
        guard index < buffer.count else {
            scanned = index
            if case .chunkSize = state, pendingBytes > room { throw .chunk("size line too long") }
            if case .chunkEnd = state, pendingBytes > 1 {
                throw .chunk("longer than its size says")
            }
            return nil
        }
        guard index > start, buffer[index - 1] == 0x0d else { throw bareLine("LF without CR") }
        let range = start..<index - 1
        guard !buffer[range].contains(0x0d) else { throw bareLine("CR without LF") }
        start = index + 1
        scanned = start
        return range
    }

    private func bareLine(_ what: String) -> RequestError {
        switch state {
        case .requestLine: .requestLine(what)
        case .headers, .trailers: .header(line: line + 1, what)
        default: .chunk(what)
        }
    }

    private mutating func takePiece(atMost left: Int) -> [UInt8]? {
        let count = min(left, pendingBytes)
        guard count > 0 else { return nil }
        defer {
            start += count
            scanned = start
        }
        return Array(buffer[start..<start + count])
    }

    // `1a2b;extension`: extensions are ignored (RFC 9112, 7.1.1), white space is not forgiven.
    private func chunkSize(_ line: ArraySlice<UInt8>) throws(RequestError) -> Int {
        let digits = line.prefix { $0 != UInt8(ascii: ";") }
        guard !digits.isEmpty, digits.count <= 15 else { throw .chunk("no size") }
        guard line.count <= 256 else { throw .chunk("size line too long") }
        var size = 0
        for byte in digits {
            guard let digit = HTTPBytes.hex(byte) else {
                throw .chunk("the size is not hexadecimal")
            }
            size = size * 16 + digit
        }
        return size
    }
}
