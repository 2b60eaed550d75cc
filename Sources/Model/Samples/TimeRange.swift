// A closed stretch of time.

/// The times from `start` to `end`, both included.
///
/// Empty when `end` is before `start`.
public struct TimeRange: Hashable, Sendable {
    /// The first time inside.
    public var start: Timestamp
    /// The last time inside.
    public var end: Timestamp

    /// Makes the range from `start` to `end`, both included.
    public init(_ start: Timestamp, _ end: Timestamp) {
        self.start = start
        self.end = end
    }

    /// All of time.
    public static let all = TimeRange(.min, .max)

    /// Whether `time` lies inside.
    @inlinable
    public func contains(_ time: Timestamp) -> Bool { start <= time && time <= end }

    /// Whether the two have a time in common.
    @inlinable
    public func overlaps(_ other: TimeRange) -> Bool { start <= other.end && other.start <= end }
}
