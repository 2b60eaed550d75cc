// Ticks and timestamps.
import Testing

@testable import Collect

@Suite("scrape schedule") struct ScheduleTests {
    @Test("keeps its phase over restarts, whatever the clocks say")
    func phase() {
        for wallMs in [Int64(1_767_225_600_000), 1_767_225_603_217, 1_767_225_614_999] {
            let schedule = Schedule(
                identity: 1_234_567,
                intervalMs: 15_000,
                wallMs: wallMs,
                steadyNs: 77
            )
            let waitMs = (schedule.dueNs - 77) / 1_000_000
            #expect((0..<15_000).contains(waitMs))
            #expect((wallMs + waitMs) % 15_000 == 1_234_567 % 15_000)
        }
    }

    @Test("moves timestamps within 2 ms onto the grid, and no others")
    func snap() {
        var schedule = Schedule(identity: 0, intervalMs: 1_000, wallMs: 10_000, steadyNs: 0)
        #expect(schedule.dueNs == 0)
        var times: [Int64] = []
        for lateMs in [Int64(0), 1, 2, 0, 7, 1, -1, 40] {
            let steady = schedule.dueNs + lateMs * 1_000_000
            times.append(
                schedule.timestamp(wallMs: 10_000 + steady / 1_000_000, steadyNs: steady)
            )
            schedule.advance(steadyNs: steady)
        }
        #expect(times == [10_000, 11_000, 12_000, 13_000, 14_007, 15_000, 16_000, 17_040])
    }

    @Test("leaves out missed ticks")
    func missed() {
        var schedule = Schedule(identity: 0, intervalMs: 1_000, wallMs: 0, steadyNs: 0)
        schedule.advance(steadyNs: 3_400_000_000)
        #expect(schedule.dueNs == 4_000_000_000)
    }

    @Test("never repeats a time unless the clock went back far")
    func steps() {
        var schedule = Schedule(identity: 0, intervalMs: 1_000, wallMs: 50_000, steadyNs: 0)
        var times: [Int64] = []
        for (second, wallMs) in [Int64(50_000), 49_900, 40_000, 41_001].enumerated() {
            let steadyNs = Int64(second) * 1_000_000_000
            times.append(schedule.timestamp(wallMs: wallMs, steadyNs: steadyNs))
            schedule.advance(steadyNs: steadyNs)
        }
        #expect(times == [50_000, 50_001, 40_000, 41_000])
    }
}
