// Bounded queue, order, and the way back to the caller's executor.
import Platform
import Synchronization
import TestSupport
import Testing

@Suite("Blocking pool") struct BlockingPoolTests {
    @Test("run resumes its caller on the loop with the value or the typed error")
    func resumesOnLoop() async throws {
        let pool = try BlockingPool(name: "pool", threads: 2, queueLimit: 4)
        defer { pool.stop() }
        try await withLoop { loop in
            let task = Task(executorPreference: loop) {
                let away = await pool.run { loop.isOnLoop }
                do throws(Errno) {
                    try await pool.run { () throws(Errno) in throw .noSpace }
                } catch {
                    return (away, loop.isOnLoop, error)
                }
                return (away, loop.isOnLoop, Errno(code: 0))
            }
            let (away, back, error) = await task.value
            #expect(!away)
            #expect(back)
            #expect(error == .noSpace)
        }
    }

    @Test("the queue takes its limit and not one more; what was taken runs in order")
    func queueLimit() async throws {
        let pool = try BlockingPool(name: "pool", threads: 1, queueLimit: 3)
        let gate = Bell()
        let order = Mutex<[Int]>([])
        let isRunning = Atomic<Bool>(false)
        #expect(
            pool.submit {
                isRunning.store(true, ordering: .releasing)
                while !gate.wait(ms: 10_000) {}
            }
        )
        try await waitUntil { isRunning.load(ordering: .acquiring) }
        let taken = (0..<5).map { number in
            pool.submit { order.withLock { $0.append(number) } }
        }
        #expect(taken == [true, true, true, false, false])
        #expect(pool.refusedCount == 2)
        #expect(pool.waitingCount == 3)
        #expect(await pool.tryRun { 1 } == nil)
        gate.ring()
        pool.stop()
        #expect(order.withLock { $0 } == [0, 1, 2])
        #expect(!pool.submit {})
    }
}
