// Files that are there and cannot be opened, and what is no file at all: which of them a start gets
// over, and what it says.
import Model
import Platform
import Store
import TestSupport
import Testing

@Suite("Unreadable files")
struct UnreadableTests {
    private let store = SpineFixture()
    private let log = LogLines()

    // Four epochs of which three are sealed, and a destination that stands at the first.
    private func fill() throws -> [Labels] {
        let series = store.series(2)
        let database = try store.open()
        let stream = database.openStream(.host)
        for epoch: Int64 in 1...4 {
            _ = try store.append(database, stream, series, time: epoch * 10, [Double(epoch), 1])
            if epoch == 4 { break }
            database.rotate()
            database.sealPending()
        }
        return series
    }

    private func open() throws(StoreError) -> Database {
        try Database(
            store.options,
            fileSystem: store.disk,
            wallClock: store.clock,
            log: Logger(clock: store.clock, sink: log)
        )
    }

    private func times(_ database: Database, _ series: [Labels]) throws -> [Int64]? {
        let read = try store.read(database)
        #expect(read[series[0]]?.times == read[series[1]]?.times)
        return read[series[0]]?.times
    }

    // Times as a destination gets them.
    private func follow(_ database: Database) throws -> [Int64] {
        var place = FeedPosition(number: .zero)
        var times: [Int64] = []
        while let slice = try database.next(after: place, limit: 100) {
            times += Set(slice.times).sorted()
            place = slice.to
        }
        return times
    }

    @Test(
        "a segment that may not be opened stays where it is; the rest is served, sent and taken",
        arguments: 0..<3
    )
    func segment(place: Int) throws {
        let series = try fill()
        let path = try store.files("segments", suffix: ".gor")[place]
        let bytes = try store.disk.readAll(path, limit: 1 << 20)
        store.disk.fail(.map, path: path, with: .permissionDenied)
        let whole: [Int64] = [10, 20, 30, 40]
        let rest = whole.filter { $0 != Int64(place + 1) * 10 }
        do {
            let database = try open()
            #expect(database.recovery.unreadableSegments == 1)
            #expect(database.recovery.quarantined == 0)
            #expect(try times(database, series) == rest)
            // Those that the buffer still has are sent.
            #expect(try follow(database) == (place == 2 ? whole : rest))
            let line = try #require(log.all.first)
            #expect(
                line.hasSuffix(
                    " level=error msg=\"a segment cannot be opened, it is left and not used\" "
                        + "path=\(path) cause=\"Permission denied (errno 13)\" next=\"let this user "
                        + "read it and start again: till then its samples are missing\""
                ),
                "\(line)"
            )
            // What is sealed and merged meanwhile leaves its range alone.
            let stream = database.openStream(.host)
            let outcome = try store.append(database, stream, series, time: 50, [5, 1])
            #expect(outcome == .stored(2, dropped: []))
            database.rotate()
            database.sealPending()
            database.rewrite()
            try database.close()
        }
        #expect(try store.disk.readAll(path, limit: 1 << 20) == bytes)
        store.disk.heal()
        let database = try open()
        #expect(database.recovery.unreadableSegments == 0)
        #expect(try times(database, series) == whole + [50])
        #expect(try follow(database) == whole + [50])
    }

    @Test("numbers of an unreadable segment are not given out again, also by a clock a year back")
    func numbers() throws {
        let series = try fill()
        let paths = try store.files("segments", suffix: ".gor")
        let last = try store.open().end.number
        try store.disk.remove("/data/STORE")
        for path in try store.files("buffer", suffix: ".gorb") { try store.disk.remove(path) }
        store.disk.fail(.map, path: paths[2], with: .permissionDenied)
        store.clock.stepWall(byMs: -365 * 86_400_000)
        let database = try open()
        #expect(try times(database, series) == [10, 20])
        let stream = database.openStream(.host)
        _ = try store.append(database, stream, series, time: 60, [6, 1])
        #expect(database.end.number > last)
    }

    @Test("a segment's name that is a directory goes to quarantine, and heals from the buffer")
    func segmentDirectory() throws {
        let series = try fill()
        let path = try store.files("segments", suffix: ".gor")[2]
        try store.disk.remove(path)
        try store.disk.makeDirectory(path)
        let database = try open()
        #expect(database.recovery.quarantined == 1)
        #expect(try times(database, series) == [10, 20, 30, 40])
        database.rotate()
        database.sealPending()
        #expect(try store.disk.list("/data/quarantine") == [FilePath.name(path)])
        #expect(try times(try open(), series) == [10, 20, 30, 40])
    }

    @Test("segments that changed names are served as what they are")
    func exchanged() throws {
        let series = try fill()
        let paths = try store.files("segments", suffix: ".gor")
        try store.disk.rename(paths[0], to: "/data/x")
        try store.disk.rename(paths[2], to: paths[0])
        try store.disk.rename("/data/x", to: paths[2])
        let database = try open()
        #expect(database.recovery.quarantined == 0)
        #expect(try times(database, series) == [10, 20, 30, 40])
        #expect(try follow(database) == [10, 20, 30, 40])
        database.rewrite()
        #expect(try times(try open(), series) == [10, 20, 30, 40])
    }

    @Test("a copy under another name is not counted, replayed or sent twice")
    func copies() throws {
        let series = try fill()
        let segments = try store.files("segments", suffix: ".gor")
        let buffers = try store.files("buffer", suffix: ".gorb")
        let names = [
            (segments[1], segments[0]), (segments[2], "/data/segments/zzz.gor"),
            (try #require(buffers.last), "/data/buffer/00000000-0.gorb"),
        ]
        for (source, target) in names {
            let bytes = try store.disk.readAll(source, limit: 1 << 20)
            let file = try store.disk.open(target, .replace)
            try file.append(bytes.span)
        }
        let database = try open()
        #expect(database.recovery.quarantined == 3)
        #expect(database.recovery.replayedBatches == 1)
        #expect(try times(database, series) == [20, 30, 40])
        #expect(try follow(database) == [20, 30, 40])
        // The first segment was overwritten: what was in it was stored, and is gone.
        #expect(database.statistics().ledger.rows["host"]?.stored == 8)
        let account = try database.account(after: FeedPosition(number: .zero))
        #expect(account.pending == 6)
        #expect(account.gone == [.damage: 2])
        let left = try store.files("segments", suffix: ".gor")
        #expect(left == [segments[1], segments[2]])
    }

    @Test("a shortage of descriptors or memory stops the start: no file is to blame")
    func shortage() throws {
        _ = try fill()
        let path = try store.files("segments", suffix: ".gor")[0]
        for cause in [Errno.tooManyOpenFiles, .tooManyOpenFilesInSystem, .outOfMemory] {
            store.disk.fail(.map, path: path, with: cause, times: 1)
            #expect(throws: StoreError.cannot(action: "map", path: path, cause: cause)) {
                try open()
            }
        }
        #expect(try open().recovery.segments == 3)
    }

    @Test("a buffer file that may not be read stops the start, which says what to do")
    func buffer() throws {
        let series = try fill()
        let path = try #require(try store.files("buffer", suffix: ".gorb").last)
        for operation in [FileOperation.open, .read] {
            store.disk.fail(operation, path: path, with: .permissionDenied)
            let error = #expect(throws: StoreError.self) { try open() }
            #expect(
                error?.description
                    == "cannot read \(path): Permission denied (errno 13); its batches may be nowhere "
                    + "else: let this user read it, or move it away to start without them"
            )
            store.disk.heal()
        }
        #expect(try times(try open(), series) == [10, 20, 30, 40])
    }

    @Test("a directory under the name of a buffer file or of STORE goes to quarantine")
    func directories() throws {
        let series = try fill()
        try store.disk.makeDirectory("/data/buffer/00000001-0000000000000000.gorb/x")
        let id = try open().storeID
        try store.disk.remove("/data/STORE")
        try store.disk.makeDirectory("/data/STORE/y")
        let database = try open()
        #expect(database.storeID == id)
        #expect(try times(database, series) == [10, 20, 30, 40])
        #expect(
            try store.disk.list("/data/quarantine") == ["00000001-0000000000000000.gorb", "STORE"]
        )
        #expect(try store.disk.stat("/data/STORE").kind == .file)
    }

    @Test("STORE that may not be read stops the start: its numbers are not known then")
    func identity() throws {
        _ = try fill()
        store.disk.fail(.open, path: "STORE", with: .permissionDenied)
        let error = #expect(throws: StoreError.self) { try open() }
        #expect(error?.description == "cannot read /data/STORE: Permission denied (errno 13)")
    }

    @Test("what cannot be moved to quarantine is left, not used, and said")
    func noQuarantine() throws {
        let series = try fill()
        let path = try store.files("segments", suffix: ".gor")[0]
        try store.disk.base.damage(path, at: 3, [0])
        let file = try store.disk.open("/data/quarantine", .create)
        try file.close()
        let database = try open()
        #expect(try times(database, series) == [20, 30, 40])
        #expect(try store.disk.exists(path))
        #expect(log.all.contains { $0.contains("cannot be moved aside") && $0.contains(path) })
    }
}
