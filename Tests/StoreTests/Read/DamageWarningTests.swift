// Queries over a damaged segment: what is damaged is left out, said, and set aside; the rest is served.
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Damage in reads") struct DamageWarningTests {
    /// A store with two series in one segment, and the segment's path.
    private func sealed(_ fixture: StoreFixture) throws -> (labels: [Labels], path: String) {
        let labels = [fixture.labels("up", "a"), fixture.labels("up", "b")]
        let database = try fixture.open()
        let stream = database.openStream(.scrape(job: "x"))
        for time in [1_000, 2_000, 3_000] as [Int64] {
            _ = try fixture.append(database, stream, labels, time: time, values: [1.5, 2.5])
        }
        try database.close()
        let directory = fixture.options.basePath + "/segments"
        let name = try #require(try PosixFileSystem().list(directory).first)
        return (labels, directory + "/" + name)
    }

    private func flip(_ path: String, at offset: Int64) throws(Errno) {
        let file = try PosixFileSystem().open(path, .readWrite)
        let byte = try file.read(1, at: offset)[0] ^ 0x10
        try file.write([byte].span, at: offset)
        try file.sync()
    }

    @Test("a damaged chunk costs its samples, is a warning, and is set aside once")
    func chunk() throws {
        let fixture = try StoreFixture()
        let (labels, path) = try sealed(fixture)
        let segment = try SegmentReader(PosixFileSystem(), path: path)
        let damaged = try segment.labels(of: 1)
        let chunk = try segment.chunks(of: 1)[0]
        try flip(path, at: Int64(chunk.offset + chunk.byteCount - 1))

        let database = try fixture.open()
        for _ in 0..<2 {
            let selection = try database.select([], in: .all)
            #expect(selection.count == 2)
            #expect(selection.warnings == [])
            for index in 0..<2 {
                var columns = TestSegment.samples([7], [7])
                selection.read(at: index, in: .all, into: &columns)
                let isDamaged = selection.labels(at: index) == damaged
                #expect(columns.times == (isDamaged ? [7] : [7, 1_000, 2_000, 3_000]))
                #expect(columns.times.count == columns.values.count)
                selection.read(at: index, in: .all, into: &columns)
            }
            #expect(selection.warnings.count == 1)
            #expect(
                selection.warnings.first?.hasPrefix(
                    "samples are missing, a part of a segment cannot be read: "
                        + "\(path): at byte \(chunk.offset): chunk checksum "
                ) == true
            )
        }
        #expect(database.statistics().damagedReads == 4)
        let quarantine = fixture.options.basePath + "/quarantine"
        let kept = try PosixFileSystem().list(quarantine)
        #expect(kept == ["\(FilePath.name(path)).at-\(chunk.offset)"])
        let bytes = try PosixFileSystem().readAll("\(quarantine)/\(kept[0])", limit: 1 << 20)
        #expect(bytes == (try segment.content(of: chunk)))
        #expect(labels.contains(damaged))
        try database.close()
    }

    @Test(
        "a damaged block costs what is in it and is a warning",
        arguments: [
            SegmentPart.names, .values, .rows, .series,
        ]
    )
    func block(part: SegmentPart) throws {
        let fixture = try StoreFixture()
        let (_, path) = try sealed(fixture)
        let segment = try SegmentReader(PosixFileSystem(), path: path)
        try segment.checkDirectory()
        try flip(path, at: Int64(segment.blockEntry(part, 0).offset))
        let database = try fixture.open()
        let selection = try database.select([LabelMatcher("instance", equals: "a")], in: .all)
        #expect(selection.count == 0)
        #expect(selection.warnings.count == 1)
        #expect(selection.warnings.first?.contains(part.rawValue) == true)
        try database.close()
    }

    @Test("pread: a disk that fails is a warning")
    func failingDisk() throws {
        let fixture = try StoreFixture()
        fixture.options.locksDirectory = false
        fixture.options.readMode = .pread
        fixture.options.cache.maxBytes = 0  // nothing of the opening is kept
        let files = FaultyFileSystem()
        fixture.options.basePath = "/base"
        let labels = [fixture.labels("up", "a")]
        let writing = try fixture.open(locked: false, fileSystem: files)
        let stream = writing.openStream(.scrape(job: "x"))
        _ = try fixture.append(writing, stream, labels, time: 1_000, values: [1])
        try writing.close()
        let database = try fixture.open(locked: false, fileSystem: files)
        files.fail(.read, with: .inputOutput)
        let selection = try database.select([], in: .all)
        #expect(selection.count == 0)
        #expect(
            selection.warnings.first?.hasSuffix("Input/output error (errno 5)") == true,
            "\(selection.warnings)"
        )
        #expect(database.statistics().damagedReads == 1)
        try database.close()
    }
}
