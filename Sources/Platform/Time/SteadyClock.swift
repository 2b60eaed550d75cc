// Time that never steps: for timers, timeouts and intervals. It says nothing about the date.
internal import Glibc

/// A point on the steady clock.
public struct SteadyTime: Sendable, Hashable, Comparable {
    /// Nanoseconds since an arbitrary moment (on Linux: the start of the machine).
    public var ns: Int64

    public init(ns: Int64) {
        self.ns = ns
    }

    public static func < (left: SteadyTime, right: SteadyTime) -> Bool { left.ns < right.ns }

    /// This time moved by `duration`; saturates instead of overflowing.
    public func advanced(by duration: Duration) -> SteadyTime {
        let (sum, overflow) = ns.addingReportingOverflow(duration.wholeNs)
        if overflow { return SteadyTime(ns: duration.wholeNs < 0 ? .min : .max) }
        return SteadyTime(ns: sum)
    }

    /// The time from `earlier` to this one; negative when `earlier` is later.
    public func duration(since earlier: SteadyTime) -> Duration {
        .nanoseconds(ns - earlier.ns)
    }
}

/// Gives the steady time.
///
/// Bound to `SystemClock` in the program and to `ManualClock` in tests.
public protocol SteadyClock: Sendable {
    /// Nanoseconds since an arbitrary moment; never smaller than an earlier answer.
    func nowNs() -> Int64
}

extension SteadyClock {
    public var now: SteadyTime { SteadyTime(ns: nowNs()) }
}

extension Duration {
    /// Whole nanoseconds, saturated at the range of Int64 (292 years).
    public var wholeNs: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, carried) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carried ? (seconds < 0 ? .min : .max) : sum
    }

    /// Whole milliseconds, saturated at what nanoseconds can say.
    public var wholeMs: Int64 { wholeNs / 1_000_000 }
}
