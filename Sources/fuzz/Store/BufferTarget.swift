// Buffer files: what was acknowledged comes back bit for bit, whatever it was; what comes out of a
// damaged file was put in; a forged one is read as far as it makes sense.
import Model
import Platform
import Store

/// `FileBuffer`, its records and their replay.
struct BufferTarget: FuzzTarget {
    static let name = "buffer"

    // The first byte of an input: what it is.
    private static let batches: UInt8 = 0
    private static let damaged: UInt8 = 1
    private static let forged: UInt8 = 2

    // The format's: Store.docc/write-ahead-log.md
    private static let batchType: UInt8 = 2
    private static let keyPeriod = 16

    private let damage = StoreDamage()
    private let seeds: [StoreSeed]

    init() throws(FuzzFinding) {
        seeds = [try StoreSeed(sealed: 0, open: 5), try StoreSeed(sealed: 0, open: 60)]
    }

    // Batches: a seed follows. A file: the number of its store, then its bytes.
    func input(_ random: inout FuzzRandom) -> [UInt8] {
        if random.oneIn(3) { return [BufferTarget.batches] + random.bytes(8) }
        let store = random.below(seeds.count)
        let file = seeds[store].files.first { $0.path.hasSuffix(".gorb") }
        var bytes = file?.bytes ?? []
        let isForged = random.oneIn(2)
        if isForged {
            bytes = damage.buffer(bytes, &random)
        } else {
            damage.bytes(&bytes, &random)
        }
        return [isForged ? BufferTarget.forged : BufferTarget.damaged, UInt8(store)] + bytes
    }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        guard input.count >= 2 else { return false }
        if input[0] == BufferTarget.batches {
            try checkBatches(&random)
            return true
        }
        guard Int(input[1]) < seeds.count else { return false }
        let seed = seeds[Int(input[1])]
        let bytes = Array(input.dropFirst(2))
        var files = seed.files
        guard let place = files.firstIndex(where: { $0.path.hasSuffix(".gorb") }) else {
            throw FuzzFinding("a seed without a buffer file")
        }
        let whole = files[place].bytes
        files[place].bytes = bytes
        let fileSystem = HeldFileSystem(files)
        try describe(files[place].path, fileSystem, isWhole: bytes == whole)
        guard let database = try StoreSeed.open(fileSystem) else { return false }
        let found = try StoreAnswers(database)
        if bytes == whole {
            try FuzzFinding.unless(
                found == seed.answers,
                "a start changed \(seed.answers.difference(to: found))"
            )
            let ledger = database.statistics().ledger
            try FuzzFinding.unless(
                ledger == seed.ledger,
                "a start counts \(ledger.rows) instead of \(seed.ledger.rows)"
            )
        }
        if input[0] == BufferTarget.damaged {
            try FuzzFinding.unless(
                found.isPart(of: seed.answers),
                "damage made something up: \(seed.answers.difference(to: found))"
            )
            if bytes.count == whole.count, zip(bytes, whole).count(where: { $0 != $1 }) == 1 {
                try checkLoss(database.recovery, of: whole)
            }
        }
        try StoreSeed.close(database)
        return !found.series.isEmpty
    }

    // A damaged byte takes a record, and with a batch at most those up to its stream's next key.
    private func checkLoss(
        _ recovery: RecoveryReport,
        of file: [UInt8]
    ) throws(FuzzFinding) {
        let batches = ChecksumRepair.records(file).count { $0.type == BufferTarget.batchType }
        try FuzzFinding.unless(
            recovery.quarantined <= 1
                && recovery.replayedBatches + BufferTarget.keyPeriod >= batches,
            "a byte costs \(batches - recovery.replayedBatches) of \(batches) batches"
        )
    }

    private func describe(
        _ path: String,
        _ fileSystem: HeldFileSystem,
        isWhole: Bool
    ) throws(FuzzFinding) {
        let lines: [String]
        do throws(StoreError) {
            lines = try StoreInspector.describe(path: path, fileSystem: fileSystem)
        } catch {
            throw FuzzFinding("the inspector fails: \(error)")
        }
        try FuzzFinding.unless(
            !isWhole || lines.last == "every checksum is right",
            "the inspector says of a whole file: \(lines)"
        )
    }

    // MARK: Batches

    // Values, times and series at random; a start, and sealing, must not change them.
    private func checkBatches(_ random: inout FuzzRandom) throws(FuzzFinding) {
        let fileSystem = HeldFileSystem()
        guard let database = try StoreSeed.open(fileSystem) else {
            throw FuzzFinding("a new store does not open")
        }
        let stored = append(to: database, &random)
        let before = try StoreAnswers(database)
        let count = before.series.values.reduce(0) { $0 + $1.count }
        try FuzzFinding.unless(
            count == stored,
            "\(stored) samples are acknowledged, \(count) are there"
        )
        // As a kill leaves it.
        let killed = HeldFileSystem(fileSystem.files)
        guard let again = try StoreSeed.open(killed) else {
            throw FuzzFinding("the store does not open a second time")
        }
        let replayed = try StoreAnswers(again)
        try FuzzFinding.unless(
            before == replayed,
            "a start changed \(before.difference(to: replayed))"
        )
        let direct = try BufferTarget.sealed(database, fileSystem)
        let detour = try BufferTarget.sealed(again, killed)
        try FuzzFinding.unless(
            direct == detour,
            "sealed at once: \(direct), after a start: \(detour)"
        )
        let sealed = try StoreAnswers(again)
        try FuzzFinding.unless(
            before == sealed,
            "sealing changed \(before.difference(to: sealed))"
        )
        try StoreSeed.close(again)
        try StoreSeed.close(database)
    }

    // Seals what is open; what the inspector says of the segment, but for places and names.
    private static func sealed(
        _ database: Database,
        _ fileSystem: HeldFileSystem
    ) throws(FuzzFinding) -> [String] {
        _ = database.rotate()
        database.sealPending()
        var lines: [String] = []
        for file in fileSystem.files where file.path.hasSuffix(".gor") {
            do throws(StoreError) {
                lines += try StoreInspector.describe(path: file.path, fileSystem: fileSystem)
            } catch {
                throw FuzzFinding("the inspector fails: \(error)")
            }
        }
        let facts = ["series ", "samples ", "chunks ", "times ", "ledger "]
        return lines.filter { line in facts.contains { line.hasPrefix($0) } }
    }

    // Returns how many samples were acknowledged.
    private func append(to database: Database, _ random: inout FuzzRandom) -> Int {
        let width = random.pick([1, 3, 9, 40])
        let steps = random.pick([1, 5, 17, 40])
        let names = (0..<width).map {
            Labels([Label("__name__", "m\($0)"), Label("path", "/a/\($0 % 4)")])
        }
        let handles = database.handles(for: names).compactMap { try? $0.get() }
        let columns = handles.map { _ in RandomColumns.values(steps, &random) }
        let streams = [database.openStream(.scrape(job: "a")), database.openStream(.push)]
        let absent = random.pick([0, 0, 30, 4])
        var stored = 0
        for step in 0..<steps {
            let time = StoreSeed.nowMs - 900_000 + Int64(step) * 15_000
            let isPush = random.oneIn(5)
            var batch = SampleBatch(
                stream: streams[isPush ? 1 : 0],
                time: Timestamp(ms: time)
            )
            for (series, handle) in handles.enumerated() {
                if absent > 0, random.oneIn(absent) { continue }
                batch.series.append(handle)
                batch.values.append(columns[series][step])
                // Some of them late.
                if isPush { batch.times.append(time - Int64(random.below(40_000))) }
            }
            if case .stored(let count, _) = database.append(batch) { stored += count }
        }
        return stored
    }
}
