// The examples of Store.docc/embedding.md do what the article says.
import Codec
import Model
import Platform
import Store
import TestSupport
import Testing

@Suite("Embedding") struct EmbeddingTests {
    @Test("the example stores, reads back, and finds it all after the next start")
    func example() throws {
        let directory = try TemporaryDirectory()
        let wanted = [21.5] + (1...9).map { 21.5 + Double($0) / 10 }
        #expect(try roomTemperatures(in: directory.path) == wanted)
        // The same again: everything is there already, sealed.
        let database = try Database(StoreOptions(basePath: directory.path))
        let selection = try database.select([LabelMatcher("room", equals: "cellar")], in: .all)
        var samples = SampleColumns()
        selection.read(at: 0, in: .all, into: &samples)
        #expect(samples.values == Array(repeating: 11, count: 10))
        try database.close()
    }

    @Test("a compressor of one's own codes the segments, and only where it is bound are they read")
    func compressor() throws {
        let directory = try TemporaryDirectory()
        let database = try rawStore(in: directory.path)
        let labels = Labels([Label("__name__", "m")])
        let stream = database.openStream(.push)
        let times = (0..<50).map { Int64($0) * 1000 }
        let samples = times.map { LabelledSample(labels, at: Timestamp(ms: $0), Double($0) / 3) }
        #expect(database.append(samples, to: stream) == .stored(50, dropped: []))
        database.rotate()
        database.sealPending()
        try database.close()
        let again = try rawStore(in: directory.path)
        #expect(try read(again).times == times)
        try again.close()
        let other = try Database(StoreOptions(basePath: directory.path))
        #expect(try read(other).times.isEmpty)
        #expect(other.statistics().damagedReads > 0)
        try other.close()
    }

    private func read(_ database: Database) throws -> SampleColumns {
        let selection = try database.select([], in: .all)
        var samples = SampleColumns()
        for index in 0..<selection.count { selection.read(at: index, in: .all, into: &samples) }
        return samples
    }

    @Test("appending by labels counts what a limit refuses")
    func refused() throws {
        let directory = try TemporaryDirectory()
        var options = StoreOptions(basePath: directory.path)
        options.maxLabelValueBytes = 4
        options.runsMaintenance = false
        let database = try Database(options)
        let time = Timestamp(ms: 1000)
        let outcome = database.append(
            [
                LabelledSample(Labels([Label("__name__", "fine")]), at: time, 1),
                LabelledSample(Labels([Label("__name__", "too long")]), at: time, 2),
            ],
            to: database.openStream(.push)
        )
        #expect(outcome == .stored(1, dropped: [DropCount(.labelLimit, 1)]))
        try database.close()
    }
}
