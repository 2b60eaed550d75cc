// The agent's own figures: written by anyone in nanoseconds, read when somebody scrapes the agent.
internal import Synchronization

/// Only grows.
public final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    init() {}

    public func add(_ amount: UInt64 = 1) {
        count.wrappingAdd(amount, ordering: .relaxed)
    }

    public var value: UInt64 { count.load(ordering: .relaxed) }
}

/// Goes up and down.
public final class Gauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    init() {}

    public func set(_ value: Double) {
        bits.store(value.bitPattern, ordering: .relaxed)
    }

    public func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let (exchanged, seen) = bits.weakCompareExchange(
                expected: old,
                desired: new,
                ordering: .relaxed
            )
            if exchanged { return }
            old = seen
        }
    }

    public var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }
}

/// Counts observations in fixed buckets.
public final class Histogram: Sendable {
    /// Upper bounds, ascending; the bucket +Inf is not listed.
    public let bounds: [Double]
    private let state: Lock<State>

    private struct State {
        var counts: [UInt64]
        var sum = 0.0
    }

    init(bounds: [Double]) {
        let isAscending = zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }
        precondition(isAscending, "BUG: histogram bounds \(bounds) do not ascend")
        self.bounds = bounds
        state = Lock(State(counts: [UInt64](repeating: 0, count: bounds.count + 1)))
    }

    /// Seconds from 1 ms to 30 s: requests, scrapes, syncs.
    public static let secondsBounds = [
        0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    /// Counts `value` in the first bucket whose bound is not below it.
    public func observe(_ value: Double) {
        var slot = 0
        // A dozen bounds: a scan beats a binary search. NaN ends in the last bucket.
        while slot < bounds.count, !(value <= bounds[slot]) { slot += 1 }
        state.withLock { state in
            state.counts[slot] += 1
            state.sum += value
        }
    }

    /// Counts up to and including each bound, then all; and their sum.
    public var reading: HistogramReading {
        let (counts, sum) = state.withLock { ($0.counts, $0.sum) }
        var total: UInt64 = 0
        let cumulative = counts.map { count in
            total += count
            return total
        }
        return HistogramReading(
            bounds: bounds,
            cumulative: Array(cumulative.dropLast()),
            count: total,
            sum: sum
        )
    }
}

/// A histogram at one moment.
public struct HistogramReading: Sendable, Equatable {
    public var bounds: [Double]
    /// As many as bounds.
    public var cumulative: [UInt64]
    public var count: UInt64
    public var sum: Double

    public init(bounds: [Double], cumulative: [UInt64], count: UInt64, sum: Double) {
        self.bounds = bounds
        self.cumulative = cumulative
        self.count = count
        self.sum = sum
    }
}
