// The rows of the ledger: what each answer, split and jump does to them.
import Store
import TestSupport
import Testing

@testable import Forward

@Suite("Ledger rows") struct ShipLedgerTests {
    private var random = SeededRandom(seed: 1)
    private var state = ShipState(
        record: CursorRecord(acked: FeedPosition(number: SequenceNumber(start: 7, count: 0))),
        doubtfulUntil: nil,
        limits: ShipLimits()
    )

    private final class Table {}
    private let table = Table()

    private func place(_ count: UInt32) -> FeedPosition {
        FeedPosition(number: SequenceNumber(start: 7, count: count))
    }

    private func facts(
        _ from: FeedPosition,
        _ to: FeedPosition,
        _ series: [UInt64],
        filtered: Int = 0
    ) -> SliceFacts {
        SliceFacts(
            from: from,
            to: to,
            series: series,
            table: ObjectIdentifier(table),
            mayBeResend: false,
            oldestMs: 0,
            filtered: filtered
        )
    }

    private mutating func tell(_ event: ShipEvent) -> [ShipAction] {
        state.handle(event, at: 1, using: &random)
    }

    // Gives the slice to the fetch under way, and its request to the receiver; the request's id.
    @discardableResult
    private mutating func send(_ facts: SliceFacts) throws -> UInt64 {
        let id = try #require(state.fetching)
        var actions = tell(.fetched(id: id, facts: facts))
        while state.isWriting { actions += tell(.cursorWritten) }
        return id
    }

    private mutating func begin(settled: Bool = true) {
        var actions = tell(.started)
        if settled {
            actions += tell(.settled(difference: 100, .anchor, ledgerID: 5))
        }
        while state.isWriting { actions += tell(.cursorWritten) }
        state.hasNews = true
        actions += tell(.woken)
    }

    @Test("a request that is split counts once all of it is answered, in one record with its place")
    mutating func split() throws {
        begin()
        #expect(state.account.anchor == 100)
        #expect(state.account.ledgerID == 5)
        let id = try send(facts(place(0), place(1), [1, 2, 3, 4], filtered: 2))
        _ = tell(.answered(id: id, verdict: .tooLarge))
        #expect(state.account.rows.total == 0)
        _ = tell(.answered(id: id, verdict: .stored))
        #expect(state.totals.acked == 2, "the receiver has half of it")
        #expect(state.account.rows.total == 0, "after a kill the whole goes again")
        #expect(state.record.acked == place(0))
        _ = tell(.answered(id: id, verdict: .rejected(code: 422)))
        #expect(state.account.rows.acked == 2)
        #expect(state.account.rows.rejected == [422: 2])
        #expect(state.account.rows.filtered == 2)
        #expect(state.record.acked == place(1))
    }

    @Test("what is answered out of order is counted, and stands with its samples in the cursor")
    mutating func outOfOrder() throws {
        begin()
        let first = try send(facts(place(0), place(1), [1, 2]))
        let second = try send(facts(place(1), place(2), [3, 4, 5], filtered: 4))
        _ = tell(.answered(id: second, verdict: .stored))
        #expect(state.account.rows.total == 7)
        #expect(state.standing.answered == 7)
        #expect(state.standing.acked == place(0))
        _ = tell(.answered(id: first, verdict: .stored))
        #expect(state.account.rows.total == 9)
        #expect(state.standing.answered == 0)
        #expect(state.standing.acked == place(2))
    }

    @Test("a jump waits for all before it; whole stretches count as found, a broken one by its end")
    mutating func jump() throws {
        begin()
        let first = try send(facts(place(0), place(1), [1, 2]))
        var hole = FeedHole()
        hole.gone = [.cap: 50, .damage: 7]
        // Up to the end of the stretch in which the place stands 110 were stored: 8 of them are left.
        hole.broken = (BrokenStretch(reason: .removed, most: 9), 110)
        var behind = facts(place(1), place(9), [7])
        behind.hole = hole
        try send(behind)
        #expect(state.window.count == 1, "it is not under way before the first is answered")
        _ = tell(.answered(id: first, verdict: .stored))
        while state.isWriting { _ = tell(.cursorWritten) }
        let id = try #require(state.window.first { $0.phase == .inFlight }).id
        _ = tell(.answered(id: id, verdict: .stored))
        #expect(state.account.rows.acked == 3)
        #expect(state.account.rows.expiredCap == 50)
        #expect(state.account.rows.expiredDamage == 7)
        #expect(state.account.rows.expiredRemoved == 8)
        #expect(state.record.acked == place(9))
    }

    @Test("no more of a broken stretch is gone than was in it")
    mutating func clamped() throws {
        begin()
        var hole = FeedHole()
        hole.broken = (BrokenStretch(reason: .cap, most: 9), 1000)
        var behind = facts(place(0), place(9), [])
        behind.hole = hole
        try send(behind)
        #expect(state.account.rows.expiredCap == 9, "a fault does not hide behind it")
        #expect(state.record.acked == place(9))
    }

    @Test("a segment that goes from its first instant brings what was answered once more")
    mutating func restart() throws {
        begin()
        let first = try send(facts(place(0), place(4), [1, 2, 3, 4, 5]))
        _ = tell(.answered(id: first, verdict: .stored))
        while state.isWriting { _ = tell(.cursorWritten) }
        var hole = FeedHole()
        hole.restartTotal = 102
        let back = FeedPosition(number: place(2).number, time: 10)
        var again = facts(place(4), back, [1, 2])
        again.mayBeResend = true
        again.hole = hole
        let id = try send(again)
        _ = tell(.answered(id: id, verdict: .stored))
        // Behind the place are 3 of the 5, and 2 of them are there for the second time.
        #expect(state.account.again == 3)
        #expect(state.account.rows.total == 7)
        while state.isWriting { _ = tell(.cursorWritten) }
        let next = try send(facts(back, place(9), [1, 2, 3, 4]))
        _ = tell(.answered(id: next, verdict: .stored))
        #expect(state.account.again == 0)
        #expect(state.account.rows.total == 8)
    }

    @Test("what is gone is not passed before the account is held against the store")
    mutating func unsettled() throws {
        begin(settled: false)
        var behind = facts(place(0), place(9), [])
        behind.hole = FeedHole()
        let id = try #require(state.fetching)
        let actions = tell(.fetched(id: id, facts: behind))
        #expect(actions.contains(.forget(id: id)))
        #expect(state.record.acked == place(0))
        #expect(state.hasNews)
    }

    @Test("an account is squared where it may differ, and only there")
    func squared() {
        var found = FeedAccount()
        found.ledgerID = 5
        found.stored = 300
        found.pending = 40
        var account = ShipAccount()
        account.anchor = 100
        account.ledgerID = 5
        account.doubt = .none
        account.rows.acked = 170
        let standing = ShipAccount.Standing(account: account, acked: FeedPosition(number: .zero))
        let balance = ShipBalance(standing, found)
        #expect(balance.stored == 200)
        #expect(balance.difference == -10)
        #expect(!balance.isBalanced)
        #expect(account.doubt(of: found) == .none, "a fault stays to be seen")
        found.hasLosses = true
        #expect(account.doubt(of: found) == .losses)
        #expect(account.settle(-10, .losses, 5) == -10)
        #expect(account.adjusted == 10)
        #expect(
            ShipBalance(
                .init(account: account, acked: FeedPosition(number: .zero)),
                found
            ).isBalanced
        )
        var other = account
        other.doubt = .released
        #expect(other.doubt(of: found) == .released)
        #expect(other.settle(25, .released, 5) == 25)
        #expect(other.rows.expiredRemoved == 25)
        found.ledgerID = 6
        #expect(account.doubt(of: found) == .anchor)
    }
}
