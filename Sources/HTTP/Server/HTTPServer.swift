// The server on the event loop: performs what the connections' state machines ask for.
public import Platform

/// Serves HTTP/1.1 on TCP and unix sockets. Handlers run on the loop's thread: they await what is slow.
public actor HTTPServer {
    nonisolated let loop: EventLoop
    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        // SAFETY: `loop` lives as long as this actor.
        unsafe loop.asUnownedSerialExecutor()
    }

    let limits: ServerLimits
    let clock: any WallClock
    let events: ServerEvents
    let handler: HTTPHandler
    var listeners: [Listener] = []
    var connections: [UInt64: ServerConnection] = [:]
    var nextID: UInt64 = 0
    var heldBytes = 0
    var readBuffer: [UInt8] = []
    var dateSecond = Int64.min
    var date = ""
    var isStopping = false
    var drained: [CheckedContinuation<Void, Never>] = []

    /// Makes a server that does not listen yet.
    ///
    /// The handler is a `Router`'s `respond(to:)`, as a rule; its task is cancelled when the client
    /// goes away.
    public init(
        loop: EventLoop,
        limits: ServerLimits = ServerLimits(),
        clock: any WallClock = SystemClock(),
        events: ServerEvents = ServerEvents(),
        handler: @escaping HTTPHandler
    ) {
        self.loop = loop
        self.limits = limits
        self.clock = clock
        self.events = events
        self.handler = handler
    }

    /// Connections open now; for meters.
    public var connectionCount: Int { connections.count }
}

// MARK: - Listening and stopping

extension HTTPServer {
    /// Opens a listener and accepts from now on.
    ///
    /// - Returns: the address that it has: with port 0 the system chose one.
    /// - Throws: `.cannotListen`; the others stay open.
    public func listen(on address: SocketAddress) throws(HTTPServerError) -> SocketAddress {
        guard !isStopping else { throw .stopped }
        let listener: Listener
        do throws(SocketError) {
            listener = Listener(socket: try Socket.listen(on: address), address: address)
        } catch {
            throw .cannotListen(error)
        }
        let index = listeners.count
        listener.watch = loop.watch(listener.socket.raw, .readable) { [weak self] _ in
            self?.assumeIsolated { $0.accept(index) }
        }
        listeners.append(listener)
        return listener.boundAddress
    }

    /// Accepts no more, lets answers under way finish for at most `drainMs`, then closes all.
    public func stop(drainMs: Int64) async {
        isStopping = true
        for listener in listeners { listener.close() }
        listeners.removeAll()
        for id in connections.keys.sorted() {
            guard let connection = connections[id] else { continue }
            perform(connection.machine.drain(at: nowNs), id, connection)
            settle(id, connection)
        }
        guard !connections.isEmpty else { return }
        let timer = loop.schedule(afterNs: drainMs * 1_000_000) { [weak self] in
            self?.assumeIsolated { $0.closeAll() }
        }
        // Looked at again inside the continuation: between a check before it and its body the loop
        // may have run others, the end of the last connection among them.
        await withCheckedContinuation { continuation in
            if connections.isEmpty {
                continuation.resume()
            } else {
                drained.append(continuation)
            }
        }
        timer.cancel()
    }

    private func closeAll() {
        for id in connections.keys.sorted() {
            guard let connection = connections[id] else { continue }
            perform(connection.machine.failed(), id, connection)
        }
    }

    private func accept(_ index: Int) {
        guard index < listeners.count else { return }
        let listener = listeners[index]
        // A bound for one turn, so that a flood of connections does not starve those that are open.
        for _ in 0..<64 {
            do throws(Errno) {
                guard let accepted = try Socket.accept(listener.socket) else { return }
                add(accepted.take(), listener.kind)
            } catch {
                // Out of descriptors, most likely: level-triggered, so it would come again at once.
                events.acceptFailed(error)
                listener.watch?.modify([])
                listener.pause = loop.schedule(afterNs: 100_000_000) { [weak self] in
                    self?.assumeIsolated { $0.acceptAgain(index) }
                }
                return
            }
        }
    }

    private func acceptAgain(_ index: Int) {
        guard index < listeners.count else { return }
        listeners[index].watch?.modify(.readable)
    }

    private func add(_ socket: consuming FileDescriptor, _ kind: HTTPListenerKind) {
        // Beyond the limit a few get an answer; in a flood the rest is closed without one.
        guard connections.count < limits.maxConnections + 64 else {
            return events.limitHit(.maxConnections)
        }
        Socket.setNoDelay(socket)
        let isTooMany = connections.count >= limits.maxConnections
        let id = nextID
        nextID += 1
        let fd = socket.raw
        let machine = Connection(limits: limits, listener: kind, at: nowNs)
        let connection = ServerConnection(socket: socket, machine: machine)
        connections[id] = connection
        connection.watch = loop.watch(fd, .readable) { [weak self] readiness in
            self?.assumeIsolated { $0.isReady(id, readiness) }
        }
        if isTooMany { perform(connection.machine.refuseConnection(at: nowNs), id, connection) }
        settle(id, connection)
    }
}
