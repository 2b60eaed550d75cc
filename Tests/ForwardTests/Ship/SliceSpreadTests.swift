import Model
import Store
import TestSupport
import Testing

@testable import Forward

@Suite("Slices in order of time") struct SliceSpreadTests {
    static func slice(_ times: [Int64]) -> FeedSlice {
        FeedSlice(
            from: FeedPosition(number: .zero),
            to: FeedPosition(number: SequenceNumber(start: 7, count: 1)),
            isLate: false,
            mayBeResend: false,
            series: times.indices.map { UInt64($0) },
            times: times,
            values: times.indices.map { Double($0) },
            table: FakeTable()
        )
    }

    @Test("times close to each other stay as they are, in one request")
    func narrow() {
        let slice = SliceSpreadTests.slice([600, 0, 300]).inTimeOrder(spreadMs: 600)
        #expect(slice.times == [600, 0, 300])
        #expect(SliceFacts(of: slice, spreadMs: 600).cuts.isEmpty)
    }

    @Test(
        "times far apart go in order, and in requests that reach over no more than allowed",
        arguments: [
            ([900, 0, 300, 901], [0, 300, 900, 901], [2], [1, 2, 0, 3]),
            ([5000, 4000, 5000], [4000, 5000, 5000], [1], [1, 0, 2]),
            ([.max, .min, 0], [.min, 0, .max], [1, 2], [1, 2, 0]),
        ] as [([Int64], [Int64], [Int], [Double])]
    )
    func wide(times: [Int64], ordered: [Int64], cuts: [Int], values: [Double]) {
        let slice = SliceSpreadTests.slice(times).inTimeOrder(spreadMs: 600)
        #expect(slice.times == ordered)
        #expect(slice.values == values)
        #expect(slice.series == values.map { UInt64($0) })
        let facts = SliceFacts(of: slice, spreadMs: 600)
        #expect(facts.cuts == cuts)
        #expect(facts.oldestMs == ordered.first)
        #expect(facts.newestMs == ordered.last)
    }

    @Test("each part of a slice with old and new times is a request, the old one first")
    func parts() {
        var driver = ShipStateTests.Driver()
        driver.slices = [(1, [1, 2, 3])]
        driver.cuts = [1]
        driver.tell(.started)
        #expect(driver.sent.map(\.part) == [0..<1])
        driver.answer(.rejected(code: 400))
        #expect(driver.sent.map(\.part) == [1..<3])
        driver.answer(.stored)
        #expect(driver.state.totals.acked == 2)
        #expect(driver.state.totals.rejected == [400: 1])
    }

    @Test("what lies behind a gap in time waits until all before it is answered")
    func gap() {
        var driver = ShipStateTests.Driver(inFlight: 4)
        driver.slices = [(1, [1]), (700, [2]), (701, [3])]
        driver.tell(.started)
        #expect(driver.sent.map(\.id) == [1])
        driver.answer(.stored)
        #expect(driver.sent.map(\.id) == [2, 3])
    }
}
