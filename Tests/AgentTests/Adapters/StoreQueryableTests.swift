// PromQL over a store with a damaged chunk: the answer says that something is missing.
import Model
import Platform
import PromQL
import Store
import TestSupport
import Testing

@testable import Agent

@Suite("Store under PromQL") struct StoreQueryableTests {
    @Test("a damaged chunk is a warning of the query", arguments: ["up", "sum(rate(up[1m]))"])
    func damage(query: String) throws {
        let directory = try TemporaryDirectory()
        var options = StoreOptions(basePath: directory.path + "/store")
        options.runsMaintenance = false
        let labels = ["a", "b"].map { Labels([Label("__name__", "up"), Label("instance", $0)]) }
        let writing = try Database(options)
        let stream = writing.openStream(.scrape(job: "x"))
        for time in [10_000, 20_000, 30_000] as [Int64] {
            var batch = SampleBatch(stream: stream, time: Timestamp(ms: time))
            batch.series = try writing.handles(for: labels).map { try $0.get() }
            batch.values = [1, 2]
            _ = writing.append(batch)
        }
        try writing.close()
        let files = PosixFileSystem()
        let segments = options.basePath + "/segments"
        let path = try segments + "/" + #require(try files.list(segments).first)
        let chunk = try SegmentReader(files, path: path).chunks(of: 0)[0]
        let last = Int64(chunk.offset + chunk.byteCount - 1)
        let file = try files.open(path, .readWrite)
        let byte = try file.read(1, at: last)[0]
        try file.write([~byte].span, at: last)

        let database = try Database(options)
        let result = try QueryEngine().instant(
            query,
            at: Timestamp(ms: 30_000),
            on: StoreQueryable(database)
        )
        #expect(result.warnings.count == 1)
        #expect(
            result.warnings.first?.hasPrefix(
                "samples are missing, a part of a segment cannot be read: \(path): at byte "
            ) == true
        )
        try database.close()
    }
}
