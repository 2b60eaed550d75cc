// Repeated measurements of one thing, and how they are printed.
import Glibc
import Platform

/// Seconds that `body` takes.
func seconds(_ body: () throws -> Void) rethrows -> Double {
    let clock = SystemClock()
    let start = clock.nowNs()
    try body()
    return Double(clock.nowNs() - start) / 1e9
}

/// Measurements of one figure: the median counts, the spread says how much to trust it.
struct Figures {
    private var values: [Double] = []

    /// Starts with measurements that are there already.
    init(_ values: [Double] = []) {
        self.values = values
    }

    /// Adds one measurement.
    mutating func add(_ value: Double) {
        values.append(value)
    }

    var isEmpty: Bool { values.isEmpty }
    var count: Int { values.count }
    var low: Double { values.min() ?? .nan }
    var high: Double { values.max() ?? .nan }

    /// Of an even count the mean of the two in the middle; NaN without measurements.
    var median: Double {
        guard !values.isEmpty else { return .nan }
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2)
            ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    /// For ratios over several data sets; NaN without measurements.
    var geometricMean: Double {
        exp(values.reduce(0) { $0 + log($1) } / Double(values.count))
    }

    /// Three digits after the point; more for numbers below 0.1.
    static func text(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e12 else { return "\(value)" }
        let digits = abs(value) < 0.1 && value != 0 ? 5 : 3
        let unit = digits == 5 ? 100_000 : 1000
        let whole = Int((abs(value) * Double(unit)).rounded())
        let rest = String(whole % unit)
        let zeros = String(repeating: "0", count: digits - rest.utf8.count)
        return "\(value < 0 ? "-" : "")\(whole / unit).\(zeros)\(rest)"
    }

    /// The text with blanks behind it up to a width.
    static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

/// How long single calls took, in nanoseconds.
struct Latencies {
    private var all: [Int64] = []
    private var isSorted = true

    /// Makes an empty set with room for `capacity` calls, so that measuring does not allocate.
    init(capacity: Int) {
        all.reserveCapacity(capacity)
    }

    var count: Int { all.count }

    /// Adds one call.
    mutating func add(_ nanoseconds: Int64) {
        all.append(nanoseconds)
        isSorted = false
    }

    /// Adds all calls of another set.
    mutating func add(contentsOf other: Latencies) {
        all.append(contentsOf: other.all)
        isSorted = false
    }

    /// The time that the fraction `rank` of all calls kept, in microseconds: 0.99 for p99.
    mutating func microseconds(_ rank: Double) -> Double {
        guard !all.isEmpty else { return .nan }
        if !isSorted {
            all.sort()
            isSorted = true
        }
        let place = Int((Double(all.count) * rank).rounded(.up)) - 1
        return Double(all[min(max(place, 0), all.count - 1)]) / 1000
    }
}

/// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators").
struct BenchRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
