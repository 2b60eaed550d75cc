// Sums, means and variances that keep their precision, as Prometheus computes them.

/// A sum that carries its rounding error along (Kahan's, with Neumaier's improvement).
struct KahanSum {
    var sum: Double
    var error: Double = 0

    init(_ sum: Double = 0, error: Double = 0) {
        self.sum = sum
        self.error = error
    }

    mutating func add(_ value: Double) {
        let total = sum + value
        if total.isInfinite {
            error = 0
        } else if sum.magnitude >= value.magnitude {
            error += (sum - total) + value
        } else {
            error += (value - total) + sum
        }
        sum = total
    }

    /// The sum with its error settled.
    var value: Double { sum.isInfinite ? sum : sum + error }
}

/// A mean that falls back to the incremental way when the sum would overflow.
struct RunningMean {
    private(set) var count: Double = 0
    private var total = KahanSum()
    private var isIncremental = false

    mutating func add(_ value: Double) {
        count += 1
        if !isIncremental {
            var next = total
            next.add(value)
            if !next.sum.isInfinite || total.sum.isInfinite || count == 1 {
                total = next
                return
            }
            isIncremental = true
            total = KahanSum(total.sum / (count - 1), error: total.error / (count - 1))
        }
        let weight = (count - 1) / count
        var next = KahanSum(weight * total.sum, error: weight * total.error)
        next.add(value / count)
        total = next
    }

    var value: Double {
        if isIncremental { return total.sum + total.error }
        return total.sum / count + total.error / count
    }
}

/// Mean and squared distance from it, in one pass (Welford), with compensated sums.
struct RunningVariance {
    private(set) var count: Double = 0
    private var mean = KahanSum()
    private var squares = KahanSum()

    mutating func add(_ value: Double) {
        count += 1
        let delta = value - (mean.sum + mean.error)
        mean.add(delta / count)
        squares.add(delta * (value - (mean.sum + mean.error)))
    }

    /// The population variance.
    var variance: Double { (squares.sum + squares.error) / count }
}

/// The φ-quantile of `values`, which are sorted in place: NaN first, as in Prometheus.
func quantile(_ phi: Double, _ values: inout [Double]) -> Double {
    if values.isEmpty || phi.isNaN { return .nan }
    if phi < 0 { return -.infinity }
    if phi > 1 { return .infinity }
    values.sort { $0 < $1 || ($0.isNaN && !$1.isNaN) }
    let last = Double(values.count - 1)
    let rank = phi * last
    let lower = max(0, rank.rounded(.down))
    let upper = min(last, lower + 1)
    let weight = rank - rank.rounded(.down)
    return values[Int(lower)] * (1 - weight) + values[Int(upper)] * weight
}
