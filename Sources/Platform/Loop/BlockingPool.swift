// Threads for what blocks: fsync, statvfs, queries, hiredis. Named, counted, with a bounded queue.

/// A fixed number of worker threads over one first-in, first-out queue.
///
/// One thread makes it a serial queue: what is submitted runs in order, one at a time.
public final class BlockingPool: Sendable {
    public let name: String
    public let queueLimit: Int
    private let queue = Monitor(WorkQueue())
    private let workers: [NamedThread]

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - name: the threads' name; a pool of several adds a number.
    ///   - threads: at least 1.
    ///   - queueLimit: how many calls may wait for a thread.
    ///   - nice: 0 to 19; 10 or more keeps queries out of the way of the loop.
    /// - Throws: what `NamedThread` throws; then no thread is left.
    public init(
        name: String,
        threads: Int,
        queueLimit: Int,
        nice: Int32 = 0
    ) throws(Errno) {
        precondition(threads >= 1 && queueLimit >= 1, "BUG: pool \(name) without threads or room")
        self.name = name
        self.queueLimit = queueLimit
        let queue = queue
        var workers: [NamedThread] = []
        do throws(Errno) {
            for number in 0..<threads {
                let threadName = threads == 1 ? name : "\(name)-\(number)"
                workers.append(
                    try NamedThread(name: threadName, nice: nice) { BlockingPool.work(queue) }
                )
            }
        } catch {
            queue.update { $0.isStopped = true }
            for worker in workers { worker.join() }
            throw error
        }
        self.workers = workers
    }

    /// Queues `body`.
    ///
    /// - Returns: false when the queue is full or the pool is stopped; then `body` will not run.
    public func submit(_ body: @escaping @Sendable () -> Void) -> Bool {
        queue.update { queue in
            guard !queue.isStopped else { return false }
            guard queue.waiting.count < queueLimit else {
                queue.refused += 1
                return false
            }
            queue.waiting.append(body)
            return true
        }
    }

    /// Runs `body` on a worker; the caller goes on where it was, on its own executor.
    ///
    /// Not bounded by `queueLimit`: each caller waits for its own answer, so that callers bound it.
    /// After `stop()` this is a bug.
    /// - Throws: what `body` throws.
    public func run<R: Sendable, E: Error>(
        _ body: @escaping @Sendable () throws(E) -> R
    ) async throws(E) -> R {
        let result: Result<R, E> = await withCheckedContinuation { continuation in
            let isQueued = queue.update { queue in
                guard !queue.isStopped else { return false }
                queue.waiting.append { continuation.resume(returning: Result(catching: body)) }
                return true
            }
            precondition(isQueued, "BUG: pool \(name) is stopped")
        }
        return try result.get()
    }

    /// As `run`, when there is room in the queue.
    ///
    /// - Returns: nil when the queue is full or the pool is stopped; then `body` did not run.
    /// - Throws: what `body` throws.
    public func tryRun<R: Sendable, E: Error>(
        _ body: @escaping @Sendable () throws(E) -> R
    ) async throws(E) -> R? {
        let result: Result<R, E>? = await withCheckedContinuation { continuation in
            let isQueued = submit { continuation.resume(returning: Result(catching: body)) }
            if !isQueued { continuation.resume(returning: nil) }
        }
        return try result?.get()
    }

    /// How many calls wait for a thread now.
    public var waitingCount: Int { queue.read { $0.waiting.count } }

    /// How many calls the limit turned away so far.
    public var refusedCount: UInt64 { queue.read { $0.refused } }

    /// Takes nothing new, runs what is queued, and waits for the threads.
    ///
    /// Not from a worker.
    public func stop() {
        queue.update { $0.isStopped = true }
        for worker in workers { worker.join() }
    }

    deinit {
        // Without a stop() the workers finish what is queued and go by themselves.
        queue.update { $0.isStopped = true }
    }

    private static func work(_ queue: Monitor<WorkQueue>) {
        while let body = queue.waitFor({ $0.next() }).body { body() }
    }
}

private struct WorkQueue: Sendable {
    struct Next {
        var body: (@Sendable () -> Void)?
    }

    var waiting = FIFO<@Sendable () -> Void>()
    var isStopped = false
    var refused: UInt64 = 0

    /// The next call; one without a body when everything is done; nil to wait.
    mutating func next() -> Next? {
        if let body = waiting.removeFirst() { return Next(body: body) }
        return isStopped ? Next(body: nil) : nil
    }
}

/// An array with a moving head: taking the first is O(1), on average.
private struct FIFO<Element: Sendable>: Sendable {
    private var items: [Element?] = []
    private var head = 0

    var count: Int { items.count - head }

    mutating func append(_ element: Element) {
        items.append(element)
    }

    mutating func removeFirst() -> Element? {
        guard head < items.count else { return nil }
        defer {
            items[head] = nil
            head += 1
            if head == items.count || head > 64 && head * 2 > items.count {
                items.removeFirst(head)
                head = 0
            }
        }
        return items[head]
    }
}
