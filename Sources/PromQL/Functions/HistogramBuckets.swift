// The arithmetic of classic histograms: Prometheus, querying/functions, "histogram_quantile".

/// The cumulative buckets of one histogram at one time.
struct HistogramBuckets {
    struct Bucket {
        var upperBound: Double
        var count: Double
    }

    private var buckets: [Bucket]
    /// Whether counts had to be raised to that of a lower bucket.
    private(set) var wasNotMonotonic = false

    /// nil when there is no bucket for +Inf, which holds the number of all observations.
    init?(_ unsorted: [Bucket]) {
        let sorted = unsorted.sorted { $0.upperBound < $1.upperBound }
        guard sorted.last?.upperBound == .infinity else { return nil }
        buckets = []
        for bucket in sorted {
            if let last = buckets.last, last.upperBound == bucket.upperBound {
                buckets[buckets.count - 1].count += bucket.count
            } else {
                buckets.append(bucket)
            }
        }
    }

    /// The value below which the part `phi` of the observations lies, linear inside a bucket.
    mutating func quantile(_ phi: Double) -> Double {
        if phi.isNaN { return .nan }
        if phi < 0 { return -.infinity }
        if phi > 1 { return .infinity }
        makeMonotonic()
        let last = buckets.count - 1
        guard last >= 1, buckets[last].count != 0 else { return .nan }
        let observations = buckets[last].count
        var rank = phi * observations
        var place = 0
        while place < last, !(buckets[place].count >= rank) { place += 1 }
        if place == last { return buckets[last - 1].upperBound }
        if place == 0, buckets[0].upperBound <= 0 { return buckets[0].upperBound }
        var start = 0.0
        var count = buckets[place].count
        if place > 0 {
            start = buckets[place - 1].upperBound
            count -= buckets[place - 1].count
            rank -= buckets[place - 1].count
        }
        return start + (buckets[place].upperBound - start) * (rank / count)
    }

    /// The part of the observations between `lower` and `upper`.
    func fraction(_ lower: Double, _ upper: Double) -> Double {
        let all = buckets[buckets.count - 1].count
        if all == 0 || lower.isNaN || upper.isNaN { return .nan }
        if lower >= upper { return 0 }
        return (rank(upper, all) - rank(lower, all)) / all
    }

    // How many observations are at most `bound`.
    private func rank(_ bound: Double, _ all: Double) -> Double {
        var below = 0.0
        for (index, bucket) in buckets.enumerated() {
            var start = index > 0 ? buckets[index - 1].upperBound : -.infinity
            if index == 0, bucket.upperBound > 0 { start = 0 }
            if start >= bound { return min(below, all) }
            if bucket.upperBound > bound {
                if start == -.infinity { return min(below, all) }
                if bucket.upperBound == .infinity { return min(below, all) }
                let part = (bound - start) / (bucket.upperBound - start)
                return min(below + (bucket.count - below) * part, all)
            }
            below = bucket.count
        }
        return all
    }

    // Rates of buckets that were scraped at different moments may fall a little.
    private mutating func makeMonotonic() {
        var previous = buckets[0].count
        for index in buckets.indices.dropFirst() {
            let count = buckets[index].count
            if count == previous { continue }
            if HistogramBuckets.almostEqual(previous, count) {
                buckets[index].count = previous
            } else if count < previous {
                buckets[index].count = previous
                wasNotMonotonic = true
            } else {
                previous = count
            }
        }
    }

    // Differences below this are rounding, not data: Prometheus's 1e-12.
    private static func almostEqual(_ one: Double, _ other: Double) -> Bool {
        let tolerance = 1e-12
        let sum = one.magnitude + other.magnitude
        let difference = (one - other).magnitude
        let least = Double.leastNormalMagnitude
        if one == 0 || other == 0 || sum < least { return difference < tolerance * least }
        return difference / min(sum, .greatestFiniteMagnitude) < tolerance
    }
}
