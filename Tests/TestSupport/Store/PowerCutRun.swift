// The life of a store on a disk that dies at any call and forgets what was not synced: written to,
// rotated, sealed, killed, without power, opened again, a few times over.
import Model
import Platform
import Store

/// One seed's life of a store.
public struct PowerCutRun {
    /// What happened, for the summary.
    public struct Tally: Sendable {
        /// Steps that were there in the end.
        public var steps = 0
        public var kills = 0
        public var cuts = 0
        /// How often a start itself was interrupted.
        public var interruptedStarts = 0
        public var segments = 0
        /// Merged segments that were written.
        public var rewrites = 0

        public init() {}
    }

    private let seed: UInt64
    private let sync: BufferSync
    private let disk = FaultyFileSystem()
    private let clock = ManualClock()
    private var random: SeededRandom
    private var witness = StoreWitness(lanes: 2)
    private var tally = Tally()
    private var newest = SequenceNumber.zero
    /// Steps that were acknowledged since the last sync: a power cut may take them.
    private var unsynced: [(lane: Int, step: Int)] = []
    private var options = StoreOptions(basePath: "/data")

    /// Makes a run; the seed decides everything.
    public init(seed: UInt64) {
        self.seed = seed
        random = SeededRandom(seed: seed)
        sync = [.always, .always, .interval(ms: 1000), .never][Int(seed % 4)]
        options.sync = sync
        options.locksDirectory = false
        options.runsMaintenance = false
        options.retentionMs = 0
        options.chunkPointLimit = 16
        options.rewrite.delayMs = 0
        options.chunkTimeLimitMs = Int64.random(in: 10_000...500_000, using: &random)
        options.bufferMaxSize = Int64.random(in: 500...20_000, using: &random)
    }

    /// Lives the life.
    ///
    /// - Returns: what it consisted of.
    /// - Throws: the promise that the store broke.
    public consuming func run() throws(BrokenPromise) -> Tally {
        do throws(BrokenPromise) {
            for _ in 0..<5 {
                try live()
                try end()
            }
            let database = try open()
            try witness.check(database)
            tally.steps = witness.storedSteps
            tally.segments = database.statistics().segmentCount
            return tally
        } catch {
            throw BrokenPromise("seed \(seed), fsync \(sync): \(error)\(files)")
        }
    }

    // What the store looks like when a promise is broken.
    private var files: String {
        let directories = ["/data/buffer", "/data/segments", "/data/quarantine"]
        return directories.flatMap { directory in
            ((try? disk.base.list(directory)) ?? []).flatMap { name in
                let path = FilePath.join(directory, name)
                let lines = try? StoreInspector.describe(path: path, fileSystem: disk.base)
                return ["\n\(path)"] + (lines ?? []).map { "\n    \($0)" }
            }
        }.joined()
    }

    private func open() throws(BrokenPromise) -> Database {
        do throws(StoreError) {
            return try Database(options, fileSystem: disk, wallClock: clock)
        } catch {
            throw BrokenPromise("the store does not open: \(error)")
        }
    }

    // Until the disk dies, or the writers tire.
    private mutating func live() throws(BrokenPromise) {
        if Int.random(in: 0..<6, using: &random) == 0 {
            // A start that is interrupted; the next one has what it left.
            disk.halt(atCall: disk.calls + Int.random(in: 1...30, using: &random))
            _ = try? Database(options, fileSystem: disk, wallClock: clock)
            disk.heal()
            tally.interruptedStarts += 1
        }
        let database = try open()
        try witness.check(database)
        // What a start finds is safe from then on.
        unsynced = []
        let before = newest
        disk.halt(atCall: disk.calls + Int.random(in: 1...250, using: &random))
        let workloads = (0..<2).map { StoreWorkload(lane: $0) }
        let streams = workloads.map { $0.openStreams(database) }
        var previous: [Int?] = [nil, nil]
        for _ in 0..<Int.random(in: 1...120, using: &random) {
            clock.advance(by: .milliseconds(Int.random(in: 0...2_000, using: &random)))
            switch Int.random(in: 0..<24, using: &random) {
            case 0: _ = database.rotate()
            case 1: database.sealPending()
            case 2: database.maintain()
            case 3: tally.rewrites += database.rewrite()
            case 4:
                guard (try? database.syncBuffer()) != nil else { continue }
                unsynced = []
            default:
                let lane = Int.random(in: 0..<2, using: &random)
                let step = witness.next(lane: lane)
                let repeating = step > 0 && previous[lane] == step - 1
                witness.tried(lane: lane, step, repeating: repeating)
                guard
                    let batch = workloads[lane].batch(
                        step,
                        repeating: repeating,
                        in: database,
                        streams[lane]
                    )
                else { throw BrokenPromise("no handles for step \(step)") }
                guard case .stored(let count, _) = database.append(batch) else { continue }
                let offered = workloads[lane].samples(step, repeating: false).count
                guard (offered...batch.count).contains(count) else {
                    throw BrokenPromise("step \(step) of \(offered) samples stored \(count)")
                }
                // Also where a power cut left nothing of it, no number is given out twice.
                let number = database.end.number
                if number.start <= before.start {
                    throw BrokenPromise("number \(number) after \(before)")
                }
                newest = max(newest, number)
                witness.acknowledged(lane: lane, step, repeating: repeating)
                previous[lane] = step
                if sync != .always { unsynced.append((lane, step)) }
            }
        }
        if Int.random(in: 0..<8, using: &random) == 0 {
            if (try? database.close(sealing: Bool.random(using: &random))) != nil { unsynced = [] }
        }
    }

    // The process is killed, and often the power fails too.
    private mutating func end() throws(BrokenPromise) {
        disk.heal()
        if Int.random(in: 0..<4, using: &random) == 0 {
            tally.kills += 1
            return
        }
        tally.cuts += 1
        let cut: PowerCut = [.dropAll, .tear, .scatter][Int.random(in: 0..<3, using: &random)]
        disk.powerCut(cut, using: &random)
        if sync == .never {
            witness.releaseAll()
        } else {
            for one in unsynced { witness.release(lane: one.lane, one.step) }
        }
        unsynced = []
    }
}
