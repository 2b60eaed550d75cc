// A store that is only looked at: everything is read, nothing is changed.
import Model
import Platform
import Store
import TestSupport
import Testing

@Suite("Read-only store") struct ReadOnlyTests {
    private func contents(_ path: String) throws -> [String: [UInt8]] {
        let files = PosixFileSystem()
        var found: [String: [UInt8]] = [:]
        for name in try files.list(path) {
            let inner = FilePath.join(path, name)
            if try files.stat(inner).kind == .directory {
                found.merge(try contents(inner)) { one, _ in one }
            } else {
                found[inner] = try files.readAll(inner, limit: 1 << 20)
            }
        }
        return found
    }

    // A segment, and a buffer with a second batch that no segment has.
    private func filled() throws -> StoreFixture {
        let fixture = try StoreFixture()
        let database = try fixture.open()
        let stream = database.openStream(.push)
        let series = [fixture.labels("a", "one"), fixture.labels("b", "two")]
        _ = try fixture.append(database, stream, series, time: 1000, values: [1, 2])
        database.rotate()
        database.sealPending()
        _ = try fixture.append(database, stream, series, time: 2000, values: [3, 4])
        try database.close(sealing: false)
        fixture.options.isReadOnly = true
        return fixture
    }

    @Test("reads segments and buffer and leaves every byte as it was")
    func unchanged() throws {
        let fixture = try filled()
        let before = try contents(fixture.options.basePath)
        let database = try fixture.open()
        let read = try fixture.read(database)
        #expect(read[fixture.labels("a", "one")]?.times == [1000, 2000])
        #expect(read[fixture.labels("b", "two")]?.values == [2, 4])
        #expect(!database.rotate())
        database.sealPending()
        database.maintain()
        try database.close()
        #expect(try contents(fixture.options.basePath) == before)
    }

    @Test("leaves damage where it is and reads the rest")
    func damaged() throws {
        let fixture = try filled()
        let segments = fixture.options.basePath + "/segments"
        let name = try #require(try PosixFileSystem().list(segments).first)
        let file = try PosixFileSystem().open("\(segments)/\(name)", .readWrite)
        try file.write([0xff, 0xff].span, at: 26)
        try file.close()
        let before = try contents(fixture.options.basePath)
        let database = try fixture.open()
        #expect(database.recovery.quarantined == 1)
        // The epoch's buffer file is still there, so that nothing is missing.
        #expect(try fixture.read(database)[fixture.labels("a", "one")]?.times == [1000, 2000])
        try database.close()
        #expect(try contents(fixture.options.basePath) == before)
    }

    @Test("refuses batches")
    func appends() throws {
        let fixture = try filled()
        let database = try fixture.open()
        let outcome = try fixture.append(
            database,
            database.openStream(.push),
            [fixture.labels("a", "one")],
            time: 3000,
            values: [5]
        )
        #expect(outcome == .refused(.bufferUnavailable))
    }

    @Test("two may read at once; a writer keeps them out, and they keep a writer out")
    func locks() throws {
        let fixture = try filled()
        let one = try fixture.open()
        let two = try fixture.open()
        fixture.options.isReadOnly = false
        #expect(throws: StoreError.self) { try fixture.open() }
        try one.close()
        try two.close()
        let writer = try fixture.open()
        fixture.options.isReadOnly = true
        #expect(throws: StoreError.self) { try fixture.open() }
        try writer.close()
    }

    @Test("makes no store where none is")
    func nothing() throws {
        let fixture = try StoreFixture()
        fixture.options.isReadOnly = true
        let path = fixture.options.basePath
        #expect(
            throws: StoreError.cannot(
                action: "read the store in",
                path: path,
                cause: .noSuchFile
            )
        ) { try fixture.open() }
        try PosixFileSystem().makeDirectory(path)
        #expect(throws: StoreError.noStore(path: path)) { try fixture.open() }
        #expect(try PosixFileSystem().list(path).isEmpty)
    }
}
