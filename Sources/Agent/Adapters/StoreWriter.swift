// The way from the event loop to the write buffer: a bounded queue and one thread, because the loop
// never touches a disk (architecture section 4).
import Model
import Platform
import Store

/// Appends batches to the database in the order in which they are handed in.
final class StoreWriter: Sendable {
    private struct Waiting {
        let batch: SampleBatch
        let answer: CheckedContinuation<AppendOutcome, Never>
    }

    private struct State {
        var waiting: [Waiting] = []
        var samples = 0
        var isStopping = false
    }

    /// Samples that may wait: beyond it the disk is too slow and batches are refused.
    static let sampleLimit = 2_000_000

    private let database: Database
    private let state = Lock(State())
    private let bell = Bell()
    private let thread = Lock<NamedThread?>(nil)
    private let overloads: Counter

    init(_ database: Database, _ meters: MeterRegistry) throws(Errno) {
        self.database = database
        overloads = meters.counter(
            "tsdb_agent_store_overload_samples_total",
            "Samples refused because the queue in front of the write buffer was full."
        )
        let started = try NamedThread(name: "tsdb-write") { [weak self] in
            while let self, self.workOnce() {}
        }
        thread.withLock { $0 = started }
    }

    /// Stores a batch; returns once it is acknowledged as the buffer's sync policy says.
    func append(_ batch: consuming SampleBatch) async -> AppendOutcome {
        let batch = batch
        return await withCheckedContinuation { continuation in
            let isTaken = state.withLock { state -> Bool in
                let isFull = state.samples + batch.count > StoreWriter.sampleLimit
                guard !state.isStopping, !isFull || state.waiting.isEmpty else { return false }
                state.samples += batch.count
                state.waiting.append(Waiting(batch: batch, answer: continuation))
                return true
            }
            if isTaken {
                bell.ring()
            } else {
                overloads.add(UInt64(batch.count))
                continuation.resume(returning: .refused(.overload))
            }
        }
    }

    /// Stores what waits and ends the thread.
    func stop() {
        state.withLock { $0.isStopping = true }
        bell.ring()
        let running = thread.withLock { thread -> NamedThread? in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }

    // False once the writer is to end and nothing waits any more.
    private func workOnce() -> Bool {
        bell.wait(ms: 1000)
        while true {
            let waiting = state.withLock { state -> [Waiting] in
                defer {
                    state.waiting = []
                    state.samples = 0
                }
                return state.waiting
            }
            if waiting.isEmpty { break }
            let outcomes = database.append(contentsOf: waiting.map(\.batch))
            for (one, outcome) in zip(waiting, outcomes) { one.answer.resume(returning: outcome) }
        }
        return !state.withLock { $0.isStopping && $0.waiting.isEmpty }
    }
}
