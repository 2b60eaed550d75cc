// One epoll thread that is also a Swift executor: actors pinned to it and tasks that prefer it run on
// its thread, between its events, so that control code is straight async/await without locks.
internal import CLinux
internal import Glibc
internal import Synchronization

/// The control thread: descriptors, timers and pinned Swift tasks.
///
/// An actor pins itself with
/// `nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }`.
/// Nothing here may block: no file, no query, no lock that another thread holds for long.
///
/// `@unchecked Sendable`: what is not in `shared` or atomic belongs to the loop's thread, and every way
/// to it checks that thread (`requireLoop`).
public final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    public let clock: any SteadyClock
    private let epoll: FileDescriptor
    private let wakeup: FileDescriptor
    private let shared = Lock(SharedState())
    private let owner = Atomic<UInt>(0)
    private let stopping = Atomic<Bool>(false)

    // The loop's thread only.
    private var events = [clinux_event](repeating: clinux_event(), count: 256)
    private var batch: [Work] = []
    private var watches: [Watch?] = []
    private var nextGeneration: UInt32 = 1
    private var timers = TimerHeap()
    private var nextTimerOrder: UInt64 = 0

    /// Opens the loop's descriptors; nothing runs before `start()` or `run()`.
    ///
    /// - Throws: `.tooManyOpenFiles` and its kin.
    public init(clock: any SteadyClock = SystemClock()) throws(Errno) {
        self.clock = clock
        epoll = FileDescriptor(owning: try Syscall.retry { clinux_epoll_create() })
        wakeup = FileDescriptor(owning: try Syscall.retry { clinux_eventfd() })
        // Edge-triggered: each signal is one event and the counter never needs a read.
        let (poller, wake) = (epoll.raw, wakeup.raw)
        try Syscall.retry {
            clinux_epoll_add(poller, wake, CLINUX_READABLE | CLINUX_EDGE, EventLoop.wakeToken)
        }
    }

    private static let wakeToken = UInt64.max

    /// Runs the loop on a thread of its own.
    ///
    /// Join the returned thread after `stop()`.
    ///
    /// - Throws: what `NamedThread` throws.
    @discardableResult
    public func start(name: String = "loop") throws(Errno) -> NamedThread {
        try NamedThread(name: name) { self.run() }
    }

    /// Runs the loop on the calling thread until `stop()`.
    public func run() {
        let (exchanged, _) = owner.compareExchange(
            expected: 0,
            desired: UInt(pthread_self()),
            ordering: .acquiringAndReleasing
        )
        precondition(exchanged, "BUG: the loop runs already")
        while !stopping.load(ordering: .acquiring) { turn() }
        windDown()
        owner.store(0, ordering: .releasing)
    }

    /// Ends `run()` after what is queued has run; sleepers are woken with CancellationError.
    ///
    /// From any thread. Jobs that arrive after the end never run: stop last.
    public func stop() {
        stopping.store(true, ordering: .releasing)
        wake()
    }

    /// True on the loop's own thread while it runs.
    public var isOnLoop: Bool { owner.load(ordering: .acquiring) == UInt(pthread_self()) }

    /// Queues a call for the loop's thread.
    ///
    /// From any thread; calls run in the order they came.
    public func execute(_ body: @escaping @Sendable () -> Void) {
        put(.call(body))
    }

    /// Makes a sleeping loop look at its clock again.
    ///
    /// From any thread.
    public func wake() {
        put(nil)
    }

    private func put(_ work: Work?) {
        let mustSignal = shared.withLock { state in
            if let work { state.queue.append(work) }
            defer { state.isWaiting = false }
            return state.isWaiting
        }
        // The eventfd counter cannot fill up within a lifetime, so this cannot fail.
        if mustSignal { _ = clinux_eventfd_signal(wakeup.raw) }
    }

    func requireLoop() {
        precondition(isOnLoop, "BUG: this may be called on the loop's thread only")
    }
}

// MARK: - Executor

extension EventLoop {
    public func enqueue(_ job: consuming ExecutorJob) {
        put(.job(UnownedJob(job)))
    }

    public func checkIsolated() {
        requireLoop()
    }

    public func isIsolatingCurrentContext() -> Bool? { isOnLoop }
}

// MARK: - Watches and timers: the loop's thread only

extension EventLoop {
    /// Calls `handler` on the loop's thread whenever `fd` is ready.
    ///
    /// Only on the loop's thread.
    ///
    /// The descriptor stays the caller's, who cancels the watch before closing it. A descriptor that
    /// epoll refuses gets one call with `.failed`.
    public func watch(
        _ fd: Int32,
        _ interest: Interest,
        _ handler: @escaping @Sendable (Readiness) -> Void
    ) -> Watch {
        requireLoop()
        let index = Int(fd)
        while watches.count <= index { watches.append(nil) }
        precondition(watches[index] == nil, "BUG: descriptor \(fd) is watched already")
        let watch = Watch(
            fd: fd,
            interest: interest,
            generation: nextGeneration,
            loop: self,
            handler: handler
        )
        nextGeneration = nextGeneration == .max ? 1 : nextGeneration + 1
        watches[index] = watch
        update(watch)
        return watch
    }

    func update(_ watch: Watch) {
        requireLoop()
        var status: Int32 = 0
        if watch.interest.isEmpty {
            // Left in epoll, a hang-up would come again and again without anyone to deal with it.
            if watch.isRegistered { status = clinux_epoll_remove(epoll.raw, watch.fd) }
            watch.isRegistered = false
        } else if watch.isRegistered {
            status = clinux_epoll_modify(
                epoll.raw,
                watch.fd,
                watch.interest.epollEvents,
                watch.token
            )
        } else {
            status = clinux_epoll_add(epoll.raw, watch.fd, watch.interest.epollEvents, watch.token)
            watch.isRegistered = status == 0
        }
        if status != 0 {
            let token = watch.token
            execute { self.deliver(.failed, to: token) }
        }
    }

    func forget(_ watch: Watch) {
        requireLoop()
        watches[Int(watch.fd)] = nil
        // Failure means that the descriptor is closed already, and then epoll has let go of it.
        if watch.isRegistered { _ = clinux_epoll_remove(epoll.raw, watch.fd) }
        watch.isRegistered = false
    }

    private func deliver(_ readiness: Readiness, to token: UInt64) {
        let fd = Int(UInt32(truncatingIfNeeded: token))
        // An earlier event of this turn may have cancelled it, even reused its number.
        guard fd < watches.count, let watch = watches[fd], watch.token == token else { return }
        watch.handler(readiness)
    }

    /// Calls `body` on the loop's thread once, not before `deadline`.
    ///
    /// Only on the loop's thread.
    public func schedule(
        at deadline: SteadyTime,
        _ body: @escaping @Sendable () -> Void
    ) -> LoopTimer {
        requireLoop()
        let timer = LoopTimer(
            deadlineNs: deadline.ns,
            order: nextTimerOrder,
            loop: self,
            body: body
        )
        nextTimerOrder += 1
        timers.insert(timer)
        return timer
    }

    /// Calls `body` on the loop's thread once, `afterNs` nanoseconds from now.
    ///
    /// Only on the loop's thread.
    public func schedule(
        afterNs: Int64,
        _ body: @escaping @Sendable () -> Void
    ) -> LoopTimer {
        schedule(at: clock.now.advanced(by: .nanoseconds(afterNs)), body)
    }

    func remove(_ timer: LoopTimer) {
        requireLoop()
        timers.remove(timer)
    }
}

// MARK: - One turn

extension EventLoop {
    private func turn() {
        let hasWork = shared.withLock { state in
            state.isWaiting = state.queue.isEmpty
            return !state.queue.isEmpty
        }
        poll(timeoutNs: hasWork || stopping.load(ordering: .acquiring) ? 0 : untilNextTimerNs())
        shared.withLock { $0.isWaiting = false }
        fireTimers()
        runBatch()
    }

    private func untilNextTimerNs() -> Int64 {
        guard let first = timers.first else { return -1 }
        let (wait, overflow) = first.deadlineNs.subtractingReportingOverflow(clock.nowNs())
        return overflow ? .max : max(0, wait)
    }

    private func poll(timeoutNs: Int64) {
        let capacity = Int32(events.count)
        // SAFETY: the kernel fills at most `capacity` elements before the call returns.
        let count = unsafe events.withUnsafeMutableBufferPointer { buffer in
            unsafe clinux_epoll_wait(epoll.raw, buffer.baseAddress, capacity, timeoutNs)
        }
        // EINTR is one more turn; other errors cannot happen to a descriptor that we own.
        guard count > 0 else {
            precondition(
                count == 0 || Errno.current == .interrupted,
                "BUG: epoll_wait: \(Errno.current)"
            )
            return
        }
        for index in 0..<Int(count) {
            let event = events[index]
            if event.token != EventLoop.wakeToken {
                deliver(Readiness(epollEvents: event.events), to: event.token)
            }
        }
    }

    private func fireTimers() {
        guard timers.count > 0 else { return }
        // One reading and one border a turn: a timer that reschedules itself at once cannot starve events.
        let (nowNs, border) = (clock.nowNs(), nextTimerOrder)
        while let timer = timers.first, timer.deadlineNs <= nowNs, timer.order < border {
            timers.remove(timer)
            timer.takeBody()?()
        }
    }

    private func runBatch() {
        shared.withLock { swap(&$0.queue, &batch) }
        guard !batch.isEmpty else { return }
        for index in batch.indices {
            switch batch[index] {
            case .job(let job):
                // SAFETY: each job was handed to this executor once and is run once.
                unsafe job.runSynchronously(
                    isolatedTo: asUnownedSerialExecutor(),
                    taskExecutor: asUnownedTaskExecutor()
                )
            case .call(let body): body()
            }
        }
        batch.removeAll(keepingCapacity: true)
    }

    // Sleepers are woken so that their tasks can end; what keeps itself busy for ever is left behind.
    private func windDown() {
        for _ in 0..<1_000 {
            while let timer = timers.first {
                timers.remove(timer)
                if let sleeper = timer.sleeper { sleeper.finish(true) }
                _ = timer.takeBody()
            }
            if shared.withLock({ $0.queue.isEmpty }) { break }
            runBatch()
        }
        for watch in watches { watch?.cancel() }
    }
}

private enum Work: Sendable {
    case job(UnownedJob)
    case call(@Sendable () -> Void)
}

private struct SharedState {
    var queue: [Work] = []
    /// The loop is in, or on its way into, epoll_wait with an empty queue: the next one signals it.
    var isWaiting = false
}

extension Interest {
    fileprivate var epollEvents: UInt32 {
        (contains(.readable) ? CLINUX_READABLE : 0) | (contains(.writable) ? CLINUX_WRITABLE : 0)
    }
}

extension Readiness {
    fileprivate init(epollEvents events: UInt32) {
        var readiness = Readiness()
        if events & CLINUX_READABLE != 0 { readiness.insert(.readable) }
        if events & CLINUX_WRITABLE != 0 { readiness.insert(.writable) }
        if events & (CLINUX_HANGUP | CLINUX_PEER_HANGUP) != 0 { readiness.insert(.hangup) }
        if events & CLINUX_ERROR != 0 { readiness.insert(.failed) }
        self = readiness
    }
}
