// How long to wait before the next try.

/// Limits of one destination's shipping.
public struct ShipLimits: Sendable, Equatable {
    /// The most samples of a request.
    public var samplesPerSend = 2000
    /// The most requests under way.
    public var inFlight = 2
    /// The pause after the first failure.
    public var minBackoffNs: Int64 = 30_000_000
    /// The longest pause, but for `Retry-After`.
    public var maxBackoffNs: Int64 = 5_000_000_000
    /// The pause between probes of a parked destination, and between failed reads of the feed.
    public var probeNs: Int64 = 30_000_000_000
    /// How far apart the times in one request, and in requests under way together, may lie: receivers
    /// refuse what is an hour older than their newest sample, and 1.0 ones the whole request.
    public var spreadMs: Int64 = 600_000
    /// How much of the cursor's movement a power cut may cost.
    public var syncNs: Int64 = 10_000_000_000

    /// Makes the defaults.
    public init() {}

    /// The pause after `failures` failures in a row: doubling from the shortest to the longest,
    /// shortened by up to a sixth so that agents do not come back together.
    ///
    /// Never longer than `maxBackoffNs`; two successive pauses never shrink by more than a fifth,
    /// which the remote write compliance suite asks for.
    public func backoffNs(
        failures: Int,
        using random: inout some RandomNumberGenerator
    ) -> Int64 {
        let doublings = min(max(0, failures - 1), 40)
        let (grown, overflow) = minBackoffNs.multipliedReportingOverflow(by: 1 << doublings)
        let whole = overflow ? maxBackoffNs : min(grown, maxBackoffNs)
        return whole - Int64.random(in: 0...max(0, whole / 6), using: &random)
    }
}
