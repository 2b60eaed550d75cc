// What of an import the store has already, sealed or not.
import Model
import Platform
import Store
import TestSupport
import Testing

@Suite("Known samples") struct KnownSamplesTests {
    private typealias Series = (labels: Labels, samples: SampleColumns)

    private func columns(_ samples: [(Int64, Double)]) -> SampleColumns {
        var columns = SampleColumns()
        for (time, value) in samples { columns.append(time, value) }
        return columns
    }

    private func filled(_ fixture: StoreFixture) throws -> Database {
        let database = try fixture.open()
        let stream = database.openStream(.push)
        let series = ["one", "two", "three"].map { fixture.labels("m", $0) }
        _ = try fixture.append(database, stream, series, time: 1000, values: [1, 2, 3])
        database.rotate()
        database.sealPending()
        _ = try fixture.append(database, stream, series, time: 2000, values: [4, 5, .nan])
        return database
    }

    @Test("sealed and open samples are taken out, others stay", arguments: [1, 3])
    func takesOut(count: Int) throws {
        let fixture = try StoreFixture()
        let database = try filled(fixture)
        var series: [Series] = ["one", "two", "three"].prefix(count).map { instance in
            (
                fixture.labels("m", instance),
                columns([(500, 9), (1000, 1), (1500, 9), (2000, 4), (2500, 9)])
            )
        }
        let known = try database.takeOutKnown(&series)
        #expect(known.duplicates == 2)
        #expect(known.conflicts == (count - 1) * 2)
        #expect(series.map(\.samples.times) == Array(repeating: [500, 1500, 2500], count: count))
        #expect(series[0].samples.values == [9, 9, 9])
    }

    @Test("NaN is known by its bits")
    func nan() throws {
        let fixture = try StoreFixture()
        let database = try filled(fixture)
        let labels = fixture.labels("m", "three")
        var same: [Series] = [(labels, columns([(2000, .nan)]))]
        #expect(try database.takeOutKnown(&same).duplicates == 1)
        #expect(same.isEmpty)
        var other: [Series] = [(labels, columns([(2000, StaleMarker.value)]))]
        #expect(try database.takeOutKnown(&other).conflicts == 1)
        #expect(other.isEmpty)
    }

    @Test("what comes out of order and twice is sorted, and the first of a time stays")
    func unsorted() throws {
        let fixture = try StoreFixture()
        let database = try filled(fixture)
        var series: [Series] = [
            (fixture.labels("new", "x"), columns([(30, 3), (10, 1), (30, 3), (10, 2), (20, 2)]))
        ]
        let known = try database.takeOutKnown(&series)
        #expect(known.duplicates == 1)
        #expect(known.conflicts == 1)
        #expect(series[0].samples.times == [10, 20, 30])
        #expect(series[0].samples.values == [1, 2, 3])
    }

    @Test("a series whose labels are only a part of another's is not mistaken for it")
    func part() throws {
        let fixture = try StoreFixture()
        let database = try filled(fixture)
        var series: [Series] = [(Labels([Label("__name__", "m")]), columns([(1000, 1)]))]
        #expect(try database.takeOutKnown(&series) == KnownSamples())
        #expect(series.count == 1)
    }
}
