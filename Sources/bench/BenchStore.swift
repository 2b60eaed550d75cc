// A store in a directory of its own that is removed afterwards.
import Model
import Platform
import Store

/// A database with targets to scrape.
final class BenchStore {
    let database: Database
    var loads: [ScrapeLoad]
    let handles: [[SeriesHandle]]
    let streams: [StreamHandle]
    private let path: String
    private var time: Int64 = 1_700_000_000_000

    init(targets: Int, seriesCount: Int, sync: BufferSync = .never) throws {
        path = "/tmp/tsdb-agent-bench-\(SystemClock().nowNs())"
        var options = StoreOptions(basePath: path)
        options.sync = sync
        options.runsMaintenance = false
        options.headSizeLimit = .max
        options.bufferMaxSize = .max
        options.chunkTimeLimitMs = .max
        let database = try Database(options, isClockSynchronised: { false })
        self.database = database
        loads = (0..<targets).map { ScrapeLoad(target: $0, seriesCount: seriesCount) }
        handles = try loads.map { load in
            try database.handles(for: load.series).map { try $0.get() }
        }
        streams = loads.map { _ in database.openStream(.scrape(job: "load")) }
    }

    deinit {
        do {
            try database.close(sealing: false)
            try remove(path, PosixFileSystem())
        } catch {
            print("cannot clean up \(path): \(error)")
        }
    }

    private func remove(_ path: String, _ files: PosixFileSystem) throws(Errno) {
        if try files.stat(path).kind == .directory {
            for name in try files.list(path) { try remove(FilePath.join(path, name), files) }
        }
        try files.remove(path)
    }

    /// The batches of one round over all targets.
    func batches() -> [SampleBatch] {
        time += 1000
        return loads.indices.map { target in
            loads[target].step()
            var batch = SampleBatch(
                stream: streams[target],
                time: Timestamp(ms: time + Int64(target) * 3)
            )
            batch.series = handles[target]
            batch.values = loads[target].values
            return batch
        }
    }

    /// Appends `rounds` rounds; gives back the seconds that the appends alone took.
    func append(rounds: Int) -> Double {
        var total = 0.0
        for _ in 0..<rounds {
            let batches = batches()
            total += seconds {
                for batch in batches { _ = database.append(batch) }
            }
        }
        return total
    }
}
