// The policy of the cold rewrite, rule by rule.
import Model
import Testing

@testable import Store

@Suite("Rewrite plan") struct RewritePlanTests {
    private static let hour: Int64 = 3_600_000
    private static let day = 24 * hour
    // A day that begins at zero o'clock.
    private static let monday: Int64 = 20_000 * day

    private var plan = RewritePlan(
        options: RewriteOptions(),
        outputLimit: 1 << 30,
        chunkTimeLimitMs: hour
    )

    // Hourly segments: number 0 has the samples of the first hour of Monday.
    private func segments(_ count: Int) -> [RewriteCandidate] {
        (0..<count).map { segment($0) }
    }

    private func segment(_ index: Int) -> RewriteCandidate {
        let end = Self.monday + Int64(index + 1) * Self.hour
        return RewriteCandidate(
            range: SequenceRange(
                after: SequenceNumber(start: 1, count: UInt32(index)),
                through: SequenceNumber(start: 1, count: UInt32(index + 1))
            ),
            newestMs: end - 1,
            byteCount: 1000,
            sampleCount: 240,
            chunkCount: 1,
            isCold: false,
            storedMs: end,
            isFree: true,
            isPast: true
        )
    }

    private func at(_ hours: Double) -> Int64 { Self.monday + Int64(hours * Double(Self.hour)) }

    @Test("a day is merged once, when it is over and its last hour is old enough")
    func day() {
        let all = segments(25)
        #expect(plan.groups(Array(all.prefix(23)), nowMs: at(23.9)).isEmpty)
        // The last segment of the day is there, but too fresh: nobody starts without it.
        #expect(plan.groups(Array(all.prefix(24)), nowMs: at(24.9)).isEmpty)
        #expect(
            plan.groups(all, nowMs: at(25)) == [RewriteGroup(members: 0..<24, mergesLate: true)]
        )
    }

    @Test("without a next segment the clock says that the day is over")
    func clock() {
        let all = segments(24)
        #expect(plan.groups(all, nowMs: at(25.9)).isEmpty)
        #expect(plan.groups(all, nowMs: at(26)).map(\.members) == [0..<24])
    }

    @Test("a segment rests for compression_delay after it was sealed")
    func delay() {
        var plan = plan
        plan.options.minAgeMs = 0
        var one = segments(1)
        one[0].storedMs = at(30)
        #expect(plan.groups(one, nowMs: at(30) + 299_999).isEmpty)
        #expect(plan.groups(one, nowMs: at(30) + 300_000).map(\.members) == [0..<1])
    }

    @Test("with min_age_seconds = 0 nothing waits for the end of the day")
    func noAge() {
        var plan = plan
        plan.options.minAgeMs = 0
        plan.options.delayMs = 0
        #expect(plan.groups(segments(2), nowMs: at(2)).map(\.members) == [0..<2])
    }

    @Test("many small segments do not wait for the end of the day")
    func many() {
        var all = segments(40).map { one in
            var one = one
            one.newestMs = Self.monday
            one.storedMs = Self.monday
            return one
        }
        #expect(plan.groups(Array(all.prefix(31)), nowMs: at(2)).isEmpty)
        #expect(plan.groups(all, nowMs: at(2)).map(\.members) == [0..<40])
        // What such a merge left is not merged again with each new segment.
        for index in 0..<20 { all[index].isCold = true }
        #expect(plan.groups(all, nowMs: at(2)).isEmpty)
        #expect(plan.groups(all, nowMs: at(26)).map(\.members) == [0..<40])
    }

    @Test("disabled, it plans nothing")
    func disabled() {
        var plan = plan
        plan.options.isEnabled = false
        #expect(plan.groups(segments(24), nowMs: at(50)).isEmpty)
    }

    @Test("what is not free, and a gap in the sequence, part a day in two")
    func borders() {
        var all = segments(24)
        all[5].isFree = false
        #expect(plan.groups(all, nowMs: at(30)).map(\.members) == [0..<5, 6..<24])
        all.remove(at: 10)
        #expect(plan.groups(all, nowMs: at(30)).map(\.members) == [0..<5, 6..<10, 10..<23])
    }

    @Test("what destinations wait for is merged apart, and keeps its late samples apart")
    func backlog() {
        var all = segments(24)
        for index in 12..<24 { all[index].isPast = false }
        #expect(
            plan.groups(all, nowMs: at(30)) == [
                RewriteGroup(members: 0..<12, mergesLate: true),
                RewriteGroup(members: 12..<24, mergesLate: false),
            ]
        )
    }

    @Test("outputs stay below the limit")
    func limit() {
        var plan = plan
        plan.outputLimit = 10_000
        #expect(
            plan.groups(segments(24), nowMs: at(30)).map(\.members) == [0..<10, 10..<20, 20..<24]
        )
        var large = segments(2)
        large[0].byteCount = 50_000
        #expect(plan.groups(large, nowMs: at(30)).map(\.members) == [0..<1, 1..<2])
    }

    @Test("what is dense is not written again")
    func dense() {
        var all = segments(3)
        all[0].isCold = true
        all[0].sampleCount = 5000
        #expect(plan.groups(all, nowMs: at(30)).map(\.members) == [1..<3])
        all[1].isCold = true
        all[2].isCold = true
        // Two of few samples a chunk become one; alone they stay.
        #expect(plan.groups(all, nowMs: at(30)).map(\.members) == [1..<3])
        #expect(plan.groups(Array(all.prefix(2)), nowMs: at(30)).isEmpty)
    }

    @Test("days before 1970 and segments without samples are no trouble")
    func strange() {
        var all = segments(3)
        all[0].newestMs = -1
        all[1].newestMs = -Self.day - 1
        all[2].newestMs = .min
        #expect(plan.groups(all, nowMs: at(30)).map(\.members) == [0..<1, 1..<2, 2..<3])
        all[1].newestMs = .max
        #expect(plan.groups(all, nowMs: .max - 1).map(\.members).contains(0..<1))
    }
}
