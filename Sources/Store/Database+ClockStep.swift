// A clock that is set back: what comes afterwards is in order again. Architecture section 5, "Clocks".
internal import Model
internal import Platform

extension Database {
    /// A clock that goes back by more is believed at once; samples that a smaller step puts behind their
    /// series' last ones are late.
    static let smallStepBackMs: Int64 = 60_000

    /// Takes notice of the time before a batch is checked and when none comes.
    ///
    /// A large step back ends the epoch. What comes behind it is compared with nothing that came before:
    /// samples of the new, earlier times are in order, or they would be late until the old times come
    /// again. The closed epoch's segment says so to later starts; where there was nothing in it, the next
    /// one's does.
    func note(nowMs: Int64, _ writer: inout WriterState) {
        let lastMs = writer.latestMs
        writer.latestMs = max(lastMs, nowMs)
        guard Database.isLargeStepBack(from: lastMs, to: nowMs) else { return }
        writer.latestMs = nowMs
        writer.clockStep = writer.lastNumber
        // In any case with a part of its own, whose time tells a start of the step.
        if !rotate(&writer) { beginPart(&writer) }
        head.withLock { $0.forgetLastTimes() }
        log.warn(
            "the clock was set back, samples of earlier times are in order from now on",
            ("ms", "\(lastMs.subtractingReportingOverflow(nowMs).partialValue)"),
            ("after", "\(writer.clockStep)")
        )
    }

    /// Whether a clock that showed `lastMs` and shows `nowMs` was set back.
    static func isLargeStepBack(from lastMs: Int64, to nowMs: Int64) -> Bool {
        if nowMs >= lastMs { return false }
        let (step, isHuge) = lastMs.subtractingReportingOverflow(nowMs)
        return isHuge || step > smallStepBackMs
    }
}
