// Moves bytes between sockets and state machines, and runs the handlers that these ask for.
import Platform

// MARK: - Events

extension HTTPServer {
    var nowNs: Int64 { loop.clock.nowNs() }

    func isReady(_ id: UInt64, _ readiness: Readiness) {
        guard let connection = connections[id] else { return }
        if readiness.contains(.failed)
            || (readiness.contains(.hangup) && !connection.machine.wantsRead)
        {
            return perform(connection.machine.failed(), id, connection)
        }
        if readiness.contains(.readable) || readiness.contains(.hangup) { read(id, connection) }
        settle(id, connection)
    }

    func read(_ id: UInt64, _ connection: ServerConnection) {
        // A bound for one turn: a fast sender must not starve the others.
        for _ in 0..<4 where connection.machine.wantsRead {
            var progress = SocketProgress.wouldBlock
            readBuffer.removeAll(keepingCapacity: true)
            readBuffer.append(addingCapacity: 64 * 1024) { target in
                progress = Socket.read(connection.socket, into: &target)
            }
            let actions: [ConnectionAction]
            switch progress {
            case .wouldBlock: return
            case .moved: actions = connection.machine.received(readBuffer.span, at: nowNs)
            case .ended: actions = connection.machine.receivedEnd(at: nowNs)
            case .failed: return perform(connection.machine.failed(), id, connection)
            }
            recount(connection)
            perform(actions, id, connection)
            if heldBytes > limits.allBodyBytes, connection.machine.isReceivingBody {
                let error = RequestError.noRoom(limitBytes: limits.allBodyBytes)
                perform(connection.machine.refuse(error, at: nowNs), id, connection)
            }
        }
    }

    // Sends what it can, then waits for what the state machine wants next.
    func settle(_ id: UInt64, _ connection: ServerConnection) {
        flush(id, connection)
        recount(connection)
        guard connections[id] != nil else { return }
        var interest = Interest()
        if connection.machine.wantsRead { interest.insert(.readable) }
        if !connection.machine.output.isEmpty { interest.insert(.writable) }
        connection.watch?.modify(interest)
        guard let deadline = connection.machine.deadlineNs, deadline < connection.timerNs else {
            return  // a timer that is too early looks again when it fires
        }
        connection.timer?.cancel()
        connection.timerNs = deadline
        connection.timer = loop.schedule(at: SteadyTime(ns: deadline)) { [weak self] in
            self?.assumeIsolated { $0.timerFired(id) }
        }
    }

    // Keeps the sum of the bodies on all connections.
    func recount(_ connection: ServerConnection) {
        heldBytes += connection.machine.heldBytes - connection.countedBytes
        connection.countedBytes = connection.machine.heldBytes
    }

    func timerFired(_ id: UInt64) {
        guard let connection = connections[id] else { return }
        connection.timer = nil
        connection.timerNs = .max
        perform(connection.machine.timePassed(at: nowNs), id, connection)
        settle(id, connection)
    }

    func flush(_ id: UInt64, _ connection: ServerConnection) {
        while !connection.machine.output.isEmpty {
            var progress = SocketProgress.wouldBlock
            connection.machine.output.withNext { bytes in
                progress = Socket.write(connection.socket, bytes)
            }
            guard case .moved(let sent) = progress else {
                if progress == .wouldBlock { return }
                return perform(connection.machine.failed(), id, connection)
            }
            perform(connection.machine.sent(sent, at: nowNs), id, connection)
        }
    }
}

// MARK: - Actions

extension HTTPServer {
    func perform(
        _ actions: [ConnectionAction],
        _ id: UInt64,
        _ connection: ServerConnection
    ) {
        for action in actions {
            switch action {
            case .handle(let request):
                connection.task = Task { await self.answer(request, id) }
            case .cancelHandler:
                connection.task?.cancel()
                connection.resumeWriters(isClosed: true)
            case .resumeWriter: connection.resumeWriters(isClosed: false)
            case .shutdownOutput: Socket.finishWriting(connection.socket)
            case .close: remove(id, connection)
            case .count(let limit): events.limitHit(limit)
            }
        }
    }

    func remove(_ id: UInt64, _ connection: ServerConnection) {
        guard connections.removeValue(forKey: id) != nil else { return }
        connection.release()
        recount(connection)
        if connections.isEmpty {
            for waiting in drained { waiting.resume() }
            drained.removeAll()
        }
    }

    func answer(_ request: HTTPRequest, _ id: UInt64) async {
        let startNs = nowNs
        let response = await handler(request)
        guard let connection = connections[id] else { return }
        events.answered(
            HTTPRequestLine(method: request.method, path: request.path),
            response.status,
            Double(nowNs - startNs) / 1e6
        )
        switch response.body {
        case .bytes(let body):
            let actions = connection.machine.respond(
                response.status,
                response.headers,
                body,
                date: dateText(),
                at: nowNs
            )
            perform(actions, id, connection)
        case .stream(let produce):
            let (wantsPieces, actions) = connection.machine.beginStream(
                response.status,
                response.headers,
                date: dateText(),
                at: nowNs
            )
            perform(actions, id, connection)
            if wantsPieces { await stream(produce, id, connection) }
        }
        settle(id, connection)
    }

    func stream(
        _ produce: @Sendable (any HTTPBodyWriter) async throws(HTTPBodyClosed) -> Void,
        _ id: UInt64,
        _ connection: ServerConnection
    ) async {
        do throws(HTTPBodyClosed) {
            try await produce(StreamWriter(server: self, id: id))
            perform(connection.machine.endStream(at: nowNs), id, connection)
        } catch {
            // The body is cut short; only the end of the connection can say so.
            perform(connection.machine.failed(), id, connection)
        }
    }

    func write(_ bytes: [UInt8], _ id: UInt64) async throws(HTTPBodyClosed) {
        guard let connection = connections[id] else { throw HTTPBodyClosed() }
        connection.machine.addPiece(bytes, at: nowNs)
        settle(id, connection)
        // Inside the continuation, because the loop may have run others before its body: what would
        // resume this writer may have come and gone.
        let isClosed = await withCheckedContinuation { continuation in
            if connections[id] == nil {
                continuation.resume(returning: true)
            } else if connection.machine.isFull {
                connection.waitingWriters.append(continuation)
            } else {
                continuation.resume(returning: false)
            }
        }
        if isClosed { throw HTTPBodyClosed() }
    }

    // The text changes once a second.
    func dateText() -> String {
        let second = clock.nowMs() / 1000
        if second != dateSecond {
            dateSecond = second
            date = HTTPDate.text(seconds: second)
        }
        return date
    }
}

/// Hands a handler's pieces to its connection.
private struct StreamWriter: HTTPBodyWriter {
    let server: HTTPServer
    let id: UInt64

    func write(_ bytes: [UInt8]) async throws(HTTPBodyClosed) {
        try await server.write(bytes, id)
    }
}
