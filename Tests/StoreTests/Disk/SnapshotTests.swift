// A snapshot opens by itself, as another store with the same samples.
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Snapshot") struct SnapshotTests {
    private let store = SpineFixture()

    @Test("has segments and buffer of one moment, and goes its own way from there")
    func opens() throws {
        let series = store.series(3)
        let database = try store.open()
        let stream = database.openStream(.host)
        for time in 1...6 as ClosedRange<Int64> {
            _ = try store.append(database, stream, series, time: time * 10, [1, 2, Double(time)])
            if time % 2 == 0, time < 6 {
                database.rotate()
                database.sealPending()
            }
        }
        try database.snapshot(to: "/data/snapshots/one")
        _ = try store.append(database, stream, series, time: 70, [1, 2, 7])
        #expect(throws: StoreError.self) { try database.snapshot(to: "/data/snapshots/one") }

        var copy = store
        copy.options.basePath = "/data/snapshots/one"
        let other = try copy.open()
        #expect(other.storeID != database.storeID)
        #expect(other.statistics().quarantined == 0)
        #expect(other.statistics().segmentCount == 2)
        #expect(try copy.read(other)[series[2]]?.times == [10, 20, 30, 40, 50, 60])
        #expect(other.statistics().ledger.stored == 18)
        let ownStream = other.openStream(.host)
        _ = try copy.append(other, ownStream, series, time: 80, [1, 2, 8])
        try other.close()
        // Its own segment and ours, in one store.
        #expect(try copy.read(try copy.open())[series[2]]?.times == [10, 20, 30, 40, 50, 60, 80])
        #expect(try store.read(database)[series[2]]?.times == [10, 20, 30, 40, 50, 60, 70])
        try database.close()
        #expect(try store.read(try store.open())[series[2]]?.values.last == 7)
    }

    @Test("links count once in what the store takes")
    func usage() throws {
        let database = try store.open()
        let stream = database.openStream(.host)
        _ = try store.append(
            database,
            stream,
            store.series(200),
            time: 10,
            (0..<200).map(Double.init)
        )
        database.rotate()
        database.sealPending()
        let usage = DiskUsage(store.disk, base: "/data")
        let before = try usage.bytes()
        try database.snapshot(to: "/data/snapshots/one")
        let segment = try store.files("segments", suffix: ".gor")[0]
        let allocated = try store.disk.stat(segment).allocatedBytes
        let copied = try store.disk.list("/data/snapshots/one/buffer").reduce(Int64(0)) {
            sum,
            name in
            sum + (try store.disk.stat("/data/snapshots/one/buffer/\(name)").allocatedBytes)
        }
        #expect(allocated > 4096)
        #expect(try usage.bytes() == before + copied + 4096)
    }
}
