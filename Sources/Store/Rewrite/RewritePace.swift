// The speed of a rewrite: so many chunks an interval, so many bytes a second.

/// Spends what a rewrite may read and write, and waits where that is used up.
struct RewritePace {
    /// Waits so many milliseconds; true when the rewrite is to stop.
    let wait: @Sendable (Int64) -> Bool
    private let options: RewriteOptions
    private let isPaced: Bool
    private var chunks = 0
    private var bytes: Int64 = 0
    // Bytes between two rests.
    private static let stepBytes: Int64 = 1 << 20

    /// The pace that `options` set.
    init(_ options: RewriteOptions, wait: @escaping @Sendable (Int64) -> Bool) {
        self.options = options
        self.wait = wait
        isPaced = true
    }

    /// As fast as it goes.
    init() {
        options = RewriteOptions()
        wait = { _ in false }
        isPaced = false
    }

    /// Counts work that was done.
    ///
    /// - Returns: false when the rewrite is to stop.
    mutating func spend(chunks count: Int, bytes more: Int64) -> Bool {
        guard isPaced else { return true }
        chunks += count
        bytes += more
        if chunks >= options.chunksPerScan {
            chunks = 0
            bytes = 0
            return !wait(options.scanIntervalMs)
        }
        if bytes >= RewritePace.stepBytes {
            let restMs = bytes * 1000 / max(1, options.bytesPerSecond)
            bytes = 0
            return !wait(restMs)
        }
        return !wait(0)
    }
}
