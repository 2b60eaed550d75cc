// A thread waits, others ring: for workers with a period.

/// Wakes one waiting thread; a ring before the wait is not lost.
public final class Bell: Sendable {
    private let hasRung = Monitor(false)

    public init() {}

    /// Wakes the waiting thread, or lets its next wait return at once.
    public func ring() {
        hasRung.update { $0 = true }
    }

    /// Waits for a ring, at most `ms` milliseconds of the steady clock.
    ///
    /// - Returns: whether it rang.
    @discardableResult
    public func wait(ms: Int64) -> Bool {
        let rang = hasRung.waitFor(ms: ms) { hasRung -> Bool? in
            guard hasRung else { return nil }
            hasRung = false
            return true
        }
        return rang ?? false
    }
}
