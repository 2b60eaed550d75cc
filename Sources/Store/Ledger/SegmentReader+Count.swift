// How many samples of a segment lie before a place in it.
import Model

extension SegmentReader {
    /// Samples in the feed's order behind a place inside of the segment; with its time, or, without
    /// one, all.
    ///
    /// Decodes the chunks that reach over the place.
    /// - Throws: `SegmentError` when one cannot be read.
    func count(behind place: FeedPosition) throws(SegmentError) -> Int {
        guard let time = place.time else { return summary.sampleCount }
        var count = 0
        var samples = SampleColumns()
        for series in 0..<seriesCount {
            for chunk in try chunks(of: series) {
                if chunk.isLate, !place.isAmongLate { continue }
                if place.isAmongLate && !chunk.isLate || chunk.end.ms < time {
                    count += Int(try header(of: chunk).pointCount)
                } else if chunk.start.ms < time {
                    samples.removeAll()
                    try decode(chunk, into: &samples)
                    count += samples.times.count { $0 < time }
                }
            }
        }
        let passed = count + Int(place.offset & ~FeedPosition.lateBit)
        return max(0, summary.sampleCount - passed)
    }
}
