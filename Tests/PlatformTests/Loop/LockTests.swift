import Platform
import Synchronization
import Testing

@Suite("lock")
struct LockTests {
    private struct Refusal: Error, Equatable {}

    // A final class, so that the lock has one place for all threads.
    private final class Counter: Sendable {
        let value = Lock(0)
        let others = Atomic<Int>(0)
        let isStopping = Atomic<Bool>(false)
    }

    private static func spin(_ ns: Int64) {
        let clock = SystemClock()
        let end = clock.nowNs() + ns
        while clock.nowNs() < end {}
    }

    @Test("gives back what the body gives, and is free again after an error")
    func results() {
        let lock = Lock([1, 2])
        #expect(lock.withLock { $0.removeLast() } == 2)
        #expect(throws: Refusal()) {
            try lock.withLock { value throws(Refusal) in
                value.append(7)
                throw Refusal()
            }
        }
        #expect(lock.withLock { $0 } == [1, 7])
    }

    // Holds of nothing, of a spin's length and of longer than that, so that every path is taken.
    @Test("one thread at a time has the value", arguments: [2, 3, 16], [0, 500, 50_000])
    func exclusion(threads: Int, holdNs: Int64) throws {
        let counter = Counter()
        let rounds = holdNs > 1000 ? 100 : 20_000
        let running = try (0..<threads).map { number in
            try NamedThread(name: "holder-\(number)") {
                for _ in 0..<rounds {
                    let others = counter.value.withLock { value -> Int in
                        let others = counter.others.add(1, ordering: .relaxed).oldValue
                        let before = value
                        if holdNs > 0 { LockTests.spin(holdNs) }
                        value = before + 1
                        counter.others.subtract(1, ordering: .relaxed)
                        return others
                    }
                    precondition(others == 0, "two threads have the value")
                }
            }
        }
        for thread in running { thread.join() }
        #expect(counter.value.withLock { $0 } == threads * rounds)
    }

    // Two threads that take it again at once leave no gap in which one that was woken would come first.
    @Test("who waits has its turn soon, however greedy the others are")
    func precedence() throws {
        let counter = Counter()
        let greedy = try (0..<3).map { number in
            try NamedThread(name: "greedy-\(number)") {
                while !counter.isStopping.load(ordering: .relaxed) {
                    counter.value.withLock { _ in LockTests.spin(20_000) }
                }
            }
        }
        let clock = SystemClock()
        var longestNs: Int64 = 0
        for _ in 0..<100 {
            let begin = clock.nowNs()
            counter.value.withLock { $0 += 1 }
            longestNs = max(longestNs, clock.nowNs() - begin)
        }
        counter.isStopping.store(true, ordering: .relaxed)
        for thread in greedy { thread.join() }
        #expect(longestNs < 1_000_000_000)
    }
}
