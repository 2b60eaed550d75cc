// What `inspect` says of each kind of file, whole and damaged.
import Codec
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Store inspector")
struct StoreInspectorTests {
    private let store = SpineFixture()

    private func fill() throws -> Database {
        let database = try store.open()
        let stream = database.openStream(.scrape(job: "demo"))
        for step: Int64 in 0..<3 {
            _ = try store.append(
                database,
                stream,
                store.series(2),
                time: 1_767_225_600_000 + step * 1000,
                [1, 2]
            )
        }
        _ = try store.append(
            database,
            stream,
            store.series(1),
            time: 1_767_225_600_500,
            [7]
        )
        _ = try store.append(
            database,
            stream,
            store.series(1),
            time: 1_767_225_600_500,
            [8]
        )
        return database
    }

    private func describe(_ path: String) throws -> [String] {
        try StoreInspector.describe(path: path, fileSystem: store.disk)
    }

    @Test("a buffer file: header, batches, sources")
    func buffer() throws {
        let database = try fill()
        let path = try #require(try store.files("buffer", suffix: ".gorb").first)
        let lines = try describe(path)
        let start = database.end.number.start
        #expect(
            lines == [
                "buffer file",
                "bytes \(try store.disk.stat(path).size)",
                "store \(database.storeID)",
                "batches after 0-0, start \(start)",
                "made 2026-01-01T00:00:00.000Z",
                "series 2",
                "batches 5, unreadable 0",
                lines[7],
                "numbers \(start)-1 through \(start)-5",
                "times 2026-01-01T00:00:00.000Z to 2026-01-01T00:00:02.000Z",
                "scrape/demo: 7 samples in 5 batches",
                "every checksum is right",
            ]
        )
        #expect(lines[7].hasPrefix("samples 7, late 1, "))
    }

    @Test("a buffer file with damage in the middle and a torn tail")
    func damagedBuffer() throws {
        _ = try fill()
        let path = try #require(try store.files("buffer", suffix: ".gorb").first)
        // Definitions, the first batch, and so on: from length to length, for the mark may stand in a
        // checksum too.
        let bytes = try store.disk.readAll(path, limit: 1 << 20)
        var records: [Int] = []
        var end = BufferFormat.headerBytes
        while end < bytes.count {
            records.append(end)
            end += Int(ByteLoads.u32(bytes.span, end)) + BufferFormat.frameBytes
        }
        let last = try #require(records.last)
        try store.disk.base.flip(path, at: records[3] + 8)
        let file = try store.disk.open(path, .readWrite)
        try file.truncate(to: Int64(bytes.count - 1))
        let lines = try describe(path)
        #expect(
            lines.suffix(3) == [
                "damaged: no record in bytes \(records[3]) to \(records[4] - 1)",
                lines[lines.count - 2],
                "torn tail: \(bytes.count - 1 - last) bytes from byte \(last)",
            ]
        )
        #expect(lines[lines.count - 2].hasSuffix(" builds on a damaged one"))
    }

    @Test("a segment: summary, ledger, series, chunks")
    func segment() throws {
        let database = try fill()
        let start = database.end.number.start
        database.rotate()
        database.sealPending()
        let path = try #require(try store.files("segments", suffix: ".gor").first)
        var lines = try describe(path)
        #expect(
            Array(lines.prefix(9)) == [
                "segment",
                "bytes \(try store.disk.stat(path).size)",
                "store \(database.storeID)",
                "batches after 0-0 through \(start)-5",
                "series 2",
                "chunks 3, late 1",
                "samples 7, late 1",
                "times 2026-01-01T00:00:00.000Z to 2026-01-01T00:00:02.000Z",
                "ledger scrape/demo: stored 7, dropped 1 conflict",
            ]
        )
        #expect(lines.filter { $0.contains(" samples, ") }.count == 3)
        #expect(lines.filter { $0.hasSuffix(", late") }.count == 1)
        #expect(lines.last == "every checksum is right")
        try store.disk.base.flip(path, at: 70)
        lines = try describe(path)
        #expect(lines.last?.hasPrefix("damaged: \(path)") == true)
        try store.disk.base.flip(path, at: 9)
        // Nothing but the chunks that are not damaged can be found then.
        lines = try describe(path)
        #expect(lines[1].hasPrefix("damaged: \(path)"))
        #expect(lines[2] == "sound chunks by their headers 2")
        #expect(lines.dropFirst(3).allSatisfy { $0.contains(" samples, 2026-01-01T00:00:0") })
        #expect(lines.count == 5)
    }

    @Test("STORE, cursor files, and files of others")
    func others() throws {
        let database = try fill()
        #expect(
            try describe("/data/STORE") == [
                "STORE file", "store \(database.storeID)",
                "last start \(database.end.number.start)",
            ]
        )
        try store.disk.base.flip("/data/STORE", at: 12)
        #expect(
            try describe("/data/STORE") == [
                "STORE file", "damaged: its checksum or length is wrong",
            ]
        )
        for (bytes, text) in [
            ([], "no file of the store: 0 bytes that begin with nothing"),
            ([1, 171], "no file of the store: 2 bytes that begin with 01 ab"),
            (
                Array("CURS".utf8),
                "cursor file of a destination, 4 bytes; `forward/` keeps one for each"
            ),
        ] as [([UInt8], String)] {
            let file = try store.disk.open("/data/x", .replace)
            try file.write(bytes.span, at: 0)
            #expect(try describe("/data/x") == [text])
        }
        #expect(throws: StoreError.cannot(action: "read", path: "/nowhere", cause: .noSuchFile)) {
            try describe("/nowhere")
        }
    }
}
