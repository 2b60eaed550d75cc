// Kills writer processes at random and holds what the store has afterwards against what it had said.
import Platform
import Store
import TestSupport

/// The rounds of a crash test.
struct CrashRounds {
    /// Rounds over one store before the next begins with an empty directory: what is read back grows.
    private static let roundsOfStore = 25

    private let directory: String
    private let seed: UInt64
    private let files = PosixFileSystem()
    private let clock = SystemClock()

    /// Rounds in a directory of its own below `directory`.
    init(directory: String, seed: UInt64) {
        self.directory = FilePath.join(directory, "crash")
        self.seed = seed
    }

    /// Kills `count` writers.
    /// - Throws: the promise that the store broke; its directory is left as it is.
    func run(_ count: Int) throws(FuzzFinding) {
        let start = clock.nowNs()
        var random = SeededRandom(seed: seed)
        var witness = StoreWitness(lanes: CrashOrder.lanes)
        var steps = 0
        var early = 0
        var tornBytes: Int64 = 0
        for round in 0..<count {
            if round % CrashRounds.roundsOfStore == 0 {
                try clear()
                steps += witness.storedSteps
                witness = StoreWitness(lanes: CrashOrder.lanes)
            }
            do throws(BrokenPromise) {
                let acknowledged = try kill(&witness, &random)
                if acknowledged == 0 { early += 1 }
                tornBytes += try check(&witness)
            } catch {
                throw FuzzFinding(
                    "crash: round \(round) of seed \(seed), left in \(directory): \(error)"
                )
            }
        }
        steps += witness.storedSteps
        try clear()
        let ms = (clock.nowNs() - start) / 1_000_000
        FuzzRun.say(
            """
            crash: \(count) writers killed in \(ms) ms, \(early) of them before their first batch; \
            \(steps) batches stored, each there once; torn tails of \(tornBytes) bytes
            """
        )
    }

    // One writer's life; how many batches it had acknowledged.
    private func kill(
        _ witness: inout StoreWitness,
        _ random: inout SeededRandom
    ) throws(BrokenPromise) -> Int {
        let order = CrashOrder(
            basePath: FilePath.join(directory, "store"),
            notePath: FilePath.join(directory, "notes"),
            seed: random.next(),
            first: (0..<CrashOrder.lanes).map { witness.next(lane: $0) }
        )
        var notes: [CrashNote] = []
        let end: String?
        do throws(Errno) {
            try files.removeIfPresent(order.notePath)
            let writer = try KillableProcess(order.arguments)
            // One in four dies during its start, however busy the machine is; the others write.
            if Int.random(in: 0..<4, using: &random) > 0 { try awaitFirstNote(order.notePath) }
            KillableProcess.pause(ns: Int64.random(in: 1_000_000...50_000_000, using: &random))
            end = writer.killAndWait()
            if try files.exists(order.notePath) {
                notes = CrashNote.all(try files.readAll(order.notePath, limit: 64 << 20))
            }
        } catch {
            throw BrokenPromise("cannot run a writer: \(error)")
        }
        if let end { throw BrokenPromise("the writer ended with \(end)") }
        for note in notes {
            if note.isAcknowledged {
                witness.acknowledged(lane: note.lane, note.step, repeating: note.repeating)
            } else {
                witness.tried(lane: note.lane, note.step, repeating: note.repeating)
            }
        }
        return notes.count { $0.isAcknowledged }
    }

    // Until the writer has noted something; one that notes nothing is found out by what it leaves.
    private func awaitFirstNote(_ path: String) throws(Errno) {
        let deadlineNs = clock.nowNs() + 10_000_000_000
        while clock.nowNs() < deadlineNs {
            if try files.exists(path), try files.open(path, .read).size() > 0 { return }
            KillableProcess.pause(ns: 500_000)
        }
    }

    private func check(_ witness: inout StoreWitness) throws(BrokenPromise) -> Int64 {
        var options = StoreOptions(basePath: FilePath.join(directory, "store"))
        options.runsMaintenance = false
        options.retentionMs = 0
        options.sync = .never
        let database: Database
        do throws(StoreError) { database = try Database(options) } catch {
            throw BrokenPromise("the store does not open: \(error)")
        }
        let recovery = database.recovery
        if recovery.quarantined > 0 || recovery.damagedStretches > 0 || recovery.lostSamples > 0 {
            throw BrokenPromise("a kill damaged something: \(recovery)")
        }
        try witness.check(database)
        return recovery.tornBytes
    }

    private func clear() throws(FuzzFinding) {
        do throws(Errno) {
            try remove(directory)
            try files.makeDirectory(directory)
        } catch {
            throw FuzzFinding("cannot clear \(directory): \(error)")
        }
    }

    private func remove(_ path: String) throws(Errno) {
        guard try files.exists(path) else { return }
        if try files.stat(path).kind == .directory {
            for name in try files.list(path) { try remove(FilePath.join(path, name)) }
        }
        try files.remove(path)
    }
}

/// Power cuts over a disk in memory.
enum PowerCuts {
    /// Lives of `count` seeds.
    /// - Throws: the promise that the store broke.
    static func run(_ count: Int, from seed: UInt64) throws(FuzzFinding) {
        let clock = SystemClock()
        let start = clock.nowNs()
        var steps = 0
        var (kills, cuts, starts, segments, rewrites) = (0, 0, 0, 0, 0)
        for number in 0..<UInt64(count) {
            do throws(BrokenPromise) {
                let tally = try PowerCutRun(seed: seed &+ number).run()
                steps += tally.steps
                kills += tally.kills
                cuts += tally.cuts
                starts += tally.interruptedStarts
                segments += tally.segments
                rewrites += tally.rewrites
            } catch {
                throw FuzzFinding("power: \(error)")
            }
        }
        let ms = (clock.nowNs() - start) / 1_000_000
        FuzzRun.say(
            """
            power: \(count) seeds in \(ms) ms: \(cuts) power cuts, \(kills) kills, \(starts) starts \
            interrupted; \(steps) batches stored, \(segments) segments, \(rewrites) rewrites, nothing synced was lost
            """
        )
    }
}
