// How long to wait after failure number n: doubling, capped, with full jitter, so that a thousand
// agents that lost one server do not come back in step. (AWS Architecture Blog, "Exponential Backoff
// And Jitter": full jitter needs the fewest calls.)

/// The waits of one retried thing.
///
/// Pure: chance comes from the caller.
public struct Backoff: Sendable, Equatable {
    public let firstMs: Int64
    public let capMs: Int64
    /// Failures since the last success.
    public private(set) var failures = 0

    /// - Parameters:
    ///   - firstMs: the longest first wait, at least 1.
    ///   - capMs: the longest wait of all, at least `firstMs`.
    public init(firstMs: Int64, capMs: Int64) {
        precondition(firstMs >= 1 && capMs >= firstMs, "BUG: backoff of \(firstMs) to \(capMs) ms")
        self.firstMs = firstMs
        self.capMs = capMs
    }

    /// The longest wait that the next failure can bring.
    public var ceilingMs: Int64 {
        var ceiling = firstMs
        for _ in 0..<min(failures, 62) {
            if ceiling > capMs / 2 { return capMs }
            ceiling *= 2
        }
        return min(ceiling, capMs)
    }

    /// Notes a failure.
    ///
    /// - Returns: 1 to `ceilingMs` milliseconds, evenly spread.
    public mutating func nextMs(using random: inout some RandomNumberGenerator) -> Int64 {
        let wait = Int64.random(in: 1...ceilingMs, using: &random)
        failures += 1
        return wait
    }

    /// Notes a success.
    public mutating func reset() {
        failures = 0
    }
}
