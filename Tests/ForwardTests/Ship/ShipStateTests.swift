import Store
import TestSupport
import Testing

@testable import Forward

@Suite("Ship state") struct ShipStateTests {
    final class Table {}

    static func at(_ count: UInt32, offset: UInt32 = 0) -> FeedPosition {
        FeedPosition(number: SequenceNumber(start: 7, count: count), offset: offset)
    }

    static func border(_ from: UInt32, _ to: UInt32, isAnswered: Bool = false) -> RequestBorder {
        RequestBorder(from: at(from), to: at(to), isAnswered: isAnswered)
    }

    /// Performs fetches and cursor writes at once, keeps the rest for the test to look at.
    struct Driver {
        let table = Table()
        var state: ShipState
        var random = SeededRandom(seed: 1)
        var nowNs: Int64 = 0
        /// What the feed gives, in order: the end of the slice and its series.
        var slices: [(to: UInt32, series: [UInt64])] = []
        /// Samples that relabelling left out of every slice.
        var filtered = 0
        /// Places at which requests of their own begin.
        var cuts: [Int] = []
        var resends: [RequestBorder: [UInt64]] = [:]
        var sent: [(id: UInt64, part: Range<Int>)] = []
        private var given: [FeedPosition: (to: UInt32, series: [UInt64])] = [:]
        /// The series of every slice that was given.
        var series: [UInt64: [UInt64]] = [:]
        var notes: [ShipNote] = []
        var written: [CursorRecord] = []
        var limitsAsked: [Int] = []
        var wakeAt: Int64?
        var isFinished = false

        init(
            _ record: CursorRecord = CursorRecord(acked: at(0)),
            doubtfulUntil: FeedPosition? = nil,
            inFlight: Int = 2
        ) {
            var limits = ShipLimits()
            limits.inFlight = inFlight
            state = ShipState(record: record, doubtfulUntil: doubtfulUntil, limits: limits)
        }

        mutating func tell(_ event: ShipEvent) {
            for action in state.handle(event, at: nowNs, using: &random) {
                switch action {
                case .fetch(let id, let after, let limit):
                    limitsAsked.append(limit)
                    let facts = nextFacts(after)
                    series[id] = facts?.series
                    tell(.fetched(id: id, facts: facts))
                case .refetch(let id, let border):
                    var found: SliceFacts?
                    if let series = resends[border] {
                        found = facts(border.from, border.to, series)
                    }
                    tell(.fetched(id: id, facts: found))
                case .writeCursor(let record, _):
                    // Places alone: ShipLedgerTests has the rows.
                    var place = record
                    place.account = ShipAccount()
                    for index in place.attempted.indices { place.attempted[index].samples = 0 }
                    written.append(place)
                    tell(.cursorWritten)
                case .send(let id, let part, _): sent.append((id, part))
                case .tell(let note): notes.append(note)
                case .wakeAt(let ns): wakeAt = ns
                case .finished: isFinished = true
                case .forget, .pin: break
                }
            }
        }

        private mutating func nextFacts(_ after: FeedPosition) -> SliceFacts? {
            if given[after] == nil, !slices.isEmpty { given[after] = slices.removeFirst() }
            guard let (to, series) = given[after] else { return nil }
            var facts = facts(after, ShipStateTests.at(to), series)
            facts.failing = state.failingSeries.map { _ in [] }
            return facts
        }

        private func facts(
            _ from: FeedPosition,
            _ to: FeedPosition,
            _ series: [UInt64]
        ) -> SliceFacts {
            var facts = SliceFacts(
                from: from,
                to: to,
                series: series,
                table: ObjectIdentifier(table),
                mayBeResend: false,
                oldestMs: Int64(to.number.count) * 1000,
                filtered: filtered
            )
            facts.cuts = cuts
            return facts
        }

        /// Answers the request that was sent first.
        mutating func answer(_ verdict: Verdict) {
            tell(.answered(id: sent.removeFirst().id, verdict: verdict))
        }

        /// Until something is sent; the timer may come for the cursor before.
        mutating func waitForTimer() {
            repeat {
                nowNs = wakeAt ?? nowNs
                wakeAt = nil
                tell(.timer)
            } while sent.isEmpty && wakeAt != nil
        }
    }

    @Test("a request is written down before it is sent, and acknowledged after its answer")
    func order() {
        var driver = Driver()
        driver.slices = [(2, [1, 2])]
        driver.tell(.started)
        #expect(
            driver.written == [
                CursorRecord(acked: ShipStateTests.at(0)),
                CursorRecord(
                    acked: ShipStateTests.at(0),
                    attempted: [ShipStateTests.border(0, 2)]
                ),
            ]
        )
        #expect(driver.sent.map(\.part) == [0..<2])
        #expect(!driver.state.isInStep)
        driver.answer(.stored)
        #expect(driver.written.last == CursorRecord(acked: ShipStateTests.at(2)))
        #expect(driver.state.isInStep)
        #expect(driver.state.totals.acked == 2)
    }

    @Test("disjoint series go together, a common series waits, acked moves over the front only")
    func parallel() {
        var driver = Driver()
        driver.slices = [(1, [1]), (2, [2]), (3, [2, 3])]
        driver.tell(.started)
        #expect(driver.sent.count == 2)
        driver.tell(.answered(id: driver.sent.remove(at: 1).id, verdict: .stored))
        #expect(driver.state.acked == ShipStateTests.at(0))
        // The third shares series 2 with the second only, which is answered.
        #expect(driver.sent.count == 2)
        #expect(
            driver.written.last
                == CursorRecord(
                    acked: ShipStateTests.at(0),
                    attempted: [
                        ShipStateTests.border(0, 1),
                        ShipStateTests.border(1, 2, isAnswered: true),
                        ShipStateTests.border(2, 3),
                    ]
                )
        )
        driver.answer(.stored)
        #expect(driver.state.acked == ShipStateTests.at(2))
    }

    @Test("a common series is never under way twice")
    func commonSeries() {
        var driver = Driver()
        driver.slices = [(1, [1]), (2, [1]), (3, [1])]
        driver.tell(.started)
        for to: UInt32 in 1...3 {
            #expect(driver.sent.count == 1)
            driver.answer(.stored)
            #expect(driver.state.acked == ShipStateTests.at(to))
        }
    }

    @Test("failures are tried again after growing pauses, alone, with nothing new before")
    func retries() {
        var driver = Driver()
        driver.slices = [(1, [1]), (2, [2]), (3, [3])]
        driver.tell(.started)
        driver.answer(.retry(afterMs: nil, mayHaveArrived: true))
        // The other one is under way: the repetition waits for it, too.
        driver.nowNs += 1_000_000_000
        driver.tell(.timer)
        #expect(driver.sent.map(\.id) == [2])
        driver.answer(.stored)
        #expect(driver.sent.map(\.id) == [1])
        var last: Int64 = 0
        for failures in 1...12 {
            driver.answer(.retry(afterMs: nil, mayHaveArrived: true))
            #expect(driver.notes.last == .failing(failures: failures))
            #expect(driver.sent.isEmpty)
            let failedNs = driver.nowNs
            driver.waitForTimer()
            let pause = driver.nowNs - failedNs
            #expect(pause <= 5_000_000_000 && Double(pause) >= 0.8 * Double(last))
            last = pause
            #expect(driver.sent.map(\.id) == [1])
        }
        driver.answer(.stored)
        #expect(driver.notes.last == .resumed(failures: 12))
        #expect(driver.sent.map(\.id) == [3])
        #expect(driver.state.totals.retried == 13)
        #expect(driver.state.totals.failures == 13)
    }

    @Test("Retry-After is waited for when it is longer than the pause")
    func retryAfter() {
        var driver = Driver()
        driver.slices = [(1, [1])]
        driver.tell(.started)
        driver.answer(.retry(afterMs: 7000, mayHaveArrived: false))
        #expect(driver.wakeAt == 7_000_000_000)
    }

    @Test(
        "400 is final: rejected the first time, ambiguous when it may have arrived before",
        arguments: [
            ([Verdict.rejected(code: 400)], [400: 2], 0),
            ([.rejected(code: 422)], [422: 2], 0),
            ([.retry(afterMs: nil, mayHaveArrived: false), .rejected(code: 400)], [400: 2], 0),
            ([.retry(afterMs: nil, mayHaveArrived: true), .rejected(code: 400)], [:], 2),
            ([.retry(afterMs: nil, mayHaveArrived: true), .rejected(code: 422)], [422: 2], 0),
        ] as [([Verdict], [Int: UInt64], UInt64)]
    )
    func refused(verdicts: [Verdict], rejected: [Int: UInt64], ambiguous: UInt64) {
        var driver = Driver()
        driver.slices = [(1, [1, 2])]
        driver.tell(.started)
        for verdict in verdicts {
            if driver.sent.isEmpty { driver.waitForTimer() }
            driver.answer(verdict)
        }
        #expect(driver.state.totals.rejected == rejected)
        #expect(driver.state.totals.ambiguous == ambiguous)
        #expect(driver.state.acked == ShipStateTests.at(1))
    }

    @Test(
        "a 2.0 receiver's counts hold: so many are stored, the others are refused for good",
        arguments: [
            ([Verdict.partly(acked: 2, code: 400)], 2, [400: 1], 0),
            ([.partly(acked: 0, code: 400)], 0, [400: 3], 0),
            ([.partly(acked: 3, code: 204)], 3, [:], 0),
            ([.partly(acked: 1, code: 204)], 1, [204: 2], 0),
            ([.partly(acked: 9, code: 400)], 3, [:], 0),
            ([.partly(acked: -1, code: 400)], 0, [400: 3], 0),
            (
                [.retry(afterMs: nil, mayHaveArrived: true), .partly(acked: 2, code: 400)],
                2, [:], 1
            ),
        ] as [([Verdict], UInt64, [Int: UInt64], UInt64)]
    )
    func partly(
        verdicts: [Verdict],
        acked: UInt64,
        rejected: [Int: UInt64],
        ambiguous: UInt64
    ) {
        var driver = Driver()
        driver.slices = [(1, [1, 2, 3])]
        driver.tell(.started)
        for verdict in verdicts {
            if driver.sent.isEmpty { driver.waitForTimer() }
            driver.answer(verdict)
        }
        #expect(driver.state.totals.acked == acked)
        #expect(driver.state.totals.rejected == rejected)
        #expect(driver.state.totals.ambiguous == ambiguous)
        #expect(driver.state.acked == ShipStateTests.at(1))
    }

    @Test("what a receiver does not understand goes again at once, and is no failure")
    func notUnderstood() {
        var driver = Driver()
        driver.slices = [(1, [1, 2]), (2, [3])]
        driver.tell(.started)
        #expect(driver.sent.map(\.id) == [1, 2])
        driver.answer(.notUnderstood)
        #expect(driver.sent.map(\.id) == [2, 1])
        driver.answer(.notUnderstood)
        #expect(driver.sent.map(\.id) == [1, 2])
        #expect(driver.nowNs == 0)
        #expect(driver.state.failuresInRow == 0)
        // Nobody has it: a refusal is none of a repetition.
        driver.answer(.rejected(code: 400))
        driver.answer(.stored)
        #expect(driver.state.totals.rejected == [400: 2])
        #expect(driver.state.totals.ambiguous == 0)
        #expect(driver.state.totals.acked == 1)
        #expect(driver.state.acked == ShipStateTests.at(2))
    }

    @Test("a parked destination is probed every 30 s with the same request until it takes it")
    func parked() {
        var driver = Driver()
        driver.slices = [(1, [1]), (2, [1])]
        driver.tell(.started)
        for round in 1...3 {
            driver.answer(.parked(code: 401))
            #expect(driver.state.parkedCode == 401)
            #expect(driver.sent.isEmpty)
            driver.waitForTimer()
            #expect(driver.nowNs == Int64(round) * 30_000_000_000)
            #expect(driver.sent.map(\.id) == [1])
        }
        driver.answer(.stored)
        #expect(driver.state.parkedCode == nil)
        #expect(driver.state.acked == ShipStateTests.at(1))
        #expect(driver.sent.map(\.id) == [2])
    }

    @Test("413 halves the request down to one series, which is rejected; the limit is learnt")
    func tooLarge() {
        var driver = Driver()
        driver.slices = [(1, [1, 2, 3]), (2, [4])]
        driver.tell(.started)
        // The second one went along; nothing else is sent while the halves are.
        driver.answer(.tooLarge)
        driver.answer(.stored)
        var parts: [Range<Int>] = []
        for verdict in [Verdict.stored, .tooLarge, .stored, .tooLarge] {
            #expect(driver.sent.count == 1)
            parts.append(driver.sent[0].part)
            driver.answer(verdict)
        }
        #expect(parts == [0..<1, 1..<3, 1..<2, 2..<3])
        #expect(driver.state.totals.rejected == [413: 1])
        #expect(driver.state.totals.acked == 3)
        #expect(driver.state.acked == ShipStateTests.at(2))
        #expect(driver.limitsAsked.last == 1)
        driver.slices = (3...600).map { ($0, [1]) }
        driver.tell(.woken)
        while !driver.sent.isEmpty { driver.answer(.stored) }
        #expect(driver.limitsAsked.last == 4)
    }

    @Test("after a kill the unanswered requests come first, one at a time; a 400 is ambiguous")
    func resends() {
        let borders = [
            ShipStateTests.border(3, 4), ShipStateTests.border(4, 5, isAnswered: true),
            ShipStateTests.border(5, 6),
        ]
        var driver = Driver(CursorRecord(acked: ShipStateTests.at(3), attempted: borders))
        driver.resends = [borders[0]: [1], borders[2]: [2]]
        driver.slices = [(7, [3])]
        driver.tell(.started)
        #expect(driver.sent.count == 1)
        driver.answer(.rejected(code: 400))
        #expect(driver.state.acked == ShipStateTests.at(5))
        #expect(driver.sent.count == 1)
        driver.answer(.stored)
        #expect(driver.state.acked == ShipStateTests.at(6))
        #expect(driver.state.totals.ambiguous == 1)
        #expect(driver.state.totals.retried == 2)
        driver.answer(.rejected(code: 400))
        #expect(driver.state.totals.rejected == [400: 1])
        #expect(driver.state.acked == ShipStateTests.at(7))
    }

    @Test("what can no longer be repeated is taken as it is now, under suspicion")
    func goneResends() {
        let border = ShipStateTests.border(3, 5)
        var driver = Driver(CursorRecord(acked: ShipStateTests.at(3), attempted: [border]))
        driver.slices = [(6, [1]), (7, [1])]
        driver.tell(.started)
        #expect(driver.notes == [.gone(border)])
        driver.answer(.rejected(code: 400))
        #expect(driver.state.totals.ambiguous == 1)
        driver.answer(.rejected(code: 400))
        #expect(driver.state.totals.rejected == [400: 1])
    }

    @Test("what is taken anew is not sent because a request that ended there was written down")
    func otherBorders() {
        let record = CursorRecord(
            acked: ShipStateTests.at(3),
            attempted: [ShipStateTests.border(3, 4), ShipStateTests.border(4, 6)]
        )
        let table = Table()
        var random = SeededRandom(seed: 1)
        var state = ShipState(record: record, doubtfulUntil: nil, limits: ShipLimits())
        var asked: [ShipAction] = []
        func tell(_ event: ShipEvent) { asked = state.handle(event, at: 0, using: &random) }
        var fetchID: UInt64? {
            for case .fetch(let id, _, _) in asked { return id }
            return nil
        }
        var sends: Bool { asked.contains { if case .send = $0 { true } else { false } } }
        tell(.started)
        tell(.fetched(id: 1, facts: nil))
        let facts = SliceFacts(
            from: ShipStateTests.at(3),
            to: ShipStateTests.at(6),
            series: [1],
            table: ObjectIdentifier(table),
            mayBeResend: false,
            oldestMs: 0
        )
        tell(.fetched(id: fetchID ?? 0, facts: facts))
        tell(.cursorWritten)
        #expect(!sends)
        tell(.cursorWritten)
        #expect(sends)
    }

    @Test(
        "after a power cut everything stored before counts as possibly sent, unless it was closed"
    )
    func doubtful() {
        for isClosed in [false, true] {
            var driver = Driver(
                CursorRecord(acked: ShipStateTests.at(3), isClosed: isClosed),
                doubtfulUntil: ShipStateTests.at(4)
            )
            driver.slices = [(4, [1]), (5, [1])]
            driver.tell(.started)
            driver.answer(.rejected(code: 400))
            driver.answer(.rejected(code: 400))
            #expect(driver.state.totals.ambiguous == (isClosed ? 0 : 1))
            #expect(driver.state.totals.rejected == [400: isClosed ? 2 : 1])
        }
    }

    @Test("a stop sends what is there, writes the place and ends")
    func cleanStop() {
        var driver = Driver(inFlight: 1)
        driver.slices = [(1, [1]), (2, [1])]
        driver.tell(.started)
        driver.tell(.stop)
        driver.answer(.stored)
        #expect(!driver.isFinished)
        driver.answer(.stored)
        #expect(driver.isFinished)
        #expect(
            driver.written.last == CursorRecord(acked: ShipStateTests.at(2), isClosed: true)
        )
    }

    @Test("a stop while the receiver is away does not wait for it; the request stays noted")
    func stopWhileFailing() {
        var driver = Driver()
        driver.slices = [(1, [1])]
        driver.tell(.started)
        driver.answer(.retry(afterMs: nil, mayHaveArrived: true))
        driver.tell(.stop)
        #expect(driver.isFinished)
        #expect(
            driver.written.last
                == CursorRecord(
                    acked: ShipStateTests.at(0),
                    attempted: [ShipStateTests.border(0, 1)],
                    isClosed: true
                )
        )
    }

    @Test("a stretch without samples is stepped over without a request")
    func emptySlice() {
        var driver = Driver()
        driver.slices = [(1, []), (2, [1])]
        driver.tell(.started)
        #expect(driver.sent.count == 1)
        driver.answer(.stored)
        #expect(driver.state.acked == ShipStateTests.at(2))
        #expect(driver.state.totals.requests == 1)
    }

    @Test("filtered samples count once the rest of their slice is answered, or there is no rest")
    func filtered() {
        var driver = Driver()
        driver.filtered = 3
        driver.slices = [(1, [1, 2])]
        driver.tell(.started)
        #expect(driver.state.totals.filtered == 0)
        driver.answer(.retry(afterMs: nil, mayHaveArrived: true))
        #expect(driver.state.totals.filtered == 0)
        driver.waitForTimer()
        driver.answer(.stored)
        #expect(driver.state.totals.filtered == 3)
        driver.slices = [(2, [])]
        driver.tell(.woken)
        #expect(driver.state.acked == ShipStateTests.at(2))
        #expect(driver.state.totals.filtered == 6)
        #expect(driver.state.totals.acked == 2)
        #expect(driver.state.totals.requests == 2)
    }

    @Test("a resend of which other rules leave nothing is done without a request")
    func filteredResend() {
        let borders = [ShipStateTests.border(3, 4), ShipStateTests.border(4, 5)]
        var driver = Driver(CursorRecord(acked: ShipStateTests.at(3), attempted: borders))
        driver.filtered = 1
        driver.resends = [borders[0]: [], borders[1]: [2]]
        driver.slices = [(6, [3])]
        driver.tell(.started)
        #expect(driver.sent.count == 1)
        driver.answer(.stored)
        driver.answer(.stored)
        #expect(driver.state.acked == ShipStateTests.at(6))
        #expect(driver.state.totals.requests == 2)
        #expect(driver.state.totals.filtered == 3)
    }
}
