// What a shipper asks of the encoders of remote write 1.0 and 2.0.
internal import Store

/// Makes the bodies of one destination's requests.
///
/// Takes a millisecond or two for a full request: not on the loop.
protocol RequestEncoder: Sendable {
    /// A slice as a request; nil when the labels of one of its series are no longer known.
    ///
    /// With `leavingOutUnknown` such a series is left out instead. So is, always, what
    /// `write_relabel_configs` drops.
    func encode(_ slice: FeedSlice, leavingOutUnknown: Bool) -> EncodedSlice?
}

/// What of a slice is sent, and how.
struct EncodedSlice: Sendable {
    /// The slice with only the samples that are in the body.
    let slice: FeedSlice
    /// One TimeSeries for each of its samples.
    let body: WriteBody
}

extension FeedSlice {
    /// The slice without the samples at `places`, which ascend, between the same positions.
    func without(_ places: [Int]) -> FeedSlice {
        if places.isEmpty { return self }
        var left = places[...]
        let kept = (0..<count).filter { index in
            guard left.first == index else { return true }
            left.removeFirst()
            return false
        }
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
