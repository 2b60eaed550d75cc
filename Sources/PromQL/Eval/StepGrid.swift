// The times at which an expression is evaluated, and the columns of values over them.
import Model

/// Evenly spaced times.
///
/// A step of 0 means the same time over and over (`@`).
struct StepGrid: Equatable {
    var startMs: Int64
    var stepMs: Int64
    var count: Int

    /// The time of step `index`.
    ///
    /// Wraps rather than traps at the ends of time.
    func time(_ index: Int) -> Int64 { startMs &+ Int64(index) &* stepMs }

    var endMs: Int64 { time(count - 1) }

    /// Only the first step.
    var first: StepGrid { StepGrid(startMs: startMs, stepMs: 1, count: 1) }

    /// The times that a selector looks at when it is evaluated over this grid.
    func shifted(anchorMs: Int64?, offsetMs: Int64) -> StepGrid {
        StepGrid(
            startMs: (anchorMs ?? startMs).minus(offsetMs),
            stepMs: anchorMs == nil ? stepMs : 0,
            count: count
        )
    }
}

extension Int64 {
    /// The difference, staying at the ends of the range.
    func minus(_ other: Int64) -> Int64 {
        let (difference, overflow) = subtractingReportingOverflow(other)
        return overflow ? (other > 0 ? .min : .max) : difference
    }
}

// A column holds one value a step. Where a series has no sample it holds the stale marker: it is
// no value any evaluation can give, because selectors drop it and arithmetic quiets its NaN.
extension Double {
    static var absent: Double { StaleMarker.value }
    var isAbsent: Bool { isStaleMarker }
}

extension [Double] {
    /// Makes this a column of `count` absent values, reusing the memory.
    mutating func reset(_ count: Int) {
        removeAll(keepingCapacity: true)
        append(contentsOf: repeatElement(.absent, count: count))
    }

    var hasValues: Bool { contains { !$0.isAbsent } }
}

/// A series of an instant vector over the steps.
struct EvalSeries {
    var labels: Labels
    var column: [Double]
}
