// Time that stands still until the test moves it.
public import Platform
import Synchronization

/// A wall clock and a steady clock in one, moved by hand.
public final class ManualClock: WallClock, SteadyClock {
    private struct State {
        var wallMs: Int64
        var steadyNs: Int64
        var listeners: [@Sendable () -> Void] = []
    }

    private let state: Mutex<State>

    /// - Parameters:
    ///   - wallMs: milliseconds since 1970 UTC; 2026-01-01 unless told.
    ///   - steadyNs: where the steady clock stands.
    public init(wallMs: Int64 = 1_767_225_600_000, steadyNs: Int64 = 1_000_000_000) {
        state = Mutex(State(wallMs: wallMs, steadyNs: steadyNs))
    }

    public func nowMs() -> Int64 { state.withLock { $0.wallMs } }

    public func nowNs() -> Int64 { state.withLock { $0.steadyNs } }

    /// Moves both clocks forward.
    public func advance(by duration: Duration) {
        let listeners = state.withLock { state in
            state.steadyNs += duration.wholeNs
            state.wallMs += duration.wholeMs
            return state.listeners
        }
        for listener in listeners { listener() }
    }

    /// Moves the wall clock alone, forward or back: an operator, NTP, a dead battery.
    public func stepWall(byMs step: Int64) {
        state.withLock { $0.wallMs += step }
    }

    /// Wakes the loop after each `advance`, so that its timers follow this clock.
    public func drive(_ loop: EventLoop) {
        state.withLock { state in state.listeners.append { [weak loop] in loop?.wake() } }
    }
}
