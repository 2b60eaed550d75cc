// How many bytes a second may go to a destination: a token bucket that a request may overdraw.

/// Says how long each request has to wait, so that no more than the rate goes out over time.
///
/// A second's worth may go at once. A request that is larger than that goes when the bucket is full,
/// and those after it wait until it is paid for.
struct RateLimit: Sendable {
    private let bytesPerSecond: Int
    private var fullAtNs = Int64.min  // when the bucket would be full again

    /// 0 is no limit.
    init(bytesPerSecond: Int) {
        self.bytesPerSecond = bytesPerSecond
    }

    /// Takes so many bytes; how long to wait before they may go, in nanoseconds.
    mutating func take(_ byteCount: Int, at nowNs: Int64) -> Int64 {
        guard bytesPerSecond > 0, byteCount > 0 else { return 0 }
        let secondNs: Int64 = 1_000_000_000
        // A limit of a byte a second and a body of gigabytes still fit: 2^33 x 10^9 < 2^63.
        let costNs = Int64(min(byteCount, 1 << 33)) * secondNs / Int64(bytesPerSecond)
        let fullAt = max(fullAtNs, nowNs) + costNs
        fullAtNs = fullAt
        // What is taken must have been in the bucket, of which one second's worth is the whole.
        return max(0, fullAt - max(secondNs, costNs) - nowNs)
    }
}
