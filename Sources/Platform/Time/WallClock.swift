// The date. It may step back and forth (NTP, an operator, a machine without a battery); what needs
// order or intervals takes SteadyClock.
internal import Glibc

/// Gives the date and time.
///
/// Bound to `SystemClock` in the program and to `ManualClock` in tests.
public protocol WallClock: Sendable {
    /// Milliseconds since 1970 UTC.
    func nowMs() -> Int64

    /// The same as it was at most 10 ms ago, at a fraction of the cost: for limits and ages.
    func recentMs() -> Int64
}

extension WallClock {
    public func recentMs() -> Int64 { nowMs() }
}

/// The machine's own clocks, CLOCK_REALTIME and CLOCK_MONOTONIC.
public struct SystemClock: WallClock, SteadyClock {
    public init() {}

    public func nowMs() -> Int64 { SystemClock.ms(read(CLOCK_REALTIME)) }

    // The time of the kernel's last tick; HZ is 100 at least.
    public func recentMs() -> Int64 { SystemClock.ms(read(CLOCK_REALTIME_COARSE)) }

    private static func ms(_ time: timespec) -> Int64 {
        Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    public func nowNs() -> Int64 {
        let time = read(CLOCK_MONOTONIC)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    private func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        // SAFETY: the kernel fills the struct before the call returns.
        let status = unsafe clock_gettime(clock, &time)
        precondition(status == 0, "BUG: clock_gettime(\(clock)) refused a clock that Linux has")
        return time
    }
}
