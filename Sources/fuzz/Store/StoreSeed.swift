// Small stores that a healthy program wrote: what the damage is done to.
import Model
import Platform
import Store

/// The files of a store.
struct StoreSeed {
    static let basePath = "/store"
    static let nowMs: Int64 = 1_700_000_000_000

    /// In order of their paths.
    let files: [(path: String, bytes: [UInt8])]
    /// What the store said before anything of it was read from a file.
    let answers: StoreAnswers
    /// What it had counted then.
    let ledger: Ledger

    /// Settings for a store in memory that nothing runs behind the scenes of.
    static var options: StoreOptions {
        var options = StoreOptions(basePath: basePath)
        options.locksDirectory = false
        options.runsMaintenance = false
        options.retentionMs = 0
        options.chunkPointLimit = 16
        options.sync = .never
        return options
    }

    /// Writes a store: `sealed` batches that end in a segment, then `open` ones in the buffer.
    /// - Throws: when the store refuses.
    init(sealed: Int, open: Int, series: Int = 7) throws(FuzzFinding) {
        let fileSystem = HeldFileSystem()
        guard let database = try StoreSeed.open(fileSystem) else {
            throw FuzzFinding("a new store does not open")
        }
        if sealed > 0 { StoreSeed.fill(database, series, sealed, from: 0) }
        let closed = try StoreAnswers(database)
        if sealed > 0 {
            _ = database.rotate()
            database.sealPending()
        }
        StoreSeed.fill(database, series, open, from: Int64(sealed))
        answers = open == 0 ? closed : try StoreAnswers(database)
        ledger = database.statistics().ledger
        try StoreSeed.close(database)
        files = fileSystem.files
    }

    /// Opens what is in `fileSystem`; nil when a file there is of a newer version.
    /// - Throws: when it does not open for any other reason.
    static func open(_ fileSystem: HeldFileSystem) throws(FuzzFinding) -> Database? {
        do throws(StoreError) {
            return try Database(
                options,
                fileSystem: fileSystem,
                wallClock: StoppedClock(ms: nowMs)
            )
        } catch {
            if case .newerVersion = error { return nil }
            throw FuzzFinding("the store does not open: \(error)")
        }
    }

    /// Closes without sealing.
    /// - Throws: when the store does not close.
    static func close(_ database: Database) throws(FuzzFinding) {
        do throws(StoreError) {
            try database.close(sealing: false)
        } catch {
            throw FuzzFinding("the store does not close: \(error)")
        }
    }

    private static func fill(
        _ database: Database,
        _ seriesCount: Int,
        _ batches: Int,
        from first: Int64
    ) {
        let scrape = database.openStream(.scrape(job: "node"))
        let push = database.openStream(.push)
        let series = (0..<seriesCount).map {
            Labels([
                Label("__name__", "m\($0)"), Label("job", "node"),
                Label("x", $0 % 2 == 0 ? "é" : "b"),
            ])
        }
        let handles = database.handles(for: series).compactMap { try? $0.get() }
        for number in 0..<Int64(batches) {
            let time = nowMs - 3_600_000 + (first + number) * 15_000
            var batch = SampleBatch(stream: scrape, time: Timestamp(ms: time))
            for (index, handle) in handles.enumerated() where (Int(number) + index) % 5 != 4 {
                batch.series.append(handle)
                let isStale = number % 6 == 5 && index == 2
                batch.values.append(
                    isStale ? StaleMarker.value : Double(number) * 0.5 + Double(index)
                )
            }
            _ = database.append(batch)
            guard number % 3 == 1 else { continue }
            // Times of their own, one of them late.
            var pushed = SampleBatch(stream: push, time: Timestamp(ms: time))
            pushed.series = Array(handles.prefix(3))
            pushed.values = [1, .nan, -0.0]
            pushed.times = [time + 1, time - 20_000 * number, time + 7]
            _ = database.append(pushed)
        }
    }
}

/// A clock that stands still.
struct StoppedClock: WallClock {
    let ms: Int64

    func nowMs() -> Int64 { ms }
}
