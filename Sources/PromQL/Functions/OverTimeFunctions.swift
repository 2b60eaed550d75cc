// Aggregations over the time of one series: avg_over_time and its kind.
import Model

enum OverTimeFunctions {
    /// The function of this name, nil when there is none.
    static func kernel(_ name: String) -> RangeKernel? {
        switch name {
        case "avg_over_time": average
        case "count_over_time": { _, window, _ in Double(window.count) }
        case "first_over_time": { samples, window, _ in samples.values[window.lowerBound] }
        case "last_over_time": { samples, window, _ in samples.values[window.upperBound - 1] }
        case "max_over_time":
            { samples, window, _ in samples.values[extreme(samples, window, isMax: true)] }
        case "min_over_time":
            { samples, window, _ in samples.values[extreme(samples, window, isMax: false)] }
        case "present_over_time": { _, _, _ in 1 }
        case "stddev_over_time":
            { samples, window, _ in variance(samples, window).squareRoot() }
        case "stdvar_over_time": { samples, window, _ in variance(samples, window) }
        case "sum_over_time": sum
        case "mad_over_time": medianDeviation
        case "ts_of_first_over_time":
            { samples, window, _ in Double(samples.times[window.lowerBound]) / 1000 }
        case "ts_of_last_over_time":
            { samples, window, _ in Double(samples.times[window.upperBound - 1]) / 1000 }
        case "ts_of_max_over_time":
            { samples, window, _ in
                Double(samples.times[lastExtreme(samples, window, isMax: true)]) / 1000
            }
        case "ts_of_min_over_time":
            { samples, window, _ in
                Double(samples.times[lastExtreme(samples, window, isMax: false)]) / 1000
            }
        default: nil
        }
    }

    /// quantile_over_time, with one φ a step.
    static func quantiles(_ phi: [Double]) -> RangeKernel {
        { samples, window, step in
            var values = Array(samples.values[window])
            return quantile(phi[step.index], &values)
        }
    }

    private static let average: RangeKernel = { samples, window, _ in
        var mean = RunningMean()
        for index in window { mean.add(samples.values[index]) }
        return mean.value
    }

    private static let sum: RangeKernel = { samples, window, _ in
        var sum = KahanSum()
        for index in window { sum.add(samples.values[index]) }
        return sum.value
    }

    private static func variance(_ samples: SampleColumns, _ window: Range<Int>) -> Double {
        var variance = RunningVariance()
        for index in window { variance.add(samples.values[index]) }
        return variance.variance
    }

    private static let medianDeviation: RangeKernel = { samples, window, _ in
        var values = Array(samples.values[window])
        let median = quantile(0.5, &values)
        for index in values.indices { values[index] = (values[index] - median).magnitude }
        return quantile(0.5, &values)
    }

    // Where the first greatest or least value is; NaN only when there is nothing else.
    private static func extreme(
        _ samples: SampleColumns,
        _ window: Range<Int>,
        isMax: Bool
    ) -> Int {
        var best = window.lowerBound
        var bestValue = samples.values[best]
        for index in window {
            let value = samples.values[index]
            if (isMax ? value > bestValue : value < bestValue) || bestValue.isNaN {
                best = index
                bestValue = value
            }
        }
        return best
    }

    // Likewise, but of equal values the last.
    private static func lastExtreme(
        _ samples: SampleColumns,
        _ window: Range<Int>,
        isMax: Bool
    ) -> Int {
        var best = window.lowerBound
        var bestValue = samples.values[best]
        for index in window {
            let value = samples.values[index]
            if (isMax ? value >= bestValue : value <= bestValue) || bestValue.isNaN {
                best = index
                bestValue = value
            }
        }
        return best
    }
}
