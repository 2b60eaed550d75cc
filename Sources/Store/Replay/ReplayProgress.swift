// How far the replay of the write buffer is, who waits for its end, and who ends it early.
internal import Platform
internal import Synchronization

/// How far the batches of earlier starts are back in memory.
public struct ReplayProgress: Sendable, Equatable {
    /// Where the replay stands.
    public enum Phase: Sendable {
        /// It goes on: queries see the segments and what was replayed so far.
        case running
        /// All that could be read is back.
        case done
        /// The store was closed before: the next start begins anew.
        case interrupted
    }

    /// Where it stands.
    public var phase = Phase.running
    /// Bytes of the buffer that were read.
    public var readBytes: Int64 = 0
    /// Bytes that the buffer has.
    public var totalBytes: Int64 = 0
    /// How long it took, or has taken so far, in milliseconds.
    public var tookMs: Int64 = 0
}

/// The one place where the thread of the replay and everybody else meet.
final class ReplayGate: Sendable {
    private struct State {
        var progress = ReplayProgress()
        var report: RecoveryReport
        var beganMs: Int64
        var calls: [@Sendable () -> Void] = []
    }

    /// What there is to replay.
    let plan: ReplayPlan
    private let state: Lock<State>
    private let isOpen = Atomic<Bool>(false)
    private let isStopped = Atomic<Bool>(false)
    private let bell = Bell()
    private let thread = Lock<NamedThread?>(nil)

    init(_ plan: ReplayPlan, _ buffer: any WriteBuffer, nowMs: Int64) {
        self.plan = plan
        var first = State(report: plan.report, beganMs: nowMs)
        for part in plan.parts { first.progress.totalBytes += ReplayGate.bytes(of: part, buffer) }
        state = Lock(first)
    }

    // What cannot be told now is told when the replay comes to it.
    private static func bytes(of part: BufferPart, _ buffer: any WriteBuffer) -> Int64 {
        do {
            let source = try buffer.read(part)
            return max(0, try source.end() - source.start)
        } catch {
            return 0
        }
    }

    /// Whether the replay is over, one way or the other.
    var isOver: Bool { isOpen.load(ordering: .acquiring) }

    /// Whether it is to end before all is read.
    var isStopping: Bool { isStopped.load(ordering: .relaxed) }

    /// Whether all that could be read is in memory.
    var isDone: Bool { state.withLock { $0.progress.phase == .done } }

    var report: RecoveryReport { state.withLock { $0.report } }

    func progress(_ nowMs: Int64) -> ReplayProgress {
        state.withLock { state in
            var progress = state.progress
            if progress.phase == .running { progress.tookMs = max(0, nowMs &- state.beganMs) }
            return progress
        }
    }

    /// Says how far it is.
    func note(readBytes: Int64, _ report: RecoveryReport) {
        state.withLock { state in
            state.progress.readBytes = min(readBytes, state.progress.totalBytes)
            state.report = report
        }
    }

    /// Ends it: lets all go on who wait.
    func open(_ phase: ReplayProgress.Phase, _ report: RecoveryReport, nowMs: Int64) {
        let calls = state.withLock { state in
            state.report = report
            state.progress.phase = phase
            state.progress.tookMs = max(0, nowMs &- state.beganMs)
            if phase == .done { state.progress.readBytes = state.progress.totalBytes }
            defer { state.calls = [] }
            return state.calls
        }
        isOpen.store(true, ordering: .releasing)
        bell.ring()
        for call in calls { call() }
    }

    /// Calls once it is over: from the replay's thread, or at once where it is over already.
    func whenOver(_ call: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if state.progress.phase == .running { state.calls.append(call) }
            return state.progress.phase != .running
        }
        if isOver { call() }
    }

    /// Blocks until it is over.
    func wait() {
        if isOver { return }
        while !isOver { bell.wait(ms: 1000) }
        // A ring wakes one: the next one is woken by who was.
        bell.ring()
    }

    func bind(_ running: NamedThread) {
        thread.withLock { $0 = running }
    }

    /// Ends it soon, and waits for its thread.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        let running = thread.withLock { thread -> NamedThread? in
            defer { thread = nil }
            return thread
        }
        running?.join()
    }
}
