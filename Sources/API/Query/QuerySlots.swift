// How many queries are evaluated at once; the others wait in line.
internal import Platform

/// Hands out a fixed number of slots, first come, first served.
final class QuerySlots: Sendable {
    /// How the wait for a slot ended.
    enum Grant: Sendable, Hashable {
        /// Give it back with `release`.
        case granted
        case timedOut
        case canceled
    }

    private struct Waiter: Sendable {
        let id: UInt64
        let continuation: CheckedContinuation<Grant, Never>
    }

    private struct State: Sendable {
        var free: Int
        var waiting: [Waiter] = []
        var nextID: UInt64 = 0
        /// Tickets whose wait has not begun, with what ended it before it did.
        var early: [UInt64: Grant?] = [:]
    }

    private let state: Lock<State>

    init(_ count: Int) {
        state = Lock(State(free: count))
    }

    /// How many wait now.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// A number for one wait; `forget` it in the end, whether it waited or not.
    func ticket() -> UInt64 {
        state.withLock { state in
            state.nextID += 1
            state.early.updateValue(nil, forKey: state.nextID)
            return state.nextID
        }
    }

    /// Takes a slot if one is free now and nobody waits.
    func tryAcquire() -> Bool {
        state.withLock { state in
            guard state.free > 0 else { return false }
            state.free -= 1
            return true
        }
    }

    /// Waits for a slot until one is free or `giveUp` is called.
    func acquire(_ ticket: UInt64) async -> Grant {
        await withCheckedContinuation { continuation in
            let grant: Grant? = state.withLock { state in
                if let gone = state.early.removeValue(forKey: ticket) ?? nil { return gone }
                if state.free > 0 {
                    state.free -= 1
                    return .granted
                }
                state.waiting.append(Waiter(id: ticket, continuation: continuation))
                return nil
            }
            if let grant { continuation.resume(returning: grant) }
        }
    }

    /// Ends a wait.
    ///
    /// One that has not begun ends as it begins, with the first reason given; nothing happens once a
    /// wait is over or its ticket forgotten.
    func giveUp(_ ticket: UInt64, _ grant: Grant) {
        let waiter: Waiter? = state.withLock { state in
            if let index = state.waiting.firstIndex(where: { $0.id == ticket }) {
                return state.waiting.remove(at: index)
            }
            if case .some(nil) = state.early[ticket] {
                state.early.updateValue(grant, forKey: ticket)
            }
            return nil
        }
        waiter?.continuation.resume(returning: grant)
    }

    /// Lets go of a ticket that will wait no more.
    func forget(_ ticket: UInt64) {
        state.withLock { state in _ = state.early.removeValue(forKey: ticket) }
    }

    /// Gives a slot back, to the next in line if there is one.
    func release() {
        let next: Waiter? = state.withLock { state in
            if state.waiting.isEmpty {
                state.free += 1
                return nil
            }
            return state.waiting.removeFirst()
        }
        next?.continuation.resume(returning: .granted)
    }
}
