// How many queries are evaluated at once; the others wait in line.
internal import Synchronization

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
        /// Given up before they began to wait.
        var gone: [UInt64: Grant] = [:]
    }

    private let state: Mutex<State>

    init(_ count: Int) {
        state = Mutex(State(free: count))
    }

    /// How many wait now.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// A number for one wait.
    func ticket() -> UInt64 {
        state.withLock { state in
            state.nextID += 1
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
                if let gone = state.gone.removeValue(forKey: ticket) { return gone }
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

    /// Ends a wait; nothing happens when it is over.
    ///
    /// With `mayPrecede` the wait may not have begun yet, and then ends as it begins.
    func giveUp(_ ticket: UInt64, _ grant: Grant, mayPrecede: Bool = false) {
        let waiter: Waiter? = state.withLock { state in
            guard let index = state.waiting.firstIndex(where: { $0.id == ticket }) else {
                if mayPrecede { state.gone[ticket] = grant }
                return nil
            }
            return state.waiting.remove(at: index)
        }
        waiter?.continuation.resume(returning: grant)
    }

    /// Forgets what `giveUp` left for a ticket that will wait no more.
    func forget(_ ticket: UInt64) {
        state.withLock { state in state.gone[ticket] = nil }
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
