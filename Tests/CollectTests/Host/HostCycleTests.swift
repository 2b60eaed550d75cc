// When the host is collected, and what the store gets of it.

import Model
import Platform
import Synchronization
import TestSupport
import Testing

@testable import Collect

@Suite("Host cycle") struct HostCycleTests {
    @Test(
        "a collector is due after its own interval",
        arguments: [
            (0, ["cpu", "filesystem", "stat"]), (15, ["cpu", "stat"]), (30, ["cpu", "stat"]),
            (45, ["cpu", "stat"]), (60, ["cpu", "filesystem", "stat"]), (75, ["cpu", "stat"]),
        ] as [(Int64, [String])]
    )
    func due(second: Int64, expected: [String]) {
        let schedule = HostSchedule(intervalMs: 15_000, ownIntervalsMs: ["filesystem": 60_000])
        var last: [String: Int64] = [:]
        var found: Set<String> = []
        for tick in stride(from: 0, through: second, by: 15) {
            // Ticks come a little early or late.
            let now = tick * 1_000_000_000 + (tick % 2 == 0 ? 400_000 : 0)
            found = schedule.due(["cpu", "filesystem", "stat"], lastNs: last, nowNs: now)
            for name in found { last[name] = now }
        }
        #expect(found.sorted() == expected)
        #expect(schedule.tickMs == 15_000)
    }

    @Test("stores one batch an interval, and asks again for series that the store let go")
    func stores() async throws {
        let clock = ManualClock()
        let loop = try EventLoop(clock: clock)
        clock.drive(loop)
        let thread = try loop.start()
        let pool = try BlockingPool(name: "host", threads: 1, queueLimit: 4)
        var options = HostTree.options()
        options.collectors = ["loadavg", "stat"]
        let runner = HostRunner(
            try HostCollectors(options, wall: clock, steady: clock),
            on: pool
        )
        let sink = RecordingSink(first: .unknownSeries([0]))
        let cycle = HostCycle(
            loop: loop,
            runner: runner,
            schedule: HostSchedule(intervalMs: 1000, ownIntervalsMs: ["stat": 3000]),
            sink: sink,
            log: .silent
        )
        let task = Task { await cycle.run() }
        // loadavg with the account, twice because its series were unknown, then stat.
        try await waitUntil { sink.counts.count == 3 }
        #expect(sink.counts == [7, 7, 6])
        #expect(sink.admissions == 5)
        for round in 4...5 {
            clock.advance(by: .seconds(1))
            try await waitUntil { sink.counts.count == round }
        }
        clock.advance(by: .seconds(1))
        try await waitUntil { sink.counts.count == 7 }
        #expect(sink.counts == [7, 7, 6, 7, 7, 7, 6])
        #expect(sink.admissions == 5)
        task.cancel()
        await task.value
        #expect(sink.closed == 2)
        loop.stop()
        thread.join()
        pool.stop()
    }

    @Test("a collection that is fresh enough serves the next reader too")
    func recent() async throws {
        let clock = ManualClock()
        let pool = try BlockingPool(name: "host", threads: 1, queueLimit: 4)
        var options = HostTree.options()
        options.collectors = ["loadavg"]
        let runner = HostRunner(
            try HostCollectors(options, wall: clock, steady: clock),
            on: pool
        )
        let first = await runner.recent(maxAgeNs: 1_000_000_000, clock: clock)
        clock.advance(by: .milliseconds(900))
        let second = await runner.recent(maxAgeNs: 1_000_000_000, clock: clock)
        #expect(second.time == first.time)
        clock.advance(by: .milliseconds(200))
        let third = await runner.recent(maxAgeNs: 1_000_000_000, clock: clock)
        #expect(third.time.ms(since: first.time) == 1100)
        pool.stop()
    }
}

/// Admits everything, gives one answer first and then stores, and remembers how much came.
private final class RecordingSink: SampleSink {
    private struct State {
        var counts: [Int] = []
        var admissions = 0
        var closed = 0
        var streams: UInt32 = 0
        var first: AppendOutcome?
    }

    private let state: Mutex<State>

    init(first: AppendOutcome) {
        state = Mutex(State(first: first))
    }

    var counts: [Int] { state.withLock { $0.counts } }
    var admissions: Int { state.withLock { $0.admissions } }
    var closed: Int { state.withLock { $0.closed } }

    func openStream(_ source: SourceName) -> StreamHandle {
        state.withLock { state in
            state.streams += 1
            return StreamHandle(raw: state.streams)
        }
    }

    func closeStream(_ stream: StreamHandle) { state.withLock { $0.closed += 1 } }

    func admit(_ series: [Labels]) -> [SeriesAdmission] {
        state.withLock { $0.admissions += 1 }
        return series.indices.map { .admitted(SeriesHandle(raw: UInt64($0))) }
    }

    func append(_ batch: consuming SampleBatch) async -> AppendOutcome {
        let count = batch.count
        return state.withLock { state in
            state.counts.append(count)
            return state.first.take() ?? .stored(count, dropped: [])
        }
    }

    func noteMetadata(job: String, family: String, _ note: MetadataNote) {}
}
