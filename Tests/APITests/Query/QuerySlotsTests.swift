// Slots are handed out in order, and a wait that is given up takes none.
import Testing

@testable import API

@Suite("Query slots")
struct QuerySlotsTests {
    @Test("grants what is free, then in order of arrival")
    func order() async {
        let slots = QuerySlots(1)
        #expect(slots.tryAcquire())
        #expect(!slots.tryAcquire())
        async let first = slots.acquire(slots.ticket())
        while slots.waitingCount < 1 { await Task.yield() }
        let ticket = slots.ticket()
        async let second = slots.acquire(ticket)
        while slots.waitingCount < 2 { await Task.yield() }
        slots.giveUp(ticket, .timedOut)
        #expect(await second == .timedOut)
        slots.release()
        #expect(await first == .granted)
        #expect(!slots.tryAcquire())
        slots.release()
        #expect(slots.tryAcquire())
    }

    @Test("a wait that was given up before it began ends at once")
    func early() async {
        let slots = QuerySlots(1)
        #expect(slots.tryAcquire())
        let ticket = slots.ticket()
        slots.giveUp(ticket, .canceled, mayPrecede: true)
        #expect(await slots.acquire(ticket) == .canceled)
    }
}
