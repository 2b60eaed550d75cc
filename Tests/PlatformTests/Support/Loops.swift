// A loop for the time of one test.
import Platform

actor PinnedCounter {
    private nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe loop.asUnownedSerialExecutor()
    }
    var count = 0

    init(loop: EventLoop) {
        self.loop = loop
    }

    func countOnLoop() -> Bool {
        count += 1
        return loop.isOnLoop
    }

    func countAfterSleep() async -> Bool {
        do throws(CancellationError) { try await loop.sleep(for: .microseconds(200)) } catch {
            return false
        }
        count += 1
        return loop.isOnLoop
    }
}

/// Carries what belongs to the loop between two closures that both run there.
final class LoopBound<Value>: @unchecked Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}

func withLoop(
    clock: any SteadyClock = SystemClock(),
    _ body: (EventLoop) async throws -> Void
) async throws {
    let loop = try EventLoop(clock: clock)
    let thread = try loop.start(name: "test-loop")
    defer {
        loop.stop()
        thread.join()
    }
    try await body(loop)
}

func onLoop<R: Sendable>(
    _ loop: EventLoop,
    _ body: @escaping @Sendable () -> R
) async -> R {
    await withCheckedContinuation { continuation in
        loop.execute { continuation.resume(returning: body()) }
    }
}
