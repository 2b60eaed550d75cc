// Which series stay in the head after a seal: those of every open stream's newest list.
import Model
import Testing

@testable import Store

@Suite("Series of streams")
struct StreamPinTests {
    private let store = SpineFixture()

    // Small lists are copied, large ones shared with the batch.
    @Test("a stream keeps the series of its newest list and no others", arguments: [1, 2, 32, 33])
    func newest(count: Int) throws {
        let database = try store.open()
        let stream = database.openStream(.push)
        let all = store.series(2 * count)
        let handles = try database.handles(for: all).map { try $0.get() }
        var batch = SampleBatch(stream: stream, time: Timestamp(ms: 1000))
        batch.values = [Double](repeating: 1, count: count)
        // Back to the first list, in a batch that is used again.
        for (time, first) in [(1000, 0), (2000, count), (3000, 0), (4000, 0)] as [(Int64, Int)] {
            batch.time = Timestamp(ms: time)
            batch.series = Array(handles[first..<first + count])
            #expect(database.append(batch) == .stored(count, dropped: []))
        }
        batch.series = []
        batch.values = []
        #expect(database.rotate())
        database.maintain()
        #expect(database.statistics().headSeries == count)
        batch.time = Timestamp(ms: 5000)
        batch.series = Array(handles[..<count])
        batch.values = [Double](repeating: 2, count: count)
        #expect(database.append(batch) == .stored(count, dropped: []))
        database.closeStream(stream)
        #expect(database.rotate())
        database.maintain()
        #expect(database.statistics().headSeries == 0)
        try database.close()
    }
}
