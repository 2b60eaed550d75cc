import Codec
import Platform
import Store
import TestSupport
import Testing

@testable import Forward

@Suite("Cursor file") struct CursorFileTests {
    static let path = "/data/forward/central.cursor"
    static let store = CursorTag([UInt8](repeating: 1, count: 16))

    static func place(
        _ files: any FileSystem,
        store: CursorTag = store,
        boot: UInt8 = 2
    ) -> CursorPlace {
        CursorPlace(
            files: files,
            directory: "/data/forward",
            quarantine: "/data/quarantine",
            store: store,
            boot: CursorTag([UInt8](repeating: boot, count: 16))
        )
    }

    static func record(_ count: UInt32) -> CursorRecord {
        CursorRecord(acked: FeedPosition(number: SequenceNumber(start: 7, count: count)))
    }

    static func disk() throws(Errno) -> MemoryFileSystem {
        let files = MemoryFileSystem()
        try files.makeDirectory("/data")
        return files
    }

    static func reopened(_ files: any FileSystem) throws(ForwardError) -> FoundCursor {
        try CursorFile.open(place(files), name: "central").1
    }

    @Test("a new destination has no place, and later the one that was written last")
    func lastWriteHolds() throws {
        let files = try CursorFileTests.disk()
        let (file, found) = try CursorFile.open(CursorFileTests.place(files), name: "central")
        #expect(found == FoundCursor(record: nil, mayMissWrites: false, trouble: nil))
        for count in 1...5 {
            try file.write(CursorFileTests.record(UInt32(count)), sync: false)
            #expect(
                try CursorFileTests.reopened(files).record
                    == CursorFileTests.record(UInt32(count))
            )
        }
        #expect(try files.stat(CursorFileTests.path).size == 5120)
    }

    @Test("a write that is torn at any byte leaves the synced write before, and is noticed")
    func tornWrites() throws {
        let files = try CursorFileTests.disk()
        let (file, _) = try CursorFile.open(CursorFileTests.place(files), name: "central")
        try file.write(CursorFileTests.record(1), sync: true)
        try file.write(CursorFileTests.record(2), sync: true)
        let before = try files.readAll(CursorFileTests.path, limit: 10_000)
        try file.write(CursorFileTests.record(3), sync: true)
        let after = try files.readAll(CursorFileTests.path, limit: 10_000)
        for torn in 0...1024 {
            try files.damage(
                CursorFileTests.path,
                at: 0,
                Array(after[0..<torn] + before[torn..<1024])
            )
            let found = try CursorFileTests.reopened(files)
            let isWhole = after[torn..<1024].elementsEqual(before[torn..<1024])
            #expect(found.record == CursorFileTests.record(isWhole ? 3 : 2), "torn at \(torn)")
            #expect(found.trouble == nil)
            let isMixed = !isWhole && !after[0..<torn].elementsEqual(before[0..<torn])
            #expect(!isMixed || found.mayMissWrites, "torn at \(torn)")
        }
    }

    @Test("a failed write leaves the last synced place, and the next write repairs it")
    func failedWrites() throws {
        let files = FaultyFileSystem(try CursorFileTests.disk())
        let (file, _) = try CursorFile.open(CursorFileTests.place(files), name: "central")
        try file.write(CursorFileTests.record(1), sync: true)
        files.fail(.write, with: .inputOutput, times: 3)
        for count in 2...4 {
            let error = #expect(throws: ForwardError.self) {
                try file.write(CursorFileTests.record(UInt32(count)), sync: false)
            }
            #expect(
                error?.description
                    == "cannot write \(CursorFileTests.path): \(Errno.inputOutput)"
            )
            #expect(try CursorFileTests.reopened(files).record == CursorFileTests.record(1))
        }
        try file.write(CursorFileTests.record(5), sync: false)
        #expect(try CursorFileTests.reopened(files).record == CursorFileTests.record(5))
    }

    @Test("a full disk does not stop writes to a cursor that exists")
    func fullDisk() throws {
        let files = try CursorFileTests.disk()
        let (file, _) = try CursorFile.open(CursorFileTests.place(files), name: "central")
        files.capacityBytes = 0
        for count in 1...4 { try file.write(CursorFileTests.record(UInt32(count)), sync: true) }
        #expect(try CursorFileTests.reopened(files).record == CursorFileTests.record(4))
    }

    @Test("two damaged slots: the file is kept in quarantine and the place is lost, loudly")
    func bothDamaged() throws {
        let files = try CursorFileTests.disk()
        let target = "/data/quarantine/central.cursor"
        let (file, _) = try CursorFile.open(CursorFileTests.place(files), name: "central")
        try file.write(CursorFileTests.record(1), sync: true)
        try file.write(CursorFileTests.record(2), sync: true)
        try files.flip(CursorFileTests.path, at: 100)
        try files.flip(CursorFileTests.path, at: 4096 + 100)
        let (fresh, found) = try CursorFile.open(CursorFileTests.place(files), name: "central")
        #expect(found.record == nil)
        #expect(
            found.trouble?.description
                == "\(CursorFileTests.path) cannot be read (slot 0: cannot make sense of "
                + "the bytes before byte 1024: the slot's checksum is wrong; slot 1: cannot make "
                + "sense of the bytes before byte 1024: the slot's checksum is wrong); moved to "
                + "\(target), forwarding starts again at now, what was not sent stays stored here"
        )
        #expect(try files.stat(target).size == 5120)
        try fresh.write(CursorFileTests.record(3), sync: true)
        try files.flip(CursorFileTests.path, at: 100)
        guard case .damaged(_, let second, _) = try CursorFileTests.reopened(files).trouble else {
            Issue.record("the damage was not noticed")
            return
        }
        #expect(second == target + ".1")
    }

    @Test("a cursor of a newer version is neither followed nor thrown away")
    func newerVersion() throws {
        let files = try CursorFileTests.disk()
        let (file, _) = try CursorFile.open(CursorFileTests.place(files), name: "central")
        try file.write(CursorFileTests.record(1), sync: true)
        try file.write(CursorFileTests.record(2), sync: true)
        for offset in [0, 4096] {
            let bytes = try files.readAll(CursorFileTests.path, limit: 10_000)
            var slot = ByteSink(Array(bytes[offset..<offset + 1016]))
            slot.bytes[4] = 2
            slot.u64(XXH64.hash(slot.bytes.span))
            try files.damage(CursorFileTests.path, at: offset, slot.bytes)
            let before = try files.readAll(CursorFileTests.path, limit: 10_000)
            let error = #expect(throws: ForwardError.self) { try CursorFileTests.reopened(files) }
            #expect(
                error?.description
                    == "\(CursorFileTests.path): cursor version 2 is newer than this program knows; "
                    + "use a newer tsdb-agent, or move the file away to start at now"
            )
            #expect(try files.readAll(CursorFileTests.path, limit: 10_000) == before)
        }
    }

    @Test("what is no regular file goes to quarantine; what may not be opened is left")
    func noFile() throws {
        let files = FaultyFileSystem(try CursorFileTests.disk())
        try files.makeDirectory(CursorFileTests.path + "/x")
        let target = "/data/quarantine/central.cursor"
        #expect(
            try CursorFileTests.reopened(files).trouble
                == .damaged(
                    path: CursorFileTests.path,
                    movedTo: target,
                    slots: ["it is no regular file"]
                )
        )
        #expect(try files.list(target) == ["x"])
        let (file, _) = try CursorFile.open(CursorFileTests.place(files), name: "central")
        try file.write(CursorFileTests.record(1), sync: true)
        files.fail(.open, path: CursorFileTests.path, with: .permissionDenied, times: 1)
        #expect(
            throws: ForwardError.cannot(
                action: "open",
                path: CursorFileTests.path,
                cause: .permissionDenied
            )
        ) { try CursorFileTests.reopened(files) }
        #expect(try CursorFileTests.reopened(files).record == CursorFileTests.record(1))
    }

    @Test("a cursor of another store is not followed")
    func otherStore() throws {
        let files = try CursorFileTests.disk()
        let (file, _) = try CursorFile.open(CursorFileTests.place(files), name: "central")
        try file.write(CursorFileTests.record(1), sync: true)
        let other = CursorTag([UInt8](repeating: 9, count: 16))
        let place = CursorFileTests.place(files, store: other)
        let found = try CursorFile.open(place, name: "central").1
        #expect(found.record == nil)
        #expect(
            found.trouble
                == .foreign(
                    path: CursorFileTests.path,
                    movedTo: "/data/quarantine/central.cursor",
                    store: CursorFileTests.store,
                    expected: other
                )
        )
    }

    @Test("a write of an earlier start of the machine is known as such")
    func boots() throws {
        let files = try CursorFileTests.disk()
        let (file, _) = try CursorFile.open(CursorFileTests.place(files), name: "central")
        try file.write(CursorFileTests.record(1), sync: true)
        #expect(try !CursorFileTests.reopened(files).mayMissWrites)
        let place = CursorFileTests.place(files, boot: 3)
        #expect(try CursorFile.open(place, name: "central").1.mayMissWrites)
    }

    @Test("a power cut leaves the last synced place or a later one", arguments: 1...40)
    func powerCut(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let files = try CursorFileTests.disk()
        try files.syncDirectory("/")
        let (file, _) = try CursorFile.open(CursorFileTests.place(files), name: "central")
        var synced: UInt32 = 0
        let writes = UInt32.random(in: 1...9, using: &random)
        for count in 1...writes {
            let sync = count == 1 || Bool.random(using: &random)
            try file.write(CursorFileTests.record(count), sync: sync)
            if sync { synced = count }
        }
        files.powerCut(.tear, using: &random)
        let found = try CursorFileTests.reopened(files)
        let count = try #require(found.record).acked.number.count
        #expect(synced...writes ~= count, "seed \(seed)")
    }

    @Test(
        "different names have different files in the one directory",
        arguments: [
            ("central", "central"), ("eu-west_1", "eu-west_1"), ("a.b", "a.b"), (".", "%2E"),
            ("..", "%2E."), ("../x", "%2E.%2Fx"), ("a/b", "a%2Fb"), ("%2F", "%252F"),
            ("ä", "%C3%A4"),
        ]
    )
    func names(name: String, file: String) {
        let place = CursorFileTests.place(MemoryFileSystem())
        #expect(place.path(of: name) == "/data/forward/\(file).cursor")
    }
}
