// Segments read with pread(2): the same answers, and a disk that fails is an error of that read.
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Read mode") struct ReadModeTests {
    @Test("a segment reads the same, mapped and in blocks")
    func same() throws {
        let directory = try TemporaryDirectory("pread")
        let files = PosixFileSystem()
        let path = directory.file("a.gor")
        let series = (0..<2500).map { number in
            TestSeries(
                labels: TestSegment.labels(["__name__": "m\(number % 9)", "n": "\(number)"]),
                chunks: [
                    (
                        TestSegment.samples(
                            Array(0..<50).map { $0 * 1000 },
                            (0..<50).map { Double($0 * number) / 7 }
                        ), false
                    )
                ]
            )
        }
        try TestSegment.write(series, files, path)
        let cache = BlockCache(limitBytes: 256 << 10)
        let mapped = try SegmentReader(files, path: path)
        let inBlocks = try SegmentReader(
            BlockFile(try files.open(path, .read), cache: cache),
            path: path,
            cache: cache
        )
        try inBlocks.verify()
        #expect(try mapped.contents() == inBlocks.contents())
        #expect(cache.statistics.bytes <= 256 << 10)
    }

    @Test("a disk that does not give the bytes is an error that names the file")
    func failingDisk() throws {
        let files = FaultyFileSystem()
        try files.makeDirectory("/s")
        try TestSegment.write(TestSegment.small, files, "/s/x.gor")
        let cache = BlockCache(limitBytes: 64)
        let segment = try SegmentReader(
            BlockFile(try files.open("/s/x.gor", .read), cache: cache),
            path: "/s/x.gor",
            cache: cache
        )
        files.fail(.read, with: .inputOutput)
        do throws(SegmentError) {
            _ = try segment.id(of: 0)
            Issue.record("read from a disk that fails")
        } catch {
            #expect(error.description == "cannot read /s/x.gor: Input/output error (errno 5)")
        }
    }

    @Test("a file that was cut is no trap")
    func cut() throws {
        let files = MemoryFileSystem()
        try files.makeDirectory("/s")
        try TestSegment.write(TestSegment.small, files, "/s/x.gor")
        let cache = BlockCache(limitBytes: 64)
        let segment = try SegmentReader(
            BlockFile(try files.open("/s/x.gor", .read), cache: cache),
            path: "/s/x.gor",
            cache: cache
        )
        try files.open("/s/x.gor", .readWrite).truncate(to: 300)
        #expect(throws: SegmentError.self) { try segment.verify() }
    }
}
