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

    @Test(
        "a wait that was given up before it began ends at once",
        arguments: [QuerySlots.Grant.canceled, .timedOut]
    )
    func early(why: QuerySlots.Grant) async {
        let slots = QuerySlots(1)
        #expect(slots.tryAcquire())
        let ticket = slots.ticket()
        slots.giveUp(ticket, why)
        slots.giveUp(ticket, .canceled)
        #expect(await slots.acquire(ticket) == why)
        slots.forget(ticket)
    }

    @Test("nothing is kept of a ticket that was forgotten")
    func forgotten() async {
        let slots = QuerySlots(1)
        let ticket = slots.ticket()
        slots.forget(ticket)
        slots.giveUp(ticket, .timedOut)
        #expect(await slots.acquire(ticket) == .granted)
    }

    @Test("every wait ends, and no slot is lost, whoever is first")
    func everyInterleaving() async {
        let slots = QuerySlots(2)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    for round in 0..<2_000 {
                        let ticket = slots.ticket()
                        async let grant = slots.acquire(ticket)
                        if (worker + round) % 3 != 0 {
                            async let end: Void = slots.giveUp(ticket, .timedOut)
                            _ = await end
                        }
                        if await grant == .granted { slots.release() }
                        slots.forget(ticket)
                    }
                }
            }
        }
        #expect(slots.tryAcquire())
        #expect(slots.tryAcquire())
        #expect(!slots.tryAcquire())
    }
}
