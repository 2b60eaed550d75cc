// A store with one damaged file: it opens, or says why not; what it answers stays the same through
// sealing and another start.
import Model
import Platform
import Store

/// `Database` over damaged buffer files, segments and STORE.
struct RecoveryTarget: FuzzTarget {
    static let name = "recovery"

    private let damage = StoreDamage()
    private let seeds: [StoreSeed]

    init() throws(FuzzFinding) {
        seeds = [
            try StoreSeed(sealed: 0, open: 5), try StoreSeed(sealed: 0, open: 40),
            try StoreSeed(sealed: 12, open: 6),
        ]
    }

    // Two bytes say which file of which seed, the others are its new content.
    func input(_ random: inout FuzzRandom) -> [UInt8] {
        let seed = random.below(seeds.count)
        let files = seeds[seed].files
        // Most of the damage to buffer files: they are what a start reads in full.
        let buffers = files.indices.filter { files[$0].path.hasSuffix(".gorb") }
        let file =
            random.oneIn(3) || buffers.isEmpty
            ? random.below(files.count) : random.pick(buffers)
        let path = files[file].path
        let bytes = files[file].bytes
        let damaged =
            if path.hasSuffix(".gorb") {
                damage.buffer(bytes, &random)
            } else if path.hasSuffix(".gor") {
                damage.segment(bytes, &random)
            } else {
                damage.identity(bytes, &random)
            }
        return [UInt8(seed), UInt8(file)] + damaged
    }

    func check(_ input: [UInt8], _ random: inout FuzzRandom) throws(FuzzFinding) -> Bool {
        guard input.count >= 2, Int(input[0]) < seeds.count,
            Int(input[1]) < seeds[Int(input[0])].files.count
        else { return false }
        var files = seeds[Int(input[0])].files
        files[Int(input[1])].bytes = Array(input.dropFirst(2))
        // A forged segment may have other labels than its ids say, or counts that no sample backs.
        let isSound = RecoveryTarget.isSound(files[Int(input[1])])
        let seed = seeds[Int(input[0])]
        let fileSystem = HeldFileSystem(files)
        // A start may refuse files of a newer program; all else it must get over.
        guard let database = try StoreSeed.open(fileSystem) else { return false }
        let before = try StoreAnswers(database, isForged: !isSound)
        let path = files[Int(input[1])].path
        if files[Int(input[1])].bytes == seed.files[Int(input[1])].bytes {
            try compare(seed.answers, before, "a start")
            let ledger = database.statistics().ledger
            try FuzzFinding.unless(
                ledger == seed.ledger,
                "a start counts \(ledger.rows) instead of \(seed.ledger.rows)"
            )
        } else if path.hasSuffix(".gor"), database.recovery.segments == 0 {
            // The epoch's buffer file is there still.
            try compare(seed.answers, before, "the loss of a segment")
        }
        try follow(database)
        write(database)
        let written = try StoreAnswers(database, isForged: !isSound)
        _ = database.rotate()
        database.sealPending()
        let sealed = try StoreAnswers(database, isForged: !isSound)
        // Damage in an old segment may come up at any read and takes its series with it.
        let isDamaged = database.statistics().damagedReads > 0
        if isSound, !isDamaged, database.statistics().sealFailures == 0 {
            try compare(written, sealed, "sealing")
        }
        try follow(database)
        try StoreSeed.close(database)
        guard let again = try StoreSeed.open(fileSystem) else {
            throw FuzzFinding("the store does not open a second time")
        }
        let reopened = try StoreAnswers(again, isForged: !isSound)
        if isSound, !isDamaged, again.statistics().damagedReads == 0,
            again.recovery.quarantined == 0
        {
            try compare(sealed, reopened, "another start")
        }
        try StoreSeed.close(again)
        return !before.series.isEmpty
    }

    private static func isSound(_ file: (path: String, bytes: [UInt8])) -> Bool {
        guard file.path.hasSuffix(".gor") else { return true }
        do throws(SegmentError) {
            let cache = BlockCache(limitBytes: 1 << 20)
            try SegmentReader(HeldBytes(file.bytes), path: file.path, cache: cache).verify()
            return true
        } catch {
            return false
        }
    }

    // A batch of a known and a new series.
    private func write(_ database: Database) {
        let stream = database.openStream(.host)
        let series = [
            Labels([Label("__name__", "m0"), Label("job", "node"), Label("x", "é")]),
            Labels([Label("__name__", "new")]),
        ]
        var batch = SampleBatch(stream: stream, time: Timestamp(ms: StoreSeed.nowMs))
        batch.series = database.handles(for: series).compactMap { try? $0.get() }
        batch.values = batch.series.map { _ in 42 }
        _ = database.append(batch)
    }

    private func compare(
        _ one: StoreAnswers,
        _ other: StoreAnswers,
        _ event: String
    ) throws(FuzzFinding) {
        try FuzzFinding.unless(one == other, "\(event) changed \(one.difference(to: other))")
    }

    // Reads the feed from the first to the last batch.
    private func follow(_ database: Database) throws(FuzzFinding) {
        var position = FeedPosition(number: .zero)
        // A chunk of one series goes a sample at a time.
        for _ in 0..<300_000 {
            let slice: FeedSlice?
            do throws(StoreError) { slice = try database.next(after: position, limit: 50) } catch {
                return
            }
            guard let slice else { return }
            try FuzzFinding.unless(
                slice.from == position && (position < slice.to || slice.mayBeResend),
                "the feed goes from \(position) to \(slice.to)"
            )
            try FuzzFinding.unless(
                slice.series.count == slice.count && slice.times.count == slice.count,
                "a slice whose columns differ in length"
            )
            for series in slice.series { _ = slice.table.labels(of: series) }
            position = slice.to
        }
        throw FuzzFinding("the feed does not end, it is at \(position)")
    }
}
