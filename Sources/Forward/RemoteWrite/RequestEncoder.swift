// What a shipper asks of the encoders of remote write 1.0 and 2.0.
public import Store

/// Makes the bodies of one destination's requests.
///
/// Takes a millisecond or two for a full request: not on the loop.
public protocol RequestEncoder: Sendable {
    /// The slice without the samples of series that `write_relabel_configs` leaves out; places in
    /// `body(of:part:)` are those of what this returns.
    func kept(of slice: FeedSlice) -> FeedSlice

    /// The compressed body with the samples `part` of a slice that `kept(of:)` returned.
    func body(of slice: FeedSlice, part: Range<Int>) -> [UInt8]
}

extension FeedSlice {
    /// The slice with only the samples for which `isKept` says so, between the same positions.
    func keeping(_ isKept: (Int) -> Bool) -> FeedSlice {
        var kept: [Int] = []
        kept.reserveCapacity(count)
        for index in 0..<count where isKept(index) { kept.append(index) }
        if kept.count == count { return self }
        return FeedSlice(
            from: from,
            to: to,
            isLate: isLate,
            mayBeResend: mayBeResend,
            series: kept.map { series[$0] },
            times: kept.map { times[$0] },
            values: kept.map { values[$0] },
            table: table
        )
    }
}
