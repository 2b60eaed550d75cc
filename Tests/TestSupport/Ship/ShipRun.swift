// Seeded lives of an agent with destinations: a real store and real cursor files on a disk in memory, the
// shipping's state machine, simulated receivers; killed, without power, reloaded, its clock set.
import Forward
import Platform
import Store

/// One seed's life.
public struct ShipRun {
    /// What happened, for the summary.
    public struct Tally: Sendable {
        public var samples = 0
        public var kills = 0
        public var cuts = 0
        public var reloads = 0
        public var emptied = 0
        public var segments = 0
        public var repeated = 0
        public var refused = 0
        /// Samples that alone were answered with 5xx.
        public var setAside = 0

        public init() {}
    }

    private var disk = MemoryFileSystem()
    private var options = StoreOptions(basePath: "/data")
    private var parts: ShipWorldParts
    private var truth = ShipTruth()
    private var lanes: [ShipLane] = []
    private var database: Database?
    private var newestStart: UInt32 = 0
    private var boot: UInt8 = 1
    private let stepsClock: Bool
    // Steps for which time stands still: starts within one second.
    private var frozenSteps = 0
    private var tally = Tally()

    /// Makes a life; the seed decides everything.
    public init(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        options.sync =
            [.interval(ms: 1000), .always, .never][Int.random(in: 0..<3, using: &random)]
        options.locksDirectory = false
        options.runsMaintenance = false
        options.replaysInBackground = false
        options.chunkPointLimit = 16
        options.rewrite.delayMs = 0
        options.feedMemoryBytes = [500, 5_000, 1 << 20][Int.random(in: 0..<3, using: &random)]
        options.chunkTimeLimitMs = Int64.random(in: 10_000...200_000, using: &random)
        options.bufferMaxSize = Int64.random(in: 1_000...20_000, using: &random)
        options.retentionMs = [0, 1_000, 30_000][Int.random(in: 0..<3, using: &random)]
        options.retentionSize = 0
        stepsClock = Int.random(in: 0..<3, using: &random) == 0
        let kinds = SimulatedReceiver.Kind.allCases
        for number in 0..<Int.random(in: 1...3, using: &random) {
            let kind = kinds[Int.random(in: 0..<kinds.count, using: &random)]
            let limits = ShipRun.limits(&random)
            let windowsMs: [Int64] = [30_000, 300_000, 3_600_000]
            let receiver = SimulatedReceiver(
                kind,
                windowMs: windowsMs[Int.random(in: 0..<3, using: &random)],
                poison: Int.random(in: 0..<6, using: &random) == 0
                    ? [Int.random(in: 0..<15, using: &random)] : []
            )
            lanes.append(ShipLane("to-\(number)", receiver, limits))
        }
        parts = ShipWorldParts(random: random, clock: ManualClock())
    }

    private static func limits(_ random: inout SeededRandom) -> ShipLimits {
        var limits = ShipLimits()
        limits.samplesPerSend = [2, 7, 40][Int.random(in: 0..<3, using: &random)]
        limits.inFlight = Int.random(in: 1...4, using: &random)
        limits.spreadMs = 5_000
        limits.syncNs = [0, 1_000_000_000, 10_000_000_000][Int.random(in: 0..<3, using: &random)]
        return limits
    }

    /// Lives it.
    /// - Throws: the promise that was broken.
    public consuming func run() throws(BrokenPromise) -> Tally {
        try open()
        for _ in 0..<Int.random(in: 100...700, using: &parts.random) { try step() }
        try rest()
        return tally
    }

    private mutating func open() throws(BrokenPromise) {
        let opened: Database
        do throws(StoreError) {
            opened = try Database(
                options,
                fileSystem: disk,
                wallClock: parts.clock,
                isClockSynchronised: { false }
            )
        } catch { throw BrokenPromise("the store does not open: \(error)") }
        database = opened
        truth.begin(opened)
        for index in lanes.indices {
            opened.offer(lanes[index].name, through: FeedPosition(number: .max))
            opened.pin(lanes[index].name, at: FeedPosition(number: .zero))
        }
        for index in lanes.indices { try lanes[index].start(opened, place(opened), &parts) }
    }

    private func place(_ database: Database) -> CursorPlace {
        CursorPlace(
            files: disk,
            directory: "/data/forward",
            quarantine: "/data/quarantine",
            store: CursorTag(database.storeID.bytes),
            boot: CursorTag([UInt8](repeating: boot, count: 16))
        )
    }

    // MARK: Chance

    private mutating func step() throws(BrokenPromise) {
        guard let database else { return }
        if frozenSteps > 0 {
            frozenSteps -= 1
            if Int.random(in: 0..<20, using: &parts.random) == 0 { return try cutPower() }
        } else {
            parts.clock.advance(by: .milliseconds(Int.random(in: 0...300, using: &parts.random)))
        }
        let index = Int.random(in: 0..<lanes.count, using: &parts.random)
        switch Int.random(in: 0..<400, using: &parts.random) {
        case 0..<120:
            try truth.addBatch(to: database, nowMs: parts.clock.nowMs(), &parts.random)
            for index in lanes.indices { try lanes[index].wake(&parts) }
        case 120..<124: _ = database.rotate()
        case 124..<130: database.sealPending()
        case 130..<136: database.maintain()
        case 136..<139: _ = database.rewrite()
        case 139..<146:
            if (try? database.syncBuffer()) != nil { truth.noteSynced() }
        case 146, 147: lanes[index].isOut.toggle()
        case 148: lanes[index].isFailing.toggle()
        case 149: try reload(index, database)
        case 150: try kill()
        case 151: try cutPower()
        case 152: if stepsClock { stepClock() }
        case 153: parts.clock.advance(by: .seconds(Int.random(in: 0...7_200, using: &parts.random)))
        case 154: lanes[index].takeForeign(timeMs: parts.clock.nowMs())
        case 155: try emptyDisk()
        case 156..<160: try hurry(index, database)
        default: try lanes[index].step(database, truth, &parts)
        }
        for index in lanes.indices { try lanes[index].checkStep(truth) }
    }

    // A destination does in no time what else takes seconds: what is stored is answered at once.
    private mutating func hurry(_ index: Int, _ database: Database) throws(BrokenPromise) {
        for _ in 0..<40 {
            try lanes[index].step(database, truth, &parts)
            try lanes[index].checkStep(truth)
        }
    }

    private mutating func stepClock() {
        let stepsMs: [Int64] = [-7_200_000, -20_000, 20_000, 7_200_000]
        let stepMs = stepsMs[Int.random(in: 0..<4, using: &parts.random)]
        if stepMs < 0 { parts.clockWentBack = true }
        parts.clock.stepWall(byMs: stepMs)
    }

    private mutating func reload(_ index: Int, _ database: Database) throws(BrokenPromise) {
        tally.reloads += 1
        let limits = ShipRun.limits(&parts.random)
        try lanes[index].reload(limits, database, truth, place(database), &parts)
    }

    private mutating func kill() throws(BrokenPromise) {
        tally.kills += 1
        try die()
    }

    private mutating func cutPower() throws(BrokenPromise) {
        tally.cuts += 1
        boot += 1
        let cuts: [PowerCut] = [.dropAll, .tear, .scatter]
        let cut = cuts[Int.random(in: 0..<cuts.count, using: &parts.random)]
        if options.sync != .always { truth.notePowerCut() }
        try die { disk, random in disk.powerCut(cut, using: &random) }
    }

    // Another disk is put in: the store, its past and the cursors are gone.
    private mutating func emptyDisk() throws(BrokenPromise) {
        tally.emptied += 1
        for index in lanes.indices {
            lanes[index].kill(&parts)
            lanes[index].forgetStore()
        }
        truth.noteEmptied()
        database = nil
        disk = MemoryFileSystem()
        try open()
    }

    private mutating func die(
        _ then: (MemoryFileSystem, inout SeededRandom) -> Void = { _, _ in }
    ) throws(BrokenPromise) {
        newestStart = max(newestStart, database?.end.number.start ?? 0)
        for index in lanes.indices { lanes[index].kill(&parts) }
        database = nil
        then(disk, &parts.random)
        if Bool.random(using: &parts.random) {
            frozenSteps = Int.random(in: 0...60, using: &parts.random)
        }
        try open()
        try BrokenPromise.unless(
            database?.end.number.start ?? 0 <= newestStart,
            "a start begins with a batch of its own"
        )
    }

    // MARK: The end

    // All faults are over: everything has to come to rest, and nothing may be held back.
    private mutating func rest() throws(BrokenPromise) {
        guard let database else { return }
        parts.isCalm = true
        var rounds = 0
        while !lanes.allSatisfy({ $0.isIdle && $0.isInStep }) {
            for index in lanes.indices {
                try lanes[index].drain(database, truth, &parts)
                try lanes[index].checkStep(truth)
            }
            rounds += 1
            try BrokenPromise.unless(rounds < 100_000, "it does not come to rest")
        }
        for lane in lanes {
            try lane.check(truth, database)
            tally.repeated += lane.receiver.arrivals.values.reduce(0) { $0 + $1 - 1 }
            tally.refused += lane.refused.count
            tally.setAside += lane.setAside
        }
        tally.samples = truth.samples.count
        tally.segments = database.statistics().segmentCount
        try checkNothingPinned(database)
    }

    // After two more epochs the buffers of all before are gone, and with retention the segments.
    private func checkNothingPinned(_ database: Database) throws(BrokenPromise) {
        database.rotate()
        database.sealPending()
        database.maintain()
        let kept = database.statistics().bufferBytes
        for lane in lanes {
            let position = FeedPosition(number: database.end.number)
            database.pin(lane.name, at: position)
        }
        database.maintain()
        try BrokenPromise.unless(
            database.statistics().bufferBytes == kept,
            "a destination in step holds back \(kept) bytes of the buffer"
        )
    }
}
