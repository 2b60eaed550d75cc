// One request under way: what libcurl's callbacks fill, and what becomes of it at the end.
internal import CCurl

/// A transfer with its handle.
///
/// Lives on the loop's thread, used again for later requests.
final class CurlTransfer {
    typealias Outcome = Result<ClientResponse, HTTPClientError>

    /// Why a callback stopped the transfer.
    private enum Stop {
        case none, overLimit, bySink, bySource
    }

    private(set) var handle: CurlHandle
    private(set) var url = ""
    private var limitBytes = 0
    private var sink: BodySink?
    private var continuation: CheckedContinuation<Outcome, Never>?
    private var status = 0
    private var headers = HTTPHeaders()
    private var headerBytes = 0
    private var body: [UInt8] = []
    private var bodyBytes = 0
    private var isHeadGiven = false
    private var stop = Stop.none
    private var upload: UploadBuffer?

    init(handle: consuming CurlHandle) {
        self.handle = handle
    }

    /// Sets everything up for a request.
    ///
    /// - Throws: `.badRequest`; the transfer can be used again.
    func prepare(
        _ request: ClientRequest,
        sink: BodySink?,
        _ upload: UploadBuffer?,
        _ continuation: CheckedContinuation<Outcome, Never>
    ) throws(HTTPClientError) {
        self.upload = upload
        url = request.shownURL
        limitBytes = request.bodyLimitBytes
        do throws(CurlFailure) {
            try handle.reset()
            try handle.configure(request)
            // SAFETY: CurlMulti holds this object until the handle has left the multi handle.
            let context = unsafe Unmanaged.passUnretained(self).toOpaque()
            try unsafe handle.set(
                CURLOPT_WRITEFUNCTION,
                writeCallback,
                for: CURLOPT_WRITEDATA,
                context: context
            )
            try unsafe handle.set(
                CURLOPT_HEADERFUNCTION,
                headerCallback,
                for: CURLOPT_HEADERDATA,
                context: context
            )
            if upload != nil {
                try unsafe handle.set(
                    CURLOPT_READFUNCTION,
                    readCallback,
                    for: CURLOPT_READDATA,
                    context: context
                )
            }
        } catch {
            throw .badRequest(url: url, reason: error.text)
        }
        self.sink = sink
        self.continuation = continuation
    }

    /// Ends the transfer and resumes who waits for it.
    func finish(_ code: CURLcode) {
        if code == CURLE_OK, !giveHead() { stop = .bySink }
        finish(
            with: stop == .none && code == CURLE_OK ? .success(response()) : .failure(error(code))
        )
    }

    /// Ends the transfer from outside.
    func finish(with outcome: Outcome) {
        let waiting = continuation
        (continuation, sink, body, headers) = (nil, nil, [], HTTPHeaders())
        (status, headerBytes, bodyBytes, isHeadGiven, stop) = (0, 0, 0, false, .none)
        upload = nil
        waiting?.resume(returning: outcome)
    }

    private func response() -> ClientResponse {
        var response = ClientResponse(HTTPStatus(status), headers: headers, body: body)
        response.bodyBytes = bodyBytes
        response.wireBytes = handle.offset(CURLINFO_SIZE_DOWNLOAD_T)
        response.reusedConnection = handle.number(CURLINFO_NUM_CONNECTS) == 0
        response.timings.totalMs = Double(handle.offset(CURLINFO_TOTAL_TIME_T)) / 1000
        response.timings.firstByteMs = Double(handle.offset(CURLINFO_STARTTRANSFER_TIME_T)) / 1000
        if !response.reusedConnection {
            let connectedUs = max(
                handle.offset(CURLINFO_CONNECT_TIME_T),
                handle.offset(CURLINFO_APPCONNECT_TIME_T)
            )
            response.timings.connectMs = Double(connectedUs) / 1000
        }
        if headers["retry-after"] != nil {
            // libcurl before 8.12 may give a negative number for a date in the past.
            response.retryAfterSeconds = min(max(handle.offset(CURLINFO_RETRY_AFTER), 0), 86_400)
        }
        return response
    }

    private func error(_ code: CURLcode) -> HTTPClientError {
        switch stop {
        case .overLimit: return .tooLarge(url: url, limitBytes: limitBytes)
        case .bySink: return .aborted(url: url)
        case .bySource: return .transfer(url: url, message: "the body cannot be read")
        case .none: break
        }
        let message = handle.text(for: code)
        switch code {
        case CURLE_FILESIZE_EXCEEDED: return .tooLarge(url: url, limitBytes: limitBytes)
        case CURLE_OPERATION_TIMEDOUT: return .timeout(url: url, message: message)
        case CURLE_URL_MALFORMAT, CURLE_UNSUPPORTED_PROTOCOL:
            return .badRequest(url: url, reason: message)
        case CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_CONNECT:
            return .connect(url: url, message: message)
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
            CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            return .tls(url: url, message: message)
        default: return .transfer(url: url, message: message)
        }
    }
}

// MARK: - The body on its way out

extension CurlTransfer {
    /// Says that the body has grown, or that it cannot.
    func bodyHasChanged() {
        guard let upload, upload.isPaused else { return }
        upload.isPaused = false
        handle.goOn()
    }

    // Fills `room`; how many bytes, or what tells libcurl to wait or to give up.
    fileprivate func giveBody(_ room: UnsafeMutableRawBufferPointer) -> Int {
        guard let upload else { return 0 }
        if upload.isFailed {
            stop = .bySource
            return Int(CURL_READFUNC_ABORT)
        }
        let count = unsafe upload.take(into: room)
        if count == 0, upload.sent < upload.byteCount {
            upload.isPaused = true
            return Int(CURL_READFUNC_PAUSE)
        }
        return count
    }
}

/// Pieces of a body between who fetches them and libcurl, which takes them; on the loop's thread.
final class UploadBuffer {
    /// How much of a body is fetched at a time.
    static let pieceBytes = 256 << 10

    let byteCount: Int
    fileprivate(set) var sent = 0
    fileprivate var isPaused = false
    private(set) var isFailed = false
    private var fetched = 0
    private var pieces: [[UInt8]] = []
    private var offset = 0  // what of the first piece is gone
    private var waiting: CheckedContinuation<Void, Never>?

    init(byteCount: Int) {
        self.byteCount = byteCount
    }

    /// What is to be fetched next; nil when that is nothing.
    var next: (offset: Int, limit: Int)? {
        guard !isFailed, fetched < byteCount else { return nil }
        return (fetched, min(UploadBuffer.pieceBytes, byteCount - fetched))
    }

    /// Takes what was fetched for `next`; nil when it could not be.
    func put(_ piece: [UInt8]?) {
        guard let piece, !piece.isEmpty, piece.count <= byteCount - fetched else {
            isFailed = true
            return
        }
        pieces.append(piece)
        fetched += piece.count
    }

    /// Resumes the continuation once there is room: for one piece on its way and one behind it.
    func whenRoom(_ continuation: CheckedContinuation<Void, Never>) {
        if pieces.count < 2 || isFailed { continuation.resume() } else { waiting = continuation }
    }

    /// Nothing is taken any more: who waits for room is resumed.
    func end() {
        isFailed = true
        waiting?.resume()
        waiting = nil
    }

    fileprivate func take(into room: UnsafeMutableRawBufferPointer) -> Int {
        guard let first = pieces.first else { return 0 }
        let count = min(room.count, first.count - offset)
        // SAFETY: `count` bytes are in both.
        unsafe first.withUnsafeBytes { bytes in
            unsafe room.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
            )
        }
        offset += count
        sent += count
        if offset == first.count {
            pieces.removeFirst()
            offset = 0
            waiting?.resume()
            waiting = nil
        }
        return count
    }
}

// MARK: - What the callbacks bring

extension CurlTransfer {
    // One header line, or the status line with which each response of a chain begins.
    fileprivate func receiveHeader(_ bytes: Span<UInt8>) -> Bool {
        var line: [UInt8] = []
        line.append(copying: bytes)
        while let last = line.last, last == 0x0a || last == 0x0d { line.removeLast() }
        if line.starts(with: Array("HTTP/".utf8)) {
            let code = line.split(separator: 0x20).dropFirst().first.flatMap {
                HTTPBytes.decimal($0)
            }
            (status, headers, headerBytes) = (code ?? 0, HTTPHeaders(), 0)
            return true
        }
        headerBytes += line.count
        // libcurl itself ends a transfer beyond 300 KB; what is kept is bounded lower.
        guard headerBytes <= 64 * 1024, headers.count < 200,
            let colon = line.firstIndex(of: UInt8(ascii: ":"))
        else { return true }
        let value = Substring(String(decoding: line[(colon + 1)...], as: UTF8.self)).utf8
        headers.add(
            String(decoding: line[..<colon], as: UTF8.self),
            String(decoding: HTTPHeaders.trimmed(value), as: UTF8.self)
        )
        return true
    }

    // A piece of the last response's body; false ends the transfer.
    fileprivate func receiveBody(_ bytes: Span<UInt8>) -> Bool {
        guard giveHead() else {
            stop = .bySink
            return false
        }
        guard bytes.count <= limitBytes - bodyBytes else {
            stop = .overLimit
            return false
        }
        bodyBytes += bytes.count
        guard let sink else {
            body.append(copying: bytes)
            return true
        }
        if sink.piece(bytes) == .abort {
            stop = .bySink
            return false
        }
        return true
    }

    private func giveHead() -> Bool {
        if isHeadGiven { return true }
        isHeadGiven = true
        guard let sink else { return true }
        return sink.head(ClientResponseHead(status: HTTPStatus(status), headers: headers)) == .more
    }
}

// SAFETY of both: libcurl calls them on the loop's thread with `size * count` readable bytes and the
// transfer that `prepare` gave it, which CurlMulti holds.
private let writeCallback: ccurl_bytes_callback = { bytes, size, count, context in
    guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
    let transfer = unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    let raw = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    let span = unsafe raw.assumingMemoryBound(to: UInt8.self).span
    // Any other number than `size * count` is an error to libcurl; a piece is never that long.
    return transfer.receiveBody(span) ? size * count : .max
}

private let headerCallback: ccurl_bytes_callback = { bytes, size, count, context in
    guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
    let transfer = unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    let raw = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
    return transfer.receiveHeader(unsafe raw.assumingMemoryBound(to: UInt8.self).span)
        ? size * count : .max
}

// SAFETY: as above, with room for `size * count` bytes.
private let readCallback: ccurl_bytes_callback = { bytes, size, count, context in
    guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
    let transfer = unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue()
    return unsafe transfer.giveBody(
        UnsafeMutableRawBufferPointer(start: bytes, count: size * count)
    )
}
