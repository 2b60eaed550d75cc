// Queries run on worker threads, never on the loop: they read mapped files and take their time.
public import Platform
internal import PromQL
internal import Synchronization

/// Runs queries with a bound on their number and their time.
public final class QueryRunner: Sendable {
    private let pool: BlockingPool
    private let loop: EventLoop
    private let timeoutMs: Int64
    private let slots: QuerySlots
    private let running: Gauge
    private let refused: Counter
    private let seconds: Histogram

    /// Makes a runner.
    ///
    /// The pool has max(1, cores - 1) threads of low priority; the loop wakes who waits for a slot
    /// too long.
    public init(
        pool: BlockingPool,
        loop: EventLoop,
        options: APIOptions,
        meters: MeterRegistry
    ) {
        self.pool = pool
        self.loop = loop
        timeoutMs = options.queryTimeoutMs
        slots = QuerySlots(options.queryMaxConcurrency)
        running = meters.gauge(
            "tsdb_agent_queries_running",
            "Queries that have a slot now."
        )
        refused = meters.counter(
            "tsdb_agent_queries_refused_total",
            "Queries that waited for a slot in vain (api.query_max_concurrency)."
        )
        seconds = meters.histogram(
            "tsdb_agent_query_duration_seconds",
            "From the slot to the encoded result."
        )
        let slots = slots
        meters.callback(
            "tsdb_agent_queries_waiting",
            "Queries that wait for a slot now.",
            .gauge
        ) { Double(slots.waitingCount) }
    }

    /// Runs `body` on a worker thread and gives what it wrote.
    ///
    /// Cancelling the task, or the end of its time, makes the check that `body` gets say so.
    /// The option's timeout is the upper bound of this query's own.
    /// - Throws: what `body` throws, and `.timeout` or `.canceled` when no slot came in time.
    func run<Answer: Sendable>(
        timeoutMs wanted: Int64? = nil,
        _ body: @escaping @Sendable (@escaping QueryCheck) throws(APIError) -> Answer
    ) async throws(APIError) -> Answer {
        let budgetMs = max(0, min(wanted ?? timeoutMs, timeoutMs))
        let clock = loop.clock
        let deadline = clock.now.advanced(by: .milliseconds(budgetMs))
        let ticket = slots.ticket()
        let isCanceled = CancelFlag()
        let result: Result<Answer, APIError> = await withTaskCancellationHandler {
            await inSlot(ticket, deadline) { () throws(APIError) in
                try body {
                    if isCanceled.isSet { return .canceled }
                    return clock.now >= deadline ? .timeout : nil
                }
            }
        } onCancel: {
            isCanceled.set()
            slots.giveUp(ticket, .canceled)
        }
        slots.forget(ticket)
        return try result.get()
    }

    private func inSlot<Answer: Sendable>(
        _ ticket: UInt64,
        _ deadline: SteadyTime,
        _ body: @escaping @Sendable () throws(APIError) -> Answer
    ) async -> Result<Answer, APIError> {
        switch slots.tryAcquire() ? .granted : await wait(ticket, deadline) {
        case .granted: break
        case .timedOut:
            refused.add()
            return .failure(APIError(.timeout, "query timed out in query queue"))
        case .canceled:
            return .failure(APIError(.canceled, "query was canceled in query queue"))
        }
        running.add(1)
        let start = loop.clock.now
        defer {
            running.add(-1)
            slots.release()
            seconds.observe(Double(loop.clock.now.duration(since: start).wholeNs) / 1e9)
        }
        do throws(APIError) {
            return .success(try await pool.run(body))
        } catch {
            return .failure(error)
        }
    }

    // The timer may come before the wait begins, which then ends as it begins, or long after it: a
    // forgotten ticket is nobody's.
    private func wait(_ ticket: UInt64, _ deadline: SteadyTime) async -> QuerySlots.Grant {
        loop.execute { [slots, loop] in
            _ = loop.schedule(at: deadline) { slots.giveUp(ticket, .timedOut) }
        }
        return await slots.acquire(ticket)
    }
}

/// Set once, by whoever cancels.
private final class CancelFlag: Sendable {
    private let flag = Atomic<Bool>(false)

    var isSet: Bool { flag.load(ordering: .relaxed) }

    func set() { flag.store(true, ordering: .relaxed) }
}
