// Repeated measurements of one thing, and how they are printed.
import Model
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

    mutating func add(_ value: Double) {
        values.append(value)
    }

    /// Prints the median with the lowest and the highest.
    func print(_ name: String, _ unit: String, scale: Double = 1) {
        let sorted = values.sorted().map { $0 * scale }
        guard let low = sorted.first, let high = sorted.last else { return }
        let median = sorted[sorted.count / 2]
        Swift.print(
            "\(Figures.pad(name, 52)) \(Figures.text(median)) \(unit)  "
                + "[\(Figures.text(low)) to \(Figures.text(high)), \(sorted.count) runs]"
        )
    }

    /// Three digits after the point.
    static func text(_ value: Double) -> String {
        let thousandths = Int((value * 1000).rounded())
        let rest = String(thousandths.magnitude % 1000)
        let zeros = String(repeating: "0", count: 3 - rest.count)
        return "\(thousandths / 1000).\(zeros)\(rest)"
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.utf8.count))
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
