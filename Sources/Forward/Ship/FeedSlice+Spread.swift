// Backlog and fresh data never share a request: how far apart the times in one may lie.
public import Store

extension FeedSlice {
    /// The slice with its samples in order of time, where these lie further apart than `spreadMs`.
    ///
    /// No series comes twice in a slice, so any order keeps that of every series; the same slice always
    /// comes to the same order, which a repetition after a restart relies on.
    public func inTimeOrder(spreadMs: Int64) -> FeedSlice {
        guard let oldest = times.min(), let newest = times.max(),
            FeedSlice.isWider(oldest, newest, than: spreadMs)
        else { return self }
        let order = times.indices.sorted { (times[$0], $0) < (times[$1], $1) }
        return FeedSlice(
            from: from,
            to: to,
            isLate: isLate,
            mayBeResend: mayBeResend,
            series: order.map { series[$0] },
            times: order.map { times[$0] },
            values: order.map { values[$0] },
            table: table
        )
    }

    /// Where a new request has to begin, so that none reaches over more than `spreadMs`.
    ///
    /// The slice must be one that `inTimeOrder` gave.
    func cuts(spreadMs: Int64) -> [Int] {
        guard let oldest = times.min(), let newest = times.max(),
            FeedSlice.isWider(oldest, newest, than: spreadMs)
        else { return [] }
        var cuts: [Int] = []
        var first = times[0]
        for (index, time) in times.enumerated() where FeedSlice.isWider(first, time, than: spreadMs)
        {
            cuts.append(index)
            first = time
        }
        return cuts
    }

    // Times may be anything a pusher sends.
    static func isWider(_ oldest: Int64, _ newest: Int64, than spreadMs: Int64) -> Bool {
        let (spread, overflow) = newest.subtractingReportingOverflow(oldest)
        return overflow || spread > spreadMs
    }
}
