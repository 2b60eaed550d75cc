// What a range function is: one window of samples in, one number out.
import Model

/// One evaluation of a range function.
struct RangeStep {
    let index: Int
    /// The window is `(startMs, endMs]`.
    let startMs: Int64
    let endMs: Int64
    /// The time of the step itself; differs from `endMs` under `offset` and `@`.
    let timeMs: Int64
}

/// Computes the value of a window that is not empty; absent when it has none.
typealias RangeKernel = @Sendable (SampleColumns, Range<Int>, RangeStep) -> Double

/// Moves a window over the samples of a series, never back.
struct WindowCursor {
    private let window: RangeWindow
    private var low = 0
    private var high = 0

    init(_ window: RangeWindow) {
        self.window = window
    }

    /// The samples inside the window of step `index`.
    ///
    /// Steps are asked for in order.
    mutating func advance(to index: Int, _ samples: SampleColumns) -> Range<Int> {
        let end = window.times.time(index)
        let start = end.minus(window.rangeMs)
        while high < samples.count, samples.times[high] <= end { high += 1 }
        while low < high, samples.times[low] <= start { low += 1 }
        return low..<high
    }
}
