// Points in time, in the unit of Prometheus and of every file here.

/// A point in time: milliseconds since 1970-01-01 UTC, negative before.
public struct Timestamp: Hashable, Sendable, Comparable {
    /// Milliseconds since 1970-01-01 UTC.
    public let ms: Int64

    /// Makes a time from milliseconds since 1970-01-01 UTC.
    @inlinable
    public init(ms: Int64) {
        self.ms = ms
    }

    /// The earliest time there is.
    public static let min = Timestamp(ms: .min)
    /// The latest time there is.
    public static let max = Timestamp(ms: .max)

    @inlinable
    public static func < (one: Timestamp, other: Timestamp) -> Bool { one.ms < other.ms }

    /// Moves by a number of milliseconds, staying at the ends of the range rather than trapping.
    @inlinable
    public func advanced(byMs ms: Int64) -> Timestamp {
        let (sum, overflow) = self.ms.addingReportingOverflow(ms)
        return Timestamp(ms: overflow ? (ms < 0 ? .min : .max) : sum)
    }

    /// Milliseconds from `earlier` to this time, staying at the ends of the range.
    @inlinable
    public func ms(since earlier: Timestamp) -> Int64 {
        let (difference, overflow) = ms.subtractingReportingOverflow(earlier.ms)
        return overflow ? (ms < earlier.ms ? .min : .max) : difference
    }

    /// Seconds since 1970-01-01 UTC.
    public var seconds: Double { Double(ms) / 1000 }
}

extension Timestamp: CustomStringConvertible {
    /// Milliseconds, in digits; `RFC3339` writes it for people.
    public var description: String { "\(ms)" }
}
