// When a target is scraped. Pure: clocks are read by the caller.

/// The ticks of one target: a place inside the interval that follows from its identity, so that
/// targets are spread evenly and keep their place over restarts (as Prometheus does).
struct Schedule {
    /// Timestamps this close to the tick are moved onto it: delta-of-delta is zero then.
    static let toleranceMs: Int64 = 2

    let intervalMs: Int64
    /// When the next scrape is due on the steady clock.
    private(set) var dueNs: Int64
    // The last sample's time, and the tick that it stands for on the wall clock.
    private var lastMs: Int64?
    private var gridMs: Int64?

    /// The first tick comes within one interval.
    init(identity: UInt64, intervalMs: Int64, wallMs: Int64, steadyNs: Int64) {
        self.intervalMs = max(1, intervalMs)
        let offset = Int64(identity % UInt64(self.intervalMs))
        let phase = ((wallMs % self.intervalMs) + self.intervalMs) % self.intervalMs
        let wait = (offset - phase + self.intervalMs) % self.intervalMs
        dueNs = steadyNs + wait * 1_000_000
    }

    /// The timestamp of the scrape that begins now, at or after `dueNs`.
    ///
    /// The tick itself when that is at most 2 ms ago, else the clock's time; never at or before the
    /// last one, unless the clock went back by more than an interval. Ticks stay exactly an interval
    /// apart while the wall clock keeps within 2 ms of them; it is followed where it does not.
    mutating func timestamp(wallMs: Int64, steadyNs: Int64) -> Int64 {
        let tickMs = wallMs - max(0, (steadyNs - dueNs) / 1_000_000)
        var grid = tickMs
        if let gridMs {
            let ticks = (Double(tickMs - gridMs) / Double(intervalMs)).rounded()
            let expected = gridMs + Int64(ticks) * intervalMs
            if abs(tickMs - expected) <= Schedule.toleranceMs { grid = expected }
        }
        gridMs = grid
        var time = abs(wallMs - grid) <= Schedule.toleranceMs ? grid : wallMs
        if let last = lastMs, time <= last, last - time <= intervalMs { time = last + 1 }
        lastMs = time
        return time
    }

    /// Moves on to the next tick that is still to come; ticks that were missed are left out.
    mutating func advance(steadyNs: Int64) {
        let stepNs = intervalMs * 1_000_000
        dueNs += stepNs
        if dueNs <= steadyNs { dueNs += ((steadyNs - dueNs) / stepNs + 1) * stepNs }
    }
}
