// Asks mounted file systems how full they are, on a thread that may get stuck: statvfs(3) on a dead
// network file system waits in the kernel, and nothing can call it back.

internal import Platform

/// What asking one mount point brought.
enum MountAnswer: Equatable {
    case usage(FileSystemUsage)
    case failed(Errno)
    case stuck
}

/// Asks with a time limit.
///
/// A mount point that does not answer is not asked again until it did.
final class MountProbe: Sendable {
    /// Stuck threads are never ended, only outlived; so there are few.
    static let maxStuck = 4

    private let timeoutMs: Int64
    private let steady: any SteadyClock
    private let ask: @Sendable (String) throws(Errno) -> FileSystemUsage
    private let stuck = StuckPaths()

    init(
        timeoutMs: Int64,
        steady: any SteadyClock,
        ask: @escaping @Sendable (String) throws(Errno) -> FileSystemUsage
    ) {
        self.timeoutMs = timeoutMs
        self.steady = steady
        self.ask = ask
    }

    /// One answer a path, in order.
    ///
    /// Takes up to the time limit for each path that does not answer, and `maxStuck` of those at most.
    func answers(for paths: [String]) throws(HostError) -> [MountAnswer] {
        var answers: [MountAnswer] = []
        while answers.count < paths.count {
            let waiting = stuck.paths
            if waiting.contains(paths[answers.count]) {
                answers.append(.stuck)
                continue
            }
            guard waiting.count < MountProbe.maxStuck else {
                throw .tooManyStuck(count: waiting.count)
            }
            answers += try run(Array(paths[answers.count...].prefix { !waiting.contains($0) }))
        }
        return answers
    }

    // Asks on a fresh thread, until all are answered or one takes too long, which is then the last.
    private func run(_ paths: [String]) throws(HostError) -> [MountAnswer] {
        let progress = Progress()
        let ask = ask
        let stuck = stuck
        let steady = steady
        do throws(Errno) {
            _ = try NamedThread(name: "host-statvfs") {
                for path in paths {
                    progress.begin(atNs: steady.nowNs())
                    var answer: MountAnswer
                    do throws(Errno) {
                        answer = .usage(try ask(path))
                    } catch {
                        answer = .failed(error)
                    }
                    guard progress.add(answer) else { return stuck.remove(path) }
                }
            }
        } catch {
            throw .cannotRead(path: "host-statvfs thread", cause: error)
        }
        var pauseMicroseconds: UInt32 = 20
        while true {
            if progress.count == paths.count { return progress.answers }
            let late = progress.abandon(
                ifLateAtNs: steady.nowNs(),
                limitNs: timeoutMs * 1_000_000
            ) { stuck.insert(paths[$0]) }
            if let late { return late }
            // Most answers take microseconds, so the first looks come soon.
            pause(microseconds: pauseMicroseconds)
            pauseMicroseconds = min(pauseMicroseconds * 2, 5000)
        }
    }
}

// What a probing thread found so far, and whether anybody still waits for it.
private final class Progress: Sendable {
    private struct State {
        var answers: [MountAnswer] = []
        var isAbandoned = false
        var startNs: Int64?  // of the question under way
    }

    private let state = Lock(State())

    var count: Int { state.withLock { $0.answers.count } }
    var answers: [MountAnswer] { state.withLock { $0.answers } }

    func begin(atNs now: Int64) { state.withLock { $0.startNs = now } }

    /// False when the thread is to stop because it took too long.
    func add(_ answer: MountAnswer) -> Bool {
        state.withLock { state in
            if state.isAbandoned { return false }
            state.answers.append(answer)
            state.startNs = nil
            return true
        }
    }

    /// Gives up on the question under way if it takes too long; nil while it may go on.
    ///
    /// `note` gets its place before the thread can come back.
    func abandon(
        ifLateAtNs now: Int64,
        limitNs: Int64,
        _ note: (Int) -> Void
    ) -> [MountAnswer]? {
        state.withLock { state in
            guard let start = state.startNs, now - start >= limitNs else { return nil }
            state.isAbandoned = true
            note(state.answers.count)
            return state.answers + [.stuck]
        }
    }
}

private final class StuckPaths: Sendable {
    private let held = Lock<Set<String>>([])

    var paths: Set<String> { held.withLock { $0 } }
    func insert(_ path: String) { held.withLock { _ = $0.insert(path) } }
    func remove(_ path: String) { held.withLock { _ = $0.remove(path) } }
}
