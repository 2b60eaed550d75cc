// Waiting as async code: a timer that resumes a task, and a cancellation that resumes it at once.

extension EventLoop {
    /// Sleeps until the steady clock reaches `deadline`.
    ///
    /// From any task, on the loop or not.
    ///
    /// - Throws: `CancellationError` when the task is cancelled or the loop stops; the caller ends.
    public func sleep(until deadline: SteadyTime) async throws(CancellationError) {
        let sleeper = Sleeper()
        let isCancelled = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                onLoop { sleeper.begin(continuation, until: deadline, on: self) }
            }
        } onCancel: {
            onLoop { sleeper.finish(true) }
        }
        if isCancelled { throw CancellationError() }
    }

    /// Sleeps for `duration` from now.
    ///
    /// From any task, on the loop or not.
    ///
    /// - Throws: `CancellationError` as `sleep(until:)`.
    public func sleep(for duration: Duration) async throws(CancellationError) {
        try await sleep(until: clock.now.advanced(by: duration))
    }

    /// Runs `body` now when this is the loop's thread, else queues it.
    private func onLoop(_ body: @escaping @Sendable () -> Void) {
        if isOnLoop { body() } else { execute(body) }
    }
}

/// One sleeping task.
///
/// `@unchecked Sendable`: it crosses threads only as a captured reference; every call is made on the
/// loop's thread.
final class Sleeper: @unchecked Sendable {
    private var continuation: CheckedContinuation<Bool, Never>?
    private var timer: LoopTimer?
    private var isFinished = false

    func begin(
        _ continuation: CheckedContinuation<Bool, Never>,
        until deadline: SteadyTime,
        on loop: EventLoop
    ) {
        // The cancellation may have come first.
        guard !isFinished else { return continuation.resume(returning: true) }
        self.continuation = continuation
        let timer = loop.schedule(at: deadline) { self.finish(false) }
        timer.sleeper = self
        self.timer = timer
    }

    func finish(_ isCancelled: Bool) {
        guard !isFinished else { return }
        isFinished = true
        timer?.cancel()
        timer = nil
        continuation?.resume(returning: isCancelled)
        continuation = nil
    }
}
