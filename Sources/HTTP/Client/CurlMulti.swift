// The HTTP client on the event loop: libcurl says which sockets and what time it waits for, the loop
// says when they are due. No thread of its own, but for libcurl's name resolver.
internal import CCurl
public import Platform

/// How much a client may use at once.
public struct ClientLimits: Sendable, Hashable {
    /// Connections kept for later requests.
    public var idleConnections = 256
    /// Connections to one host; further requests wait for one of them.
    public var connectionsPerHost = 16
    /// Connections in all; further requests wait.
    public var connections = 512
    /// Handles kept for later requests; each takes some kilobytes.
    public var idleHandles = 16

    /// The defaults.
    public init() {}
}

/// The real HTTP client. One a loop: its transfers share connections, names and TLS sessions.
///
/// Calls may come from any task; the work, and every sink, runs on the loop's thread.
public actor CurlMulti: HTTPClient {
    private nonisolated let loop: EventLoop
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        // SAFETY: `loop` lives as long as this actor.
        unsafe loop.asUnownedSerialExecutor()
    }

    private let limits: ClientLimits
    private let multi: MultiHandle
    private var isConnected = false
    private var isClosed = false
    private var running: [UInt: CurlTransfer] = [:]
    private var byNumber: [UInt64: UInt] = [:]
    private var numbers: [UInt: UInt64] = [:]
    private var nextNumber: UInt64 = 0
    /// Transfers that are called for but not begun; a cancellation takes its number out.
    private var awaited: Set<UInt64> = []
    /// Bodies that are fetched while they are sent.
    private var uploads: [UInt64: UploadBuffer] = [:]
    private var idle: [CurlTransfer] = []
    private var watches: [Int32: Watch] = [:]
    private var timer: LoopTimer?

    /// Makes a client for the loop; nothing is opened before the first request.
    ///
    /// - Throws: `.closed` when libcurl cannot start, for want of memory.
    public init(loop: EventLoop, limits: ClientLimits = ClientLimits()) throws(HTTPClientError) {
        guard let multi = MultiHandle() else { throw .closed(url: "libcurl") }
        self.loop = loop
        self.limits = limits
        self.multi = multi
    }

    public func send(
        _ request: ClientRequest
    ) async throws(HTTPClientError) -> ClientResponse {
        try await transfer(request, sink: nil)
    }

    public func stream(
        _ request: ClientRequest,
        to sink: BodySink
    ) async throws(HTTPClientError) -> ClientResponse {
        try await transfer(request, sink: sink)
    }

    /// Aborts what is under way and refuses what comes.
    ///
    /// Call it before the loop stops.
    public func close() {
        isClosed = true
        for id in running.keys.sorted() {
            guard let transfer = running[id] else { continue }
            retire(id, transfer, .failure(.closed(url: transfer.url)))
        }
        timer?.cancel()
        timer = nil
        for watch in watches.values { watch.cancel() }
        watches.removeAll()
        idle.removeAll()
    }

    /// Transfers under way; for meters.
    public var runningCount: Int { running.count }

    private func transfer(
        _ request: ClientRequest,
        sink: BodySink?
    ) async throws(HTTPClientError) -> ClientResponse {
        let number = nextNumber
        nextNumber += 1
        awaited.insert(number)
        guard let source = request.source else {
            return try await perform(request, sink, number).get()
        }
        uploads[number] = UploadBuffer(byteCount: source.byteCount)
        let outcome = await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.feed(source, number) }
            let outcome = await perform(request, sink, number)
            uploads.removeValue(forKey: number)?.end()
            return outcome
        }
        return try outcome.get()
    }

    // Until the body has all of it, or nobody wants it any more.
    private func feed(_ source: BodySource, _ number: UInt64) async {
        while let next = uploads[number]?.next {
            let piece = await source.piece(next.offset, next.limit)
            guard let upload = uploads[number] else { return }
            upload.put(piece)
            if let id = byNumber[number] { running[id]?.bodyHasChanged() }
            await withCheckedContinuation { upload.whenRoom($0) }
        }
    }

    private func perform(
        _ request: ClientRequest,
        _ sink: BodySink?,
        _ number: UInt64
    ) async -> CurlTransfer.Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                start(request, sink, number, continuation)
            }
        } onCancel: {
            // It may come before the start: between this call and the continuation's body the loop may
            // run others, and the task may have been cancelled long ago.
            loop.execute { self.assumeIsolated { $0.cancel(number) } }
        }
    }

    private func start(
        _ request: ClientRequest,
        _ sink: BodySink?,
        _ number: UInt64,
        _ continuation: CheckedContinuation<CurlTransfer.Outcome, Never>
    ) {
        guard awaited.remove(number) != nil else {
            return continuation.resume(returning: .failure(.cancelled(url: request.shownURL)))
        }
        connect()
        guard !isClosed, let transfer = idle.popLast() ?? makeTransfer() else {
            return continuation.resume(returning: .failure(.closed(url: request.shownURL)))
        }
        do throws(HTTPClientError) {
            try transfer.prepare(request, sink: sink, uploads[number], continuation)
        } catch {
            idle.append(transfer)
            return continuation.resume(returning: .failure(error))
        }
        let id = transfer.handle.id
        (running[id], byNumber[number], numbers[id]) = (transfer, id, number)
        guard multi.add(transfer.handle) else {
            return retire(id, transfer, .failure(.closed(url: request.shownURL)), isAdded: false)
        }
    }

    private func makeTransfer() -> CurlTransfer? {
        guard let handle = CurlHandle() else { return nil }
        return CurlTransfer(handle: handle)
    }

    private func cancel(_ number: UInt64) {
        guard awaited.remove(number) == nil else { return }
        guard let id = byNumber[number], let transfer = running[id] else { return }
        retire(id, transfer, .failure(.cancelled(url: transfer.url)))
    }

    // Takes a transfer out before its waiter is resumed, so that nothing refers to it afterwards.
    private func retire(
        _ id: UInt,
        _ transfer: CurlTransfer,
        _ outcome: CurlTransfer.Outcome?,
        isAdded: Bool = true,
        code: CURLcode = CURLE_OK
    ) {
        if isAdded { multi.remove(transfer.handle) }
        running[id] = nil
        if let number = numbers.removeValue(forKey: id) { byNumber[number] = nil }
        if let outcome { transfer.finish(with: outcome) } else { transfer.finish(code) }
        if idle.count < limits.idleHandles, !isClosed { idle.append(transfer) }
    }

    private func finishDone() {
        while let (id, code) = multi.nextDone() {
            guard let transfer = running[id] else { continue }
            retire(id, transfer, nil, code: code)
        }
    }
}

// MARK: - Between libcurl and the loop

extension CurlMulti {
    private func connect() {
        guard !isConnected else { return }
        isConnected = true
        multi.set(CURLMOPT_MAXCONNECTS, limits.idleConnections)
        multi.set(CURLMOPT_MAX_HOST_CONNECTIONS, limits.connectionsPerHost)
        multi.set(CURLMOPT_MAX_TOTAL_CONNECTIONS, limits.connections)
        // SAFETY: the multi handle is a part of this object and drops the callbacks before it goes.
        unsafe multi.connect(
            socketCallback,
            timerCallback,
            context: Unmanaged.passUnretained(self).toOpaque()
        )
    }

    fileprivate func waitFor(_ fd: Int32, _ what: Int32) {
        if what == CURL_POLL_REMOVE {
            watches.removeValue(forKey: fd)?.cancel()
            return
        }
        var interest = Interest()
        if what & CURL_POLL_IN != 0 { interest.insert(.readable) }
        if what & CURL_POLL_OUT != 0 { interest.insert(.writable) }
        if let watch = watches[fd] { return watch.modify(interest) }
        watches[fd] = loop.watch(fd, interest) { [weak self] readiness in
            self?.assumeIsolated { $0.isReady(fd, readiness) }
        }
    }

    private func isReady(_ fd: Int32, _ readiness: Readiness) {
        var events: Int32 = 0
        if readiness.contains(.readable) || readiness.contains(.hangup) {
            events |= CURL_CSELECT_IN
        }
        if readiness.contains(.writable) { events |= CURL_CSELECT_OUT }
        if readiness.contains(.failed) { events |= CURL_CSELECT_ERR }
        multi.act(fd, events)
        finishDone()
    }

    fileprivate func waitFor(ms: Int) {
        timer?.cancel()
        timer = nil
        guard ms >= 0 else { return }
        timer = loop.schedule(afterNs: Int64(ms) * 1_000_000) { [weak self] in
            self?.assumeIsolated { $0.timeIsUp() }
        }
    }

    private func timeIsUp() {
        timer = nil
        multi.act(nil, 0)
        finishDone()
    }
}

// SAFETY of both: libcurl calls them within calls that the client makes on the loop's thread, with the
// client itself as context.
private let socketCallback: ccurl_socket_callback = { _, fd, what, context, _ in
    guard let context = unsafe context else { return -1 }
    let client = unsafe Unmanaged<CurlMulti>.fromOpaque(context).takeUnretainedValue()
    client.assumeIsolated { $0.waitFor(fd, what) }
    return 0
}

private let timerCallback: ccurl_timer_callback = { _, timeoutMs, context in
    guard let context = unsafe context else { return -1 }
    let client = unsafe Unmanaged<CurlMulti>.fromOpaque(context).takeUnretainedValue()
    client.assumeIsolated { $0.waitFor(ms: timeoutMs) }
    return 0
}
