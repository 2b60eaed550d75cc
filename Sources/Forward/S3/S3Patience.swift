// Trying again, for those who wait for one answer rather than ship for ever.

/// How often and how long a command tries.
public struct S3Patience: Sendable {
    /// How many times at most.
    public var tries: Int
    /// Waits so many nanoseconds.
    public var pause: @Sendable (Int64) async -> Void
    private var limits = ShipLimits()

    /// Makes it; pauses grow from a tenth of a second to five.
    public init(tries: Int, pause: @escaping @Sendable (Int64) async -> Void) {
        self.tries = tries
        self.pause = pause
        limits.minBackoffNs = 100_000_000
    }

    /// Does `body` until it works, or trying again would not help.
    ///
    /// - Returns: what `body` returns.
    /// - Throws: what the last try threw.
    func callAsFunction<R>(
        _ body: () async throws(S3Error) -> R
    ) async throws(S3Error) -> R {
        var failures = 0
        var random = SystemRandomNumberGenerator()
        while true {
            do throws(S3Error) { return try await body() } catch {
                failures += 1
                guard failures < tries, case .retry(let afterMs, _) = error.verdict else {
                    throw error
                }
                let grown = limits.backoffNs(failures: failures, using: &random)
                await pause(max(grown, (afterMs ?? 0) * 1_000_000))
            }
        }
    }
}
