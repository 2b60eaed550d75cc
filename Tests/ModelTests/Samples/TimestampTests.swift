// Time that stays inside its range, and the marker that no arithmetic may touch.

import Model
import Testing

@Suite("Samples and times") struct TimestampTests {
    @Test("moving and measuring stop at the ends")
    func saturation() {
        #expect(Timestamp.max.advanced(byMs: 1) == .max)
        #expect(Timestamp.min.advanced(byMs: -1) == .min)
        #expect(Timestamp(ms: 5).advanced(byMs: -7) == Timestamp(ms: -2))
        #expect(Timestamp.max.ms(since: .min) == .max)
        #expect(Timestamp.min.ms(since: .max) == .min)
        #expect(Timestamp(ms: 1500).seconds == 1.5)
    }

    @Test("a range includes both ends")
    func ranges() {
        let range = TimeRange(Timestamp(ms: 10), Timestamp(ms: 20))
        #expect(range.contains(Timestamp(ms: 10)) && range.contains(Timestamp(ms: 20)))
        #expect(!range.contains(Timestamp(ms: 21)))
        #expect(range.overlaps(TimeRange(Timestamp(ms: 20), Timestamp(ms: 30))))
        #expect(!range.overlaps(TimeRange(Timestamp(ms: 21), Timestamp(ms: 30))))
        #expect(TimeRange.all.contains(.min) && TimeRange.all.contains(.max))
    }

    @Test("only the marker's own bits are the marker")
    func marker() {
        #expect(StaleMarker.value.isStaleMarker)
        #expect(!Double.nan.isStaleMarker)
        #expect(!Double.signalingNaN.isStaleMarker)
    }
}
