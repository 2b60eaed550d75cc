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
    let path: String
    private let options: StoreOptions
    private var time: Int64 = 1_700_000_000_000
    // Whether another BenchStore has taken the directory over.
    private var isHandedOver = false

    /// A store without limits that would rotate it, in a new directory.
    static func options(sync: BufferSync = .never) -> StoreOptions {
        var options = StoreOptions(basePath: "/tmp/tsdb-agent-bench-\(SystemClock().nowNs())")
        options.sync = sync
        options.runsMaintenance = false
        options.headSizeLimit = .max
        options.bufferMaxSize = .max
        options.chunkTimeLimitMs = .max
        options.rewrite.delayMs = 0
        return options
    }

    private init(
        _ options: StoreOptions,
        _ loads: [ScrapeLoad],
        _ series: [[Labels]],
        _ fileSystem: any FileSystem = PosixFileSystem(),
        _ engines: StoreEngines = StoreEngines()
    ) throws {
        let database = try Database(
            options,
            engines: engines,
            fileSystem: fileSystem,
            isClockSynchronised: { false }
        )
        self.database = database
        self.options = options
        self.loads = loads
        path = options.basePath
        handles = try series.map { series in
            try database.handles(for: series).map { try $0.get() }
        }
        streams = series.map { _ in database.openStream(.scrape(job: "load")) }
    }

    /// Targets whose series move like those of real exporters.
    convenience init(
        targets: Int,
        seriesCount: Int,
        sync: BufferSync = .never,
        keepsBuffer: Bool = true,
        fileSystem: any FileSystem = PosixFileSystem()
    ) throws {
        let loads = (0..<targets).map { ScrapeLoad(target: $0, seriesCount: seriesCount) }
        var options = BenchStore.options(sync: sync)
        options.keepsBuffer = keepsBuffer
        try self.init(options, loads, loads.map(\.series), fileSystem)
    }

    /// One target: the series of a recording.
    convenience init(
        recording: NodeRecording,
        sync: BufferSync = .never,
        engines: StoreEngines = StoreEngines()
    ) throws {
        try self.init(
            BenchStore.options(sync: sync),
            [],
            [recording.series],
            PosixFileSystem(),
            engines
        )
    }

    /// The store as it is after a stop that sealed nothing.
    ///
    /// The series have no handles in it; this one is of no use any more.
    func reopened() throws -> BenchStore {
        try BenchStore(handedOver: handOver())
    }

    /// Closes the store without sealing anything, and leaves its directory to the next one.
    func handOver() throws -> StoreOptions {
        try database.close(sealing: false)
        isHandedOver = true
        return options
    }

    /// The store that another one has handed over.
    convenience init(handedOver options: StoreOptions) throws {
        try self.init(options, [], [])
    }

    deinit {
        do {
            if isHandedOver { return }
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

    /// The batches of one round over all targets, `step` milliseconds after the round before.
    func batches(step: Int64 = 1000) -> [SampleBatch] {
        time += step
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

    /// The batches of one round, 15 seconds after the round before: the values of a recording's scrape,
    /// from the first series on again where it has fewer.
    func batches(of node: NodeRecording, point: Int) -> [SampleBatch] {
        time += 15_000
        var column = 0
        return handles.indices.map { target in
            var batch = SampleBatch(stream: streams[target], time: Timestamp(ms: time))
            batch.series = handles[target]
            batch.values = handles[target].map { _ in
                defer { column = (column + 1) % node.columns.count }
                return node.columns[column][point]
            }
            return batch
        }
    }

    /// A batch of one sample, for `setSingle`.
    func single() -> SampleBatch {
        var batch = SampleBatch(stream: streams[0], time: Timestamp(ms: time))
        batch.series = [handles[0][0]]
        batch.values = [0]
        return batch
    }

    /// Makes `batch` that of call `number`, which goes to the next series of the first target.
    func setSingle(_ number: Int, _ batch: inout SampleBatch) {
        let place = number % handles[0].count
        if place == 0 {
            time += 1000
            batch.time = Timestamp(ms: time)
        }
        batch.series[0] = handles[0][place]
        batch.values[0] = Double(number)
    }

    /// Appends `rounds` rounds, `step` milliseconds apart; gives back the seconds that the appends alone took.
    func append(rounds: Int, step: Int64 = 1000) -> Double {
        var total = 0.0
        for _ in 0..<rounds {
            let batches = batches(step: step)
            total += seconds {
                for batch in batches { _ = database.append(batch) }
            }
        }
        return total
    }

    /// Appends scrapes of a recording, all or those in `points`.
    func append(_ node: NodeRecording, times: [Int64], points: Range<Int>? = nil) {
        for point in points ?? 0..<node.points {
            var batch = SampleBatch(stream: streams[0], time: Timestamp(ms: times[point]))
            batch.series = handles[0]
            batch.values = node.row(point)
            _ = database.append(batch)
        }
    }
}
