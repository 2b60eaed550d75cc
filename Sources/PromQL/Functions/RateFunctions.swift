// How fast a series changes: rate, increase, delta, irate, idelta, changes, resets.
import Model

enum RateFunctions {
    /// rate, increase and delta: the change inside the window, extrapolated towards its borders.
    ///
    /// Half a sample distance at most, and for counters never below zero, is assumed where the
    /// series begins or ends inside the window. Prometheus, querying/functions, "rate" and its
    /// `extrapolatedRate`.
    static func extrapolated(isCounter: Bool, perSecond: Bool) -> RangeKernel {
        { samples, window, step in
            guard window.count >= 2 else { return .absent }
            let first = window.lowerBound
            let last = window.upperBound - 1
            let firstValue = samples.values[first]
            var result = samples.values[last] - firstValue
            if isCounter {
                var previous = firstValue
                for index in window {
                    let value = samples.values[index]
                    if value < previous { result += previous }
                    previous = value
                }
            }
            let firstTime = samples.times[first]
            let lastTime = samples.times[last]
            var toStart = Double(firstTime.minus(step.startMs)) / 1000
            var toEnd = Double(step.endMs.minus(lastTime)) / 1000
            let sampled = Double(lastTime.minus(firstTime)) / 1000
            let distance = sampled / Double(window.count - 1)
            let threshold = distance * 1.1
            if toStart >= threshold { toStart = distance / 2 }
            if isCounter {
                var toZero = toStart
                if result > 0, firstValue >= 0 { toZero = sampled * (firstValue / result) }
                if toZero < toStart { toStart = toZero }
            }
            if toEnd >= threshold { toEnd = distance / 2 }
            var factor = (sampled + toStart + toEnd) / sampled
            if perSecond { factor /= Double(step.endMs.minus(step.startMs)) / 1000 }
            return result * factor
        }
    }

    /// irate and idelta: only the last two samples.
    static func instant(isRate: Bool) -> RangeKernel {
        { samples, window, _ in
            guard window.count >= 2 else { return .absent }
            let last = window.upperBound - 1
            let value = samples.values[last]
            let previous = samples.values[last - 1]
            let distanceMs = samples.times[last].minus(samples.times[last - 1])
            guard distanceMs != 0 else { return .absent }
            guard isRate else { return value - previous }
            // After a reset the counter began at zero.
            let change = value < previous ? value : value - previous
            return change / (Double(distanceMs) / 1000)
        }
    }

    static let changes: RangeKernel = { samples, window, _ in
        var count = 0.0
        var previous = samples.values[window.lowerBound]
        for index in window {
            let value = samples.values[index]
            if value != previous, !(value.isNaN && previous.isNaN) { count += 1 }
            previous = value
        }
        return count
    }

    static let resets: RangeKernel = { samples, window, _ in
        var count = 0.0
        var previous = samples.values[window.lowerBound]
        for index in window {
            let value = samples.values[index]
            if value < previous { count += 1 }
            previous = value
        }
        return count
    }
}
