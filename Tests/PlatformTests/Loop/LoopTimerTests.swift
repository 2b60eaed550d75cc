// Timers on a clock that the test moves: no test here waits for real time to pass.
import Platform
import Synchronization
import TestSupport
import Testing

@Suite("Loop timers") struct LoopTimerTests {
    @Test("fire in the order of their deadlines, equal ones as scheduled", arguments: [1, 2, 3, 4])
    func order(seed: UInt64) async throws {
        let clock = ManualClock()
        try await withLoop(clock: clock) { loop in
            clock.drive(loop)
            let fired = Mutex<[Int]>([])
            let delays = await onLoop(loop) {
                var random = SeededRandom(seed: seed)
                let delays = (0..<200).map { _ in Int64.random(in: 1...40, using: &random) }
                let timers = delays.enumerated().map { index, delay in
                    loop.schedule(afterNs: delay) { fired.withLock { $0.append(index) } }
                }
                // Every third is cancelled again, from the middle of the heap.
                for index in stride(from: 0, to: 200, by: 3) { timers[index].cancel() }
                return delays
            }
            let expected = delays.indices.filter { $0 % 3 != 0 }
                .sorted { (delays[$0], $0) < (delays[$1], $1) }
            #expect(fired.withLock { $0.isEmpty })
            clock.advance(by: .nanoseconds(40))
            try await waitUntil { fired.withLock { $0.count } == expected.count }
            #expect(fired.withLock { $0 } == expected, "seed \(seed)")
        }
    }

    @Test("sleep ends when the clock gets there, not before")
    func sleepUntil() async throws {
        let clock = ManualClock()
        try await withLoop(clock: clock) { loop in
            clock.drive(loop)
            let isAwake = Atomic<Bool>(false)
            let task = Task(executorPreference: loop) {
                try await loop.sleep(for: .seconds(60))
                isAwake.store(true, ordering: .relaxed)
            }
            // Two turns: the task's first job, then proof that it sleeps.
            for _ in 0..<3 { await onLoop(loop) {} }
            clock.advance(by: .milliseconds(59_999))
            for _ in 0..<3 { await onLoop(loop) {} }
            let isEarly = isAwake.load(ordering: .relaxed)
            #expect(!isEarly)
            clock.advance(by: .milliseconds(1))
            try await task.value
            let isAwakeNow = isAwake.load(ordering: .relaxed)
            #expect(isAwakeNow)
        }
    }

    @Test(
        "a cancelled sleep ends at once, also when it was cancelled before",
        arguments: [true, false]
    )
    func cancelSleep(cancelFirst: Bool) async throws {
        let clock = ManualClock()
        try await withLoop(clock: clock) { loop in
            let task = Task {
                if cancelFirst { unsafe withUnsafeCurrentTask { unsafe $0?.cancel() } }
                do throws(CancellationError) {
                    try await loop.sleep(for: .seconds(60))
                    return "woke"
                } catch {
                    return "cancelled"
                }
            }
            if !cancelFirst {
                for _ in 0..<3 { await onLoop(loop) {} }
                task.cancel()
            }
            #expect(await task.value == "cancelled")
        }
    }

    @Test("a timer that schedules itself without delay starves nobody")
    func selfScheduling() async throws {
        try await withLoop { loop in
            let spinner = Spinner(loop: loop)
            await onLoop(loop) { spinner.spin() }
            for _ in 0..<10 { await onLoop(loop) {} }
            #expect(spinner.turns.load(ordering: .relaxed) >= 10)
            spinner.isStopped.store(true, ordering: .relaxed)
        }
    }
}

private final class Spinner: Sendable {
    let loop: EventLoop
    let turns = Atomic<Int>(0)
    let isStopped = Atomic<Bool>(false)

    init(loop: EventLoop) {
        self.loop = loop
    }

    func spin() {
        turns.add(1, ordering: .relaxed)
        if isStopped.load(ordering: .relaxed) { return }
        _ = loop.schedule(afterNs: 0) { self.spin() }
    }
}
