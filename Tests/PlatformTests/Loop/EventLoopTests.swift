// The loop as executor, as clock and as poller, each on a loop with a thread of its own.
import Glibc
import Platform
import Synchronization
import TestSupport
import Testing

@Suite("Event loop") struct EventLoopTests {
    @Test("an actor pinned to the loop runs on its thread, also after an await")
    func pinnedActor() async throws {
        try await withLoop { loop in
            let counter = PinnedCounter(loop: loop)
            #expect(await counter.countOnLoop())
            #expect(await counter.countAfterSleep())
            #expect(await counter.count == 2)
        }
    }

    @Test("a task that prefers the loop runs on it and calls a pinned actor without leaving")
    func taskPreference() async throws {
        try await withLoop { loop in
            let counter = PinnedCounter(loop: loop)
            let task = Task(executorPreference: loop) {
                let before = loop.isOnLoop
                let inside = await counter.countOnLoop()
                return [before, inside, loop.isOnLoop]
            }
            #expect(await task.value == [true, true, true])
        }
    }

    @Test("a handler on the loop may assume the isolation of a pinned actor")
    func assumeIsolated() async throws {
        try await withLoop { loop in
            let counter = PinnedCounter(loop: loop)
            await withCheckedContinuation { continuation in
                loop.execute {
                    counter.assumeIsolated { $0.count += 10 }
                    continuation.resume()
                }
            }
            #expect(await counter.count == 10)
        }
    }

    @Test("no wake from another thread is lost")
    func manyWakes() async throws {
        try await withLoop { loop in
            let seen = Atomic<Int>(0)
            let (threads, calls) = (4, 5_000)
            let workers = try (0..<threads).map { number in
                try NamedThread(name: "waker-\(number)") {
                    for call in 0..<calls {
                        loop.execute { seen.add(1, ordering: .relaxed) }
                        if call % 97 == 0 { sched_yield() }
                    }
                }
            }
            for worker in workers { worker.join() }
            try await waitUntil { seen.load(ordering: .relaxed) == threads * calls }
        }
    }

    @Test("single calls wake a loop that sleeps, time after time")
    func pingPong() async throws {
        try await withLoop { loop in
            let counter = PinnedCounter(loop: loop)
            for _ in 0..<2_000 { _ = await counter.countOnLoop() }
            #expect(await counter.count == 2_000)
        }
    }

    @Test("a watch sees bytes and the end, and nothing after its cancel")
    func watchPipe() async throws {
        try await withLoop { loop in
            var pair: [Int32] = [0, 0]
            try #require(unsafe pipe(&pair) == 0)
            let readEnd = FileDescriptor(owning: pair[0])
            let writeEnd = FileDescriptor(owning: pair[1])
            let number = readEnd.raw
            let seen = Mutex<[Readiness]>([])
            let watch = await onLoop(loop) {
                LoopBound(
                    loop.watch(number, .readable) { readiness in
                        seen.withLock { $0.append(readiness) }
                        var byte: UInt8 = 0
                        _ = unsafe read(number, &byte, 1)
                    }
                )
            }
            var byte: UInt8 = 7
            try #require(unsafe write(writeEnd.raw, &byte, 1) == 1)
            try await waitUntil { seen.withLock { $0 == [.readable] } }
            try writeEnd.close()
            try await waitUntil { seen.withLock { $0.contains(.hangup) } }
            await onLoop(loop) { watch.value.cancel() }
            let count = seen.withLock { $0.count }
            for _ in 0..<10 { await onLoop(loop) {} }
            #expect(seen.withLock { $0.count } == count)
        }
    }

    @Test("a descriptor that epoll refuses is told once as failed")
    func unwatchable() async throws {
        try await withLoop { loop in
            // Regular files are always ready: epoll answers EPERM.
            let directory = try TemporaryDirectory("loop")
            let number = unsafe open(directory.file("plain"), O_CREAT | O_RDWR, 0o600)
            let file = FileDescriptor(owning: number)
            let seen = Mutex<[Readiness]>([])
            let watch = await onLoop(loop) {
                LoopBound(
                    loop.watch(number, .readable) { seen2 in seen.withLock { $0.append(seen2) } }
                )
            }
            try await waitUntil { seen.withLock { $0 == [.failed] } }
            await onLoop(loop) { watch.value.cancel() }
            try file.close()
        }
    }

    @Test("stop wakes sleepers with a cancellation and ends the thread")
    func stopWakesSleepers() async throws {
        let loop = try EventLoop()
        let thread = try loop.start(name: "test-loop")
        let sleeper = Task(executorPreference: loop) {
            do throws(CancellationError) {
                try await loop.sleep(for: .seconds(3_600))
                return false
            } catch {
                return true
            }
        }
        await onLoop(loop) {}
        loop.stop()
        #expect(await sleeper.value)
        thread.join()
    }
}
