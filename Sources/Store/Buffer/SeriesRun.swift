// A stream's list of series, as runs of following numbers: a target's series are numbered at its
// first scrape, so that its list is one run.
import Codec

/// Following numbers of series.
struct SeriesRun: Equatable {
    var first: UInt32
    var count: UInt32

    /// The runs of a list.
    static func runs(of series: [UInt32]) -> [SeriesRun] {
        var runs: [SeriesRun] = []
        var index = 0
        while index < series.count {
            var end = index + 1
            while end < series.count, series[end] == series[end - 1] &+ 1 { end += 1 }
            runs.append(SeriesRun(first: series[index], count: UInt32(end - index)))
            index = end
        }
        return runs
    }

    /// How many series the runs name.
    static func count(_ runs: [SeriesRun]) -> Int { runs.reduce(0) { $0 + Int($1.count) } }

    /// Appends runs: how many series, then each run's distance from the end of the one before.
    static func append(_ runs: [SeriesRun], to bytes: inout [UInt8]) {
        Varint.append(UInt64(count(runs)), to: &bytes)
        var expected: Int64 = 0
        for run in runs {
            Varint.append(Varint.zigzag(Int64(run.first) - expected), to: &bytes)
            Varint.append(UInt64(run.count), to: &bytes)
            expected = Int64(run.first) + Int64(run.count)
        }
    }

    /// Reads runs of at most `limit` series together.
    static func read(
        _ cursor: inout ByteCursor,
        _ payload: Span<UInt8>,
        limit: Int
    ) throws(CodecError) -> [SeriesRun] {
        let count = try cursor.varint(payload)
        guard count <= UInt64(limit) else {
            throw .malformed(
                atByte: cursor.offset,
                what: "\(count) series in \(payload.count) bytes"
            )
        }
        var left = Int64(count)
        var runs: [SeriesRun] = []
        var expected: Int64 = 0
        while left > 0 {
            let first = expected &+ (try cursor.zigzag(payload))
            let length = try cursor.varint(payload)
            guard length >= 1, length <= UInt64(left), first >= 0,
                first <= Int64(UInt32.max) - Int64(length)
            else {
                throw .malformed(atByte: cursor.offset, what: "a run of \(length) from \(first)")
            }
            runs.append(SeriesRun(first: UInt32(first), count: UInt32(length)))
            left -= Int64(length)
            expected = first + Int64(length)
        }
        return runs
    }
}

/// Carries what is known of a stream's values over to a new list of its series.
struct LayoutChange {
    // The place in the old list by number of series; kept for the next use.
    private var places: [UInt32: Int] = [:]

    /// Orders `values` by the new list; series that are new there know nothing.
    mutating func carry(
        _ values: inout [ValueState],
        _ old: [SeriesRun],
        to new: [SeriesRun]
    ) {
        places.removeAll(keepingCapacity: places.capacity < 1 << 16)
        var place = 0
        for run in old {
            for number in run.first..<run.first + run.count {
                places[number] = place
                place += 1
            }
        }
        var carried: [ValueState] = []
        carried.reserveCapacity(SeriesRun.count(new))
        for run in new {
            for number in run.first..<run.first + run.count {
                carried.append(places[number].map { values[$0] } ?? ValueState())
            }
        }
        values = carried
    }
}
