// Recovery of what is not in order: gaps between segments, strays, damaged indexes, many small files.
import Model
import Platform
import Store
import TestSupport
import Testing

@Suite("Recovery")
struct RecoveryTests {
    private let store = SpineFixture()

    // One batch an epoch, all sealed, with a destination far behind so that all buffers stay.
    private func fill(_ database: Database, _ series: [Labels], epochs: Int64) throws {
        database.pin("far behind", at: FeedPosition(number: .zero))
        database.pin("in the first", at: FeedPosition(number: database.end.number))
        let stream = database.openStream(.host)
        for epoch in 1...epochs {
            database.pin("\(epoch)", at: database.end)
            _ = try store.append(database, stream, series, time: epoch * 10, [Double(epoch), 1])
            database.rotate()
            database.sealPending()
        }
    }

    @Test("two gaps heal from the buffer, also when the second one is sealed only after a crash")
    func gaps() throws {
        let series = store.series(2)
        try fill(try store.open(), series, epochs: 5)
        let segments = try store.files("segments", suffix: ".gor")
        #expect(segments.count == 5)
        #expect(try store.files("buffer", suffix: ".gorb").count >= 5)
        for damaged in [segments[0], segments[2]] {
            try store.disk.base.damage(damaged, at: 3, [0])
        }
        do {
            let database = try store.open()
            #expect(database.recovery.replayedBatches == 2)
            #expect(try store.read(database)[series[0]]?.times == [10, 20, 30, 40, 50])
            // The first gap's segment is written, the second one's is not; then a kill.
            store.disk.fail(.rename, path: "segments", with: .noSpace, skip: 1)
            database.sealPending()
            #expect(database.statistics().sealFailures == 1)
            store.disk.heal()
        }
        do {
            let database = try store.open()
            #expect(try store.read(database)[series[0]]?.times == [10, 20, 30, 40, 50])
            database.sealPending()
            #expect(database.statistics().segmentCount == 5)
        }
        let database = try store.open()
        #expect(try store.read(database)[series[0]]?.times == [10, 20, 30, 40, 50])
        #expect(database.statistics().ledger.rows["host"]?.stored == 10)
    }

    @Test(
        "files that the disk does not give are no reason not to start",
        arguments: [("segments", FileOperation.map), ("buffer", .read)]
    )
    func unreadable(_ place: (directory: String, operation: FileOperation)) throws {
        let series = store.series(2)
        do {
            let database = try store.open()
            let stream = database.openStream(.host)
            for time in 1...6 as ClosedRange<Int64> {
                _ = try store.append(database, stream, series, time: time * 10, [Double(time), 1])
                if time % 2 == 0 { database.rotate() }
                if time % 4 == 0 { database.sealPending() }
            }
        }
        store.disk.fail(
            place.operation,
            path: place.directory,
            with: .inputOutput,
            skip: 1,
            times: 1
        )
        let database = try store.open()
        // The newest segment heals from the buffer; of an unreadable buffer the rest is there.
        let times = try store.read(database)[series[0]]?.times ?? []
        #expect(Set([10, 20, 30, 40]).isSubset(of: Set(times)))
        #expect(times == times.sorted())
        let stream = database.openStream(.host)
        let outcome = try store.append(database, stream, series, time: 100, [7, 8])
        #expect(outcome == .stored(2, dropped: []))
    }

    @Test("a STORE file of any size and content is moved aside, and the data stay")
    func foreignIdentity() throws {
        let series = store.series(2)
        try fill(try store.open(), series, epochs: 2)
        let id = try store.open().storeID
        for count in [0, 39, 40, 4_097, 1 << 20] {
            let file = try store.disk.base.open("/data/STORE", .replace)
            try file.append([UInt8](repeating: 0xa5, count: count).span)
            try file.close()
            let database = try store.open()
            #expect(database.storeID == id && database.recovery.quarantined == 1)
            #expect(try store.read(database)[series[0]]?.times == [10, 20])
        }
    }

    @Test("files of another store are moved aside: their ranges would hide batches")
    func strays() throws {
        let series = store.series(2)
        let other = SpineFixture()
        try fill(try other.open(), series, epochs: 2)
        do {
            let database = try store.open()
            let stream = database.openStream(.host)
            _ = try store.append(database, stream, series, time: 7, [7, 7])
        }
        for directory in ["buffer", "segments"] {
            for path in try other.files(directory, suffix: "") {
                let bytes = try other.disk.readAll(path, limit: 1 << 20)
                // The two stores began in the same second, so that some names are the same.
                let target = path.replacing("/\(directory)/", with: "/\(directory)/stray-")
                let file = try store.disk.open(target, .replace)
                try file.write(bytes.span, at: 0)
            }
        }
        let database = try store.open()
        #expect(try store.read(database)[series[0]]?.times == [7])
        #expect(database.statistics().quarantined >= 3)
    }

    @Test("a segment whose index is damaged costs its own samples, until a start replays them")
    func damagedIndex() throws {
        let series = store.series(2)
        let database = try store.open()
        try fill(database, series, epochs: 3)
        let path = try store.files("segments", suffix: ".gor")[1]
        // Behind the opening checks: the index stands in front of the footer.
        let size = try store.disk.stat(path).size
        let bytes = try store.disk.readAll(path, limit: 1 << 20)
        var place = 0
        for candidate in stride(from: Int(size) - 1, to: 0, by: -1) {
            try store.disk.base.damage(path, at: candidate, [bytes[candidate] ^ 1])
            let isOpened = (try? SegmentReader(store.disk, path: path)) != nil
            let isChecked =
                (try? SegmentReader(store.disk, path: path).seriesIndex(
                    of: SeriesID(high: 0, low: 0)
                ))
                != nil
            if isOpened, !isChecked {
                place = candidate
                break
            }
            try store.disk.base.damage(path, at: candidate, [bytes[candidate]])
        }
        #expect(place > 0)
        let again = try store.open()
        #expect(try store.read(again)[series[0]]?.times == [10, 30])
        #expect(try store.read(again)[series[0]]?.times == [10, 30])
        #expect(again.statistics().damagedReads == 1)
        #expect(again.statistics().quarantined == 1)
        #expect(try store.read(try store.open())[series[0]]?.times == [10, 20, 30])
    }

    @Test("the buffer's limit counts all files of the epoch, whatever start they are of")
    func manyFiles() throws {
        var store = store
        store.options.bufferMaxSize = 20_000
        let series = store.series(100)
        var random = SeededRandom(seed: 4)
        var rotations = 0
        for start in 0..<8 {
            let database = try store.open()
            let stream = database.openStream(.host)
            for step in 0..<4 {
                let values = series.map { _ in Double(bitPattern: random.next() >> 2) }
                _ = try store.append(
                    database,
                    stream,
                    series,
                    time: Int64(start * 10 + step),
                    values
                )
            }
            rotations += database.statistics().rotations
        }
        #expect(rotations >= 1)
        let read = try store.read(try store.open())
        #expect(read[series[5]]?.times.count == 32)
    }

    @Test("a buffer file that a start made and never wrote to is nothing to report")
    func emptyFile() throws {
        _ = try store.open()
        _ = try store.disk.open("/data/buffer/00000001-0000000000000000.gorb", .create)
        #expect(try store.open().statistics().quarantined == 0)
    }
}
