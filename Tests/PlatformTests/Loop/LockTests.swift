// Exclusion, waking, sleep and precedence: a lost wake hangs, two owners trap.
import Glibc
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
    @Test("one thread at a time has the value", arguments: [2, 3, 16], [0, 500, 5000, 50_000])
    func exclusion(threads: Int, holdNs: Int64) throws {
        let counter = Counter()
        let rounds = holdNs > 10_000 ? 100 : holdNs > 1000 ? 2000 : 20_000
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

    // All sleep when the lock is given up, and nobody comes behind them who would wake those left over.
    @Test("who sleeps is woken, one after the other", arguments: [1, 2, 7])
    func wakes(threads: Int) throws {
        for _ in 0..<20 {
            let counter = Counter()
            let bell = Bell()
            let running = try counter.value.withLock { _ in
                let running = try (0..<threads).map { number in
                    try NamedThread(name: "sleeper-\(number)") {
                        counter.others.add(1, ordering: .relaxed)
                        counter.value.withLock { $0 += 1 }
                    }
                }
                while counter.others.load(ordering: .relaxed) < threads { bell.wait(ms: 1) }
                bell.wait(ms: 2)
                return running
            }
            for thread in running { thread.join() }
            #expect(counter.value.withLock { $0 } == threads)
        }
    }

    private static func threadNs() -> Int64 {
        var time = timespec()
        precondition(unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time) == 0)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    @Test("who waits for long does not keep a processor busy")
    func sleep() throws {
        let counter = Counter()
        let isWaiting = Atomic<Bool>(false)
        let usedNs = Atomic<Int64>(.max)
        let bell = Bell()
        let waiter = try counter.value.withLock { _ in
            let waiter = try NamedThread(name: "waiter") {
                isWaiting.store(true, ordering: .relaxed)
                let begin = LockTests.threadNs()
                counter.value.withLock { $0 += 1 }
                usedNs.store(LockTests.threadNs() - begin, ordering: .relaxed)
            }
            while !isWaiting.load(ordering: .relaxed) { bell.wait(ms: 1) }
            bell.wait(ms: 200)
            return waiter
        }
        waiter.join()
        #expect(usedNs.load(ordering: .relaxed) < 50_000_000)
    }

    private final class Held: Sendable {
        let count: Counter
        init(_ count: Counter) { self.count = count }
        deinit { count.others.add(1, ordering: .relaxed) }
    }

    @Test("the value goes with the lock, and lies where its type wants it")
    func memory() {
        let counter = Counter()
        do {
            let lock = Lock(Held(counter))
            #expect(counter.others.load(ordering: .relaxed) == 0)
            lock.withLock { $0 = Held(counter) }
            #expect(counter.others.load(ordering: .relaxed) == 1)
        }
        #expect(counter.others.load(ordering: .relaxed) == 2)
        let wide = Lock(SIMD64<UInt8>(repeating: 7))
        let narrow = Lock(UInt8(3))
        wide.withLock { $0[63] = 9 }
        narrow.withLock { $0 += 1 }
        #expect(wide.withLock { $0[0] == 7 && $0[63] == 9 })
        #expect(narrow.withLock { $0 } == 4)
    }

    // Whoever takes it again at once leaves no gap in which one that was woken would come first.
    @Test(
        "who waits has its turn soon, however greedy the others are",
        arguments: [(3, 20_000), (1, 1_000_000), (3, 300_000)]
    )
    func precedence(threads: Int, holdNs: Int64) throws {
        let counter = Counter()
        let clock = SystemClock()
        // A lock that starves its waiters fails the test and does not hang it.
        let end = clock.nowNs() + 3_000_000_000
        let greedy = try (0..<threads).map { number in
            try NamedThread(name: "greedy-\(number)") {
                while !counter.isStopping.load(ordering: .relaxed), SystemClock().nowNs() < end {
                    counter.value.withLock { _ in
                        counter.others.add(1, ordering: .relaxed)
                        LockTests.spin(holdNs)
                    }
                }
            }
        }
        var longestNs: Int64 = 0
        for _ in 0..<30 {
            // They have it again before this thread asks for it.
            let holds = counter.others.load(ordering: .relaxed)
            while counter.others.load(ordering: .relaxed) < holds + 2, clock.nowNs() < end {
                sched_yield()
            }
            let begin = clock.nowNs()
            counter.value.withLock { $0 += 1 }
            longestNs = max(longestNs, clock.nowNs() - begin)
        }
        counter.isStopping.store(true, ordering: .relaxed)
        for thread in greedy { thread.join() }
        #expect(longestNs < 1_000_000_000)
    }

    // Few calls a round, and then silence: no later call wakes one who was forgotten.
    @Test("nobody is left asleep when the last one goes", arguments: [2, 3, 4])
    func silence(threads: Int) throws {
        let counter = Counter()
        let rounds = 3000
        let running = try (0..<threads).map { number in
            try NamedThread(name: "round-\(number)") {
                for round in 1...rounds {
                    counter.others.add(1, ordering: .acquiringAndReleasing)
                    while counter.others.load(ordering: .acquiring) < round * threads {
                        sched_yield()
                    }
                    for _ in 0..<3 {
                        counter.value.withLock { value in
                            value += 1
                            LockTests.spin(Int64((round &* 7 &+ number) % 5) * 1000)
                        }
                    }
                }
            }
        }
        for thread in running { thread.join() }
        #expect(counter.value.withLock { $0 } == threads * rounds * 3)
    }
}
