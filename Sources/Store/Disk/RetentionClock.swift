// What time it is for retention_time: a clock that is wrong must not cost data.
// Architecture section 5, "Clocks".

/// Says from when the age of segments counts, and rests after the clock made a large step.
struct RetentionClock {
    /// A step of the clock over this, in milliseconds, is not time that went by.
    static let largeStepMs: Int64 = 86_400_000
    /// How long nothing is deleted after such a step, in milliseconds.
    static let restMs: Int64 = 3_600_000

    private var seenMs: Int64
    private var restsUntilMs = Int64.min

    init(nowMs: Int64) {
        seenMs = nowMs
    }

    /// The earlier of the clock and the newest sample; nil while nothing is to be deleted.
    mutating func age(_ nowMs: Int64, newestSampleMs: Int64?) -> Int64? {
        let (step, overflow) = nowMs.subtractingReportingOverflow(seenMs)
        seenMs = nowMs
        if overflow || step.magnitude > UInt64(RetentionClock.largeStepMs) {
            let (until, isBeyondTime) = nowMs.addingReportingOverflow(RetentionClock.restMs)
            restsUntilMs = isBeyondTime ? .max : until
        }
        guard nowMs >= restsUntilMs, let newestSampleMs else { return nil }
        return min(nowMs, newestSampleMs)
    }
}
