// What was written is what is read.
import Codec
import Model
import Platform
import TestSupport
import Testing

@testable import Store

@Suite("Segment round trip") struct SegmentRoundTripTests {
    @Test("gives back series, samples, counts and the footer's blobs")
    func small() throws {
        let directory = try TemporaryDirectory("segment")
        let fileSystem = PosixFileSystem()
        let path = directory.file("a.gor")
        let written = try TestSegment.write(
            TestSegment.small,
            fileSystem,
            path,
            ledger: [1, 2, 3],
            replaced: ["old.gor", "older.gor"]
        )
        let segment = try SegmentReader(fileSystem, path: path)
        #expect(segment.summary == written)
        #expect(segment.storeID == TestSegment.storeID)
        #expect(segment.range == TestSegment.range)
        #expect(segment.timeRange == TimeRange(Timestamp(ms: 1000), Timestamp(ms: 9000)))
        #expect(segment.seriesCount == 3)
        #expect(segment.summary.chunkCount == 5)
        #expect(segment.summary.sampleCount == 10)
        #expect(segment.summary.lateChunkCount == 2)
        #expect(segment.summary.lateSampleCount == 2)
        #expect(segment.ledgerBytes == [1, 2, 3])
        #expect(segment.replaced == ["old.gor", "older.gor"])
        #expect(segment.byteCount == written.byteCount)
        try segment.verify()
        #expect(
            try segment.contents() == [
                "load1 true [\"9000=4602678819172646912\"]",
                "up{instance=\"a:9100\", job=\"node\"} false [\"1000=4607182418800017408\", "
                    + "\"2000=4607182418800017408\", \"3000=9218868437227405314\"]",
                "up{instance=\"a:9100\", job=\"node\"} false [\"4000=4607182418800017408\", "
                    + "\"5000=0\"]",
                "up{instance=\"a:9100\", job=\"node\"} true [\"1500=4619567317775286272\"]",
                "up{instance=\"b:9100\", job=\"node\"} false [\"1000=0\", "
                    + "\"2000=4607182418800017408\", \"3000=0\"]",
            ]
        )
        #expect(try fileSystem.list(directory.path) == ["a.gor"])
    }

    @Test("finds series by id, and their last time without late samples")
    func lookups() throws {
        let segment = try TestSegment.open(try segmentBytes(TestSegment.small))
        let first = SeriesIdentity.id(of: TestSegment.small[0].labels)
        let index = try #require(try segment.seriesIndex(of: first))
        #expect(try segment.id(of: index) == first)
        #expect(try segment.labels(of: index) == TestSegment.small[0].labels)
        #expect(segment.lastTime(of: first) == 5000)
        #expect(segment.lastTime(of: SeriesIdentity.id(of: TestSegment.small[2].labels)) == nil)
        #expect(try segment.seriesIndex(of: SeriesID(high: 1, low: 2)) == nil)
        #expect(segment.lastTime(of: SeriesID(high: .max, low: .max)) == nil)
        #expect(try segment.labelNames() == ["__name__", "instance", "job"])
        #expect(try segment.labelValues(of: "instance") == ["a:9100", "b:9100"])
        #expect(try segment.labelValues(of: "nothing") == [])
    }

    @Test("a segment without series is a segment")
    func empty() throws {
        let segment = try TestSegment.open(try segmentBytes([]))
        try segment.verify()
        #expect(segment.seriesCount == 0)
        #expect(try segment.select([], in: .all) == [])
        #expect(try segment.labelNames() == [])
        #expect(segment.lastTime(of: SeriesID(high: 1, low: 1)) == nil)
    }

    @Test("thousands of series over many blocks", arguments: [1, 2])
    func many(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let series = (0..<3000).map { number in
            TestSeries(
                labels: TestSegment.labels([
                    "__name__": "metric_\(number % 50)", "job": "job\(number % 3)",
                    "instance": "host-\(number):9100",
                    "noise": "\(random.next())\(random.next())",
                    "long": number == 7 ? String(repeating: "x", count: 40_000) : "",
                ]),
                chunks: [
                    (
                        TestSegment.samples(
                            [Int64(number), Int64(number) + 15_000],
                            [Double(number), 1]
                        ), false
                    )
                ]
            )
        }
        let bytes = try segmentBytes(series)
        let segment = try TestSegment.open(bytes)
        #expect(segment.layout.valueBlocks > 3)
        #expect(segment.layout.rowBlocks == 3)
        #expect(segment.layout.seriesBlocks == 12)
        try segment.verify()
        for one in series {
            let index = try #require(try segment.seriesIndex(of: SeriesIdentity.id(of: one.labels)))
            #expect(try segment.labels(of: index) == one.labels, "seed \(seed)")
        }
        let found = try segment.select(
            [LabelMatcher("instance", equals: "host-2999:9100")],
            in: .all
        )
        #expect(try found.map { try segment.labels(of: $0) } == [series[2999].labels])
        #expect(try segment.labelValues(of: "instance").count == 3000)
        #expect(try segment.select([LabelMatcher("job", equals: "job1")], in: .all).count == 1000)
    }

    @Test("a writer that is given up leaves no file behind")
    func unfinished() throws {
        let directory = try TemporaryDirectory("segment")
        let fileSystem = PosixFileSystem()
        var writer = try SegmentWriter(
            fileSystem,
            path: directory.file("a.gor"),
            storeID: TestSegment.storeID,
            range: TestSegment.range
        )
        try writer.add(
            SeriesIdentity.id(of: TestSegment.small[2].labels),
            TestSegment.small[2].labels,
            [SealedChunk(TestSegment.small[2].chunks[0].samples, flags: [])]
        )
        #expect(try fileSystem.list(directory.path) == ["a.gor.tmp"])
        writer.abandon()
        #expect(try fileSystem.list(directory.path) == [])
        #expect(throws: SegmentError.self) {
            _ = try SegmentReader(fileSystem, path: directory.file("a.gor"))
        }
    }

    @Test("says which file cannot be created")
    func noDirectory() {
        let path = "/nonexistent/s.gor"
        do throws(SegmentError) {
            _ = try TestSegment.write([], PosixFileSystem(), path)
            Issue.record("a file in a directory that is not there")
        } catch {
            #expect(
                error.description
                    == "cannot create /nonexistent/s.gor.tmp: No such file or directory (errno 2)"
            )
            #expect(!error.isDamage)
        }
    }
}

/// The bytes of a segment with these series.
func segmentBytes(
    _ series: [TestSeries],
    with compressor: any Compressor = ColumnarCompressor(),
    isPacked: Bool = false
) throws -> [UInt8] {
    let fileSystem = MemoryFileSystem()
    try fileSystem.makeDirectory("/s")
    try TestSegment.write(
        series,
        fileSystem,
        "/s/x.gor",
        ledger: [9],
        with: compressor,
        isPacked: isPacked
    )
    return try fileSystem.readAll("/s/x.gor", limit: 1 << 26)
}
