// The store's own threads: one makes the buffer durable in its interval, one seals and deletes, and
// those of low priority merge segments.
internal import Glibc
internal import Platform

/// Counters of sealing and deletion.
struct SealCounters {
    var rotations = 0
    var segments = 0
    var bytes = 0
    var failures = 0
    var deleted = 0
    var damagedReads = 0
    /// Segments whose damage was logged: once is enough.
    var damagedPaths: Set<String> = []
    var isFailing = false
}

/// Who is told of new batches.
struct Subscribers {
    /// What wakes each of them, to be called outside the lock.
    private(set) var all: [@Sendable () -> Void] = []
    private var wakers: [Int: @Sendable () -> Void] = [:]
    private var next = 1

    mutating func add(_ wake: @escaping @Sendable () -> Void) -> Int {
        defer { next += 1 }
        wakers[next] = wake
        all = Array(wakers.values)
        return next
    }

    mutating func remove(_ token: Int) {
        wakers[token] = nil
        all = Array(wakers.values)
    }
}

/// Threads that work for one `Database`.
final class Maintenance: Sendable {
    private static let periodMs: Int64 = 1000

    private struct State {
        var threads: [NamedThread] = []
        var isStopping = false
    }

    private let state = Lock(State())
    private let sealBell = Bell()
    private let syncBell = Bell()
    private let cacheBell = Bell()
    private let rewriteBells = Lock<[Bell]>([])

    /// Starts the threads.
    ///
    /// They hold the database weakly: a store that is let go ends them.
    func start(_ database: Database) {
        start("tsdb-seal", sealBell, periodMs: Maintenance.periodMs) { [weak database] in
            database?.maintain()
        }
        if database.options.rewrite.isEnabled {
            for number in 0..<max(1, database.options.rewrite.workerCount) {
                startRewriting(database, number)
            }
        }
        let cachePeriodMs = max(1, database.options.cache.evictionIntervalMs)
        start("tsdb-cache", cacheBell, periodMs: cachePeriodMs) { [weak database] in
            database?.blockCache.trim()
        }
        if case .interval(let periodMs) = database.options.sync {
            start("tsdb-sync", syncBell, periodMs: max(1, periodMs)) { [weak database] in
                guard let database else { return }
                do throws(StoreError) {
                    try database.syncBuffer()
                } catch {
                    // Logged and counted where it happened; the next interval tries again.
                    return
                }
            }
        }
    }

    private func startRewriting(_ database: Database, _ number: Int) {
        let bell = Bell()
        rewriteBells.withLock { $0.append(bell) }
        let options = database.options.rewrite
        // Merging can wait for everything else: the lowest priority there is.
        start(
            "tsdb-rewrite\(number)",
            bell,
            periodMs: max(1, options.scanIntervalMs),
            nice: 19
        ) { [weak database, weak self] in
            guard let self, let database else { return }
            var pace = RewritePace(options) { [self] ms in
                if ms > 0, !isStopping { bell.wait(ms: ms) }
                return isStopping
            }
            _ = database.rewriteDue(&pace)
        }
    }

    /// Wakes the sealing thread before its period is over.
    func nudge() {
        sealBell.ring()
    }

    /// Ends the threads and waits for them.
    func stop() {
        let threads = state.withLock { state -> [NamedThread] in
            state.isStopping = true
            defer { state.threads = [] }
            return state.threads
        }
        ringAll()
        for thread in threads { thread.join() }
    }

    /// Ends the threads without waiting: they find out by themselves.
    func end() {
        state.withLock { $0.isStopping = true }
        ringAll()
    }

    private func ringAll() {
        sealBell.ring()
        syncBell.ring()
        cacheBell.ring()
        for bell in rewriteBells.withLock({ $0 }) { bell.ring() }
    }

    private func start(
        _ name: String,
        _ bell: Bell,
        periodMs: Int64,
        nice: Int32 = 0,
        _ work: @escaping @Sendable () -> Void
    ) {
        do throws(Errno) {
            let thread = try NamedThread(name: name, nice: nice) { [state = self] in
                while !state.isStopping {
                    bell.wait(ms: periodMs)
                    if state.isStopping { return }
                    work()
                }
            }
            state.withLock { $0.threads.append(thread) }
        } catch {
            preconditionFailure("BUG: no thread for \(name): \(error)")
        }
    }

    private var isStopping: Bool { state.withLock { $0.isStopping } }
}
