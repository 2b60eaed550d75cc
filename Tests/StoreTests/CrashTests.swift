// Kills and power cuts at every call: no acknowledged batch is lost beyond the sync policy, none is
// there twice, and the store always opens by itself.
import Model
import Platform
import Store
import TestSupport
import Testing

@Suite("Crash")
struct CrashTests {
    private let series = ["a", "b", "c"].map {
        Labels([Label("__name__", "m"), Label("instance", $0)])
    }

    private func open(_ fileSystem: any FileSystem, _ sync: BufferSync) throws -> Database {
        var options = StoreOptions(basePath: "/data")
        options.locksDirectory = false
        options.runsMaintenance = false
        options.sync = sync
        return try Database(options, fileSystem: fileSystem, wallClock: ManualClock())
    }

    // Appends batches until the disk dies; gives back the times that were acknowledged, and all that
    // were tried.
    private func run(
        _ database: Database,
        from first: Int,
        _ random: inout SeededRandom
    ) -> (acknowledged: [Int], tried: [Int]) {
        var acknowledged: [Int] = []
        var tried: [Int] = []
        let stream = database.openStream(.host)
        for step in first..<first + 40 {
            var batch = SampleBatch(stream: stream, time: Timestamp(ms: Int64(step)))
            batch.series = database.handles(for: series).compactMap { try? $0.get() }
            batch.values = series.map { _ in Double(step) * 0.25 }
            tried.append(step)
            guard case .stored(3, _) = database.append(batch) else { break }
            acknowledged.append(step)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: database.rotate()
            case 1: database.sealPending()
            default: continue
            }
        }
        return (acknowledged, tried)
    }

    private func times(_ database: Database) throws -> [[Int]] {
        let selection = try database.select([], in: .all)
        return (0..<selection.count).map { index in
            var columns = SampleColumns()
            selection.read(at: index, in: .all, into: &columns)
            #expect(
                zip(columns.times, columns.values).allSatisfy { Double($0) * 0.25 == $1 }
            )
            return columns.times.map { Int($0) }
        }
    }

    @Test("a process that dies at any call loses nothing acknowledged", arguments: 0..<150)
    func kill(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        let disk = FaultyFileSystem()
        var acknowledged: [Int] = []
        var tried: [Int] = []
        for round in 0..<4 {
            let database = try open(disk, .never)
            disk.halt(atCall: disk.calls + Int.random(in: 1...120, using: &random))
            let result = run(database, from: round * 40, &random)
            acknowledged += result.acknowledged
            tried += result.tried
            disk.heal()
        }
        let found = try times(try open(disk, .never))
        #expect(found.count == (acknowledged.isEmpty ? found.count : 3), "seed \(seed)")
        for times in found {
            #expect(Set(acknowledged).isSubset(of: Set(times)), "seed \(seed)")
            #expect(Set(times).isSubset(of: Set(tried)), "seed \(seed)")
            #expect(times == times.sorted() && Set(times).count == times.count, "seed \(seed)")
        }
    }

    @Test("a power cut loses nothing that was synced", arguments: 0..<150)
    func powerCut(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed) &+ 1_000_000)
        let disk = FaultyFileSystem()
        var acknowledged: [Int] = []
        for round in 0..<4 {
            let database = try open(disk, .always)
            disk.halt(atCall: disk.calls + Int.random(in: 1...160, using: &random))
            acknowledged += run(database, from: round * 40, &random).acknowledged
            disk.powerCut(.tear, using: &random)
        }
        let found = try times(try open(disk, .always))
        for times in found {
            #expect(Set(acknowledged).isSubset(of: Set(times)), "seed \(seed)")
            #expect(times == times.sorted() && Set(times).count == times.count, "seed \(seed)")
        }
        if !acknowledged.isEmpty { #expect(found.count == 3, "seed \(seed)") }
    }

    @Test("sequence numbers are never used twice, whatever a power cut takes", arguments: 0..<40)
    func numbers(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed) &+ 2_000_000)
        let disk = FaultyFileSystem()
        var last = SequenceNumber.zero
        for _ in 0..<5 {
            let database = try open(disk, .never)
            _ = run(database, from: 0, &random)
            let end = database.end.number
            #expect(end.start > last.start, "seed \(seed)")
            last = end
            disk.powerCut(.tear, using: &random)
        }
    }
}
