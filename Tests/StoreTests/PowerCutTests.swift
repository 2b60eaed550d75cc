// Power cuts through a life of rotations, seals and starts; `make crash` runs a thousand seeds.
import Model
import Platform
import Store
import TestSupport
import Testing

@Suite("Power cuts")
struct PowerCutTests {
    @Test("take nothing that was synced, and leave nothing twice or in part", arguments: 0..<50)
    func lives(seed: Int) throws {
        let tally = try PowerCutRun(seed: UInt64(seed)).run()
        #expect(tally.kills + tally.cuts == 5)
    }

    // It may have been shipped meanwhile: after another cut the batches would go out again.
    @Test("leave a segment that a start found, though its name was not durable when it was written")
    func foundName() throws {
        let disk = FaultyFileSystem()
        var options = StoreOptions(basePath: "/data")
        options.locksDirectory = false
        options.runsMaintenance = false
        options.sync = .always
        let first = try Database(options, fileSystem: disk, wallClock: ManualClock())
        let stream = first.openStream(.push)
        var batch = SampleBatch(stream: stream, time: Timestamp(ms: 1_767_225_600_000))
        batch.series = try first.handles(for: [Labels([Label("__name__", "m")])])
            .map { try $0.get() }
        batch.values = [1]
        #expect(first.append(batch) == .stored(1, dropped: []))
        first.rotate()
        disk.fail(.syncDirectory, path: "segments", with: .inputOutput, times: 1)
        first.sealPending()
        #expect(first.nextSealed(after: SequenceNumber(raw: 0)) == nil)
        disk.heal()
        let names = try disk.list("/data/segments")
        #expect(names.count == 1)
        let found = try Database(options, fileSystem: disk, wallClock: ManualClock())
        #expect(found.nextSealed(after: SequenceNumber(raw: 0))?.name == names.first)
        var random = SeededRandom(seed: 1)
        disk.powerCut(.dropAll, using: &random)
        let last = try Database(options, fileSystem: disk, wallClock: ManualClock())
        #expect(last.nextSealed(after: SequenceNumber(raw: 0))?.name == names.first)
    }

    @Test("and kills take nothing of a part that went on because the next could not be begun")
    func partGoesOn() throws {
        let disk = FaultyFileSystem()
        var options = StoreOptions(basePath: "/data")
        options.locksDirectory = false
        options.runsMaintenance = false
        options.sync = .always
        let store = try Database(options, fileSystem: disk, wallClock: ManualClock())
        let stream = store.openStream(.push)
        func append(_ value: Double) throws {
            let timeMs = 1_767_225_600_000 + Int64(value) * 1000
            var batch = SampleBatch(stream: stream, time: Timestamp(ms: timeMs))
            batch.series = try store.handles(for: [Labels([Label("__name__", "m")])])
                .map { try $0.get() }
            batch.values = [value]
            #expect(store.append(batch) == .stored(1, dropped: []))
        }
        try append(1)
        try append(2)
        // The file is there with its header, and counts as not begun.
        disk.fail(.syncDirectory, path: "buffer", with: .inputOutput, times: 1)
        store.rotate()
        disk.heal()
        store.sealPending()
        try append(3)
        try append(4)
        let again = try Database(options, fileSystem: disk, wallClock: ManualClock())
        #expect(again.recovery.replayedSamples == 2)
        let selection = try again.select([], in: .all)
        var columns = SampleColumns()
        selection.read(at: 0, in: .all, into: &columns)
        #expect(columns.values == [1, 2, 3, 4])
    }
}
