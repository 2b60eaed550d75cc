// Where a series is going: deriv, predict_linear, double_exponential_smoothing.
import Model

enum RegressionFunctions {
    static let derivative: RangeKernel = { samples, window, _ in
        guard window.count >= 2 else { return .absent }
        return line(samples, window, from: samples.times[window.lowerBound]).slope
    }

    /// The value so many seconds after the time of the step.
    static func prediction(_ seconds: [Double]) -> RangeKernel {
        { samples, window, step in
            guard window.count >= 2 else { return .absent }
            let (slope, intercept) = line(samples, window, from: step.timeMs)
            return slope * seconds[step.index] + intercept
        }
    }

    // Least squares; x counts seconds from `origin`, so that it stays small.
    private static func line(
        _ samples: SampleColumns,
        _ window: Range<Int>,
        from origin: Int64
    ) -> (slope: Double, intercept: Double) {
        var sumX = KahanSum()
        var sumY = KahanSum()
        var sumXY = KahanSum()
        var sumXX = KahanSum()
        let firstValue = samples.values[window.lowerBound]
        var isConstant = true
        for index in window {
            let y = samples.values[index]
            if y != firstValue { isConstant = false }
            let x = Double(samples.times[index].minus(origin)) / 1000
            sumX.add(x)
            sumY.add(y)
            sumXY.add(x * y)
            sumXX.add(x * x)
        }
        if isConstant { return firstValue.isInfinite ? (.nan, .nan) : (0, firstValue) }
        let count = Double(window.count)
        let (x, y) = (sumX.sum + sumX.error, sumY.sum + sumY.error)
        let covariance = sumXY.sum + sumXY.error - x * y / count
        let variance = sumXX.sum + sumXX.error - x * x / count
        let slope = covariance / variance
        return (slope, y / count - slope * x / count)
    }

    /// Holt's double exponential smoothing; both factors lie between 0 and 1.
    static func smoothed(_ smoothing: [Double], _ trend: [Double]) -> RangeKernel {
        { samples, window, step in
            guard window.count >= 2 else { return .absent }
            let smoothing = smoothing[step.index]
            let trend = trend[step.index]
            let first = window.lowerBound
            var before = 0.0
            var level = samples.values[first]
            var slope = samples.values[first + 1] - samples.values[first]
            for index in first + 1..<window.upperBound {
                if index > first + 1 {
                    slope = trend * (level - before) + (1 - trend) * slope
                }
                let next =
                    smoothing * samples.values[index] + (1 - smoothing) * (level + slope)
                before = level
                level = next
            }
            return level
        }
    }
}
