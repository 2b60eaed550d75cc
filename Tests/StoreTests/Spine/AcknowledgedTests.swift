// What was acknowledged stays, what was refused leaves nothing: failing writes and syncs, full disks.
import Model
import Platform
import Store
import Synchronization
import TestSupport
import Testing

@Suite("Acknowledged")
struct AcknowledgedTests {
    private let store = SpineFixture()

    @Test("a batch of which nothing was stored does not hide the batches behind it from recovery")
    func allDropped() throws {
        let series = store.series(1000)
        let values = series.indices.map(Double.init)
        do {
            let database = try store.open()
            let first = database.openStream(.push)
            _ = try store.append(database, first, series, time: 1, values)
            let second = database.openStream(.host)
            #expect(
                try store.append(database, second, series, time: 1, values)
                    == .stored(0, dropped: [DropCount(.duplicate, 1000)])
            )
            #expect(
                try store.append(database, second, series, time: 2, values)
                    == .stored(1000, dropped: [])
            )
        }
        let database = try store.open()
        #expect(try store.read(database)[series[7]]?.times == [1, 2])
        #expect(database.statistics().ledger.rows["host"]?.dropped == [.duplicate: 1000])
    }

    @Test("a store opened on a full disk keeps what it takes once there is room")
    func fullAtOpen() throws {
        let series = store.series(3)
        do {
            // Room for STORE, none for a buffer file.
            store.disk.fail(.open, path: ".gorb", with: .noSpace, times: 2)
            let database = try store.open()
            let stream = database.openStream(.host)
            #expect(
                try store.append(database, stream, series, time: 1, [1, 2, 3])
                    == .refused(.bufferUnavailable)
            )
            #expect(
                try store.append(database, stream, series, time: 2, [1, 2, 3])
                    == .stored(3, dropped: [])
            )
        }
        let read = try store.read(try store.open())
        #expect(read.count == 3)
        #expect(read[series[2]]?.times == [2])
    }

    @Test("a store is opened again though the disk is full, and serves what it has")
    func fullAtReopen() throws {
        let series = store.series(3)
        do {
            let database = try store.open()
            let stream = database.openStream(.host)
            _ = try store.append(database, stream, series, time: 1, [1, 2, 3])
        }
        let space = try store.disk.base.freeSpace("/data")
        let capacityBytes = store.disk.base.capacityBytes
        store.disk.base.capacityBytes = space.total - space.available
        do {
            let database = try store.open()
            #expect(try store.read(database)[series[0]]?.times == [1])
            let stream = database.openStream(.host)
            #expect(
                try store.append(database, stream, series, time: 2, [1, 2, 3])
                    == .refused(.bufferUnavailable)
            )
            store.disk.base.capacityBytes = capacityBytes
            #expect(
                try store.append(database, stream, series, time: 3, [1, 2, 3])
                    == .stored(3, dropped: [])
            )
        }
        #expect(try store.read(try store.open())[series[2]]?.times == [1, 3])
    }

    @Test("a disk that fills up and is freed again: refused batches are counted and nowhere")
    func fullLater() throws {
        let series = store.series(200)
        var stored: [Int64] = []
        var refused = 0
        do {
            let database = try store.open()
            let stream = database.openStream(.host)
            for step in 0..<60 {
                if step == 20 {
                    let space = try store.disk.base.freeSpace("/data")
                    store.disk.base.capacityBytes = space.total - space.available + 900
                }
                if step == 40 { store.disk.base.capacityBytes = 1 << 40 }
                let values = series.indices.map { Double($0 &* step) * 0.37 }
                switch try store.append(database, stream, series, time: Int64(step), values) {
                case .stored(200, _): stored.append(Int64(step))
                default: refused += 1
                }
            }
            #expect(refused >= 15 && stored.count + refused == 60)
            let row = database.statistics().ledger.rows["host"]
            #expect(row?.dropped == [.bufferUnavailable: refused * 200])
            #expect(try store.read(database)[series[3]]?.times == stored)
        }
        let read = try store.read(try store.open())
        #expect(read.values.allSatisfy { $0.times == stored })
        #expect(read.count == 200)
    }

    @Test("half a batch is never seen, late samples neither")
    func halfBatch() throws {
        let seen = Mutex<[[Int64]]>([])
        let opened = Mutex<Database?>(nil)
        let series = store.series(1)
        let files = WatchedFileSystem(store.disk) { [store] in
            guard let database = opened.withLock({ $0 }) else { return }
            let times = (try? store.read(database))?[series[0]]?.times ?? []
            seen.withLock { $0.append(times) }
        }
        let database = try store.open(files)
        opened.withLock { $0 = database }
        let stream = database.openStream(.push)
        _ = try store.append(database, stream, series, time: 10, [1])
        var batch = SampleBatch(stream: stream, time: Timestamp(ms: 0))
        batch.series = try database.handles(for: series + series).map { try $0.get() }
        batch.times = [5, 20]
        batch.values = [2, 3]
        #expect(database.append(batch) == .stored(2, dropped: []))
        #expect(seen.withLock { $0 } == [[], [10]])
        #expect(try store.read(database)[series[0]]?.times == [5, 10, 20])
        opened.withLock { $0 = nil }
    }

    @Test("fsync = always: a batch that makes a rotation due survives a power cut")
    func rotationBeforeSync() throws {
        var store = store
        store.options.sync = .always
        store.options.bufferMaxSize = 1
        let series = store.series(3)
        do {
            let database = try store.open()
            let stream = database.openStream(.host)
            #expect(
                try store.append(database, stream, series, time: 1, [1, 2, 3])
                    == .stored(3, dropped: [])
            )
            var random = SeededRandom(seed: 1)
            store.disk.powerCut(.dropAll, using: &random)
        }
        #expect(try store.read(try store.open())[series[1]]?.values == [2])
    }

    @Test(
        "after a failed fsync that file is not written again, though its next fsync would succeed"
    )
    func failedSync() throws {
        var store = store
        store.options.sync = .always
        let series = store.series(2)
        do {
            let database = try store.open()
            let stream = database.openStream(.host)
            let first = try store.files("buffer", suffix: ".gorb")
            // The sync of the file fails: what it holds is made durable as a segment at once. And
            // then no new file can be made for one batch.
            store.disk.fail(.sync, path: ".gorb", with: .inputOutput, times: 1)
            store.disk.fail(.open, path: ".gorb", with: .noSpace, times: 2)
            #expect(
                try store.append(database, stream, series, time: 1, [1, 1])
                    == .stored(2, dropped: [])
            )
            #expect(database.statistics().segmentCount == 1)
            #expect(
                try store.append(database, stream, series, time: 2, [2, 2])
                    == .refused(.bufferUnavailable)
            )
            #expect(
                try store.append(database, stream, series, time: 3, [3, 3])
                    == .stored(2, dropped: [])
            )
            // The lost file went as soon as there was another one.
            let files = try store.files("buffer", suffix: ".gorb")
            #expect(files.count == 1 && files != first)
            var random = SeededRandom(seed: 2)
            store.disk.powerCut(.dropAll, using: &random)
        }
        let times = try store.read(try store.open())[series[1]]?.times
        #expect(times == [1, 3])
    }

    @Test("bytes of a failed write that cannot be cut off never come back under a used number")
    func uncutWrite() throws {
        let series = store.series(2)
        do {
            let database = try store.open()
            let stream = database.openStream(.host)
            _ = try store.append(database, stream, series, time: 1, [1, 1])
            store.disk.fail(.write, path: ".gorb", with: .inputOutput, times: 1)
            store.disk.fail(.truncate, path: ".gorb", with: .inputOutput, times: 1)
            let before = database.end.number
            #expect(
                try store.append(database, stream, series, time: 2, [2, 2])
                    == .refused(.bufferUnavailable)
            )
            #expect(
                try store.append(database, stream, series, time: 3, [3, 3])
                    == .stored(2, dropped: [])
            )
            #expect(database.end.number.count == before.count + 2)
            #expect(try store.files("buffer", suffix: ".gorb").count == 2)
        }
        #expect(try store.read(try store.open())[series[1]]?.times == [1, 3])
    }

    @Test("labels of more than a megabyte are stated in several records")
    func largeDefinitions() throws {
        let filler = String(repeating: "x", count: 3000)
        let series = (0..<400).map {
            Labels([Label("__name__", "m"), Label("long", String($0) + filler)])
        }
        do {
            let database = try store.open()
            let stream = database.openStream(.host)
            let values = series.indices.map(Double.init)
            #expect(
                try store.append(database, stream, series, time: 1, values)
                    == .stored(400, dropped: [])
            )
        }
        let read = try store.read(try store.open())
        #expect(read.count == 400 && read[series[399]]?.values == [399])
    }

    @Test("after a close everything is sealed and nothing more is taken")
    func closed() throws {
        let series = store.series(2)
        let database = try store.open()
        let stream = database.openStream(.host)
        _ = try store.append(database, stream, series, time: 1, [1, 1])
        database.rotate()
        let batch = try store.batch(database, stream, series, time: 2, [2, 2])
        try database.close()
        #expect(database.statistics().segmentCount == 1)
        #expect(database.append(batch) == .refused(.bufferUnavailable))
        #expect(try store.read(database)[series[0]]?.times == [1])
        try database.close()
    }
}
