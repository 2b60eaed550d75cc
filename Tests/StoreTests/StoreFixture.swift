// A store in a directory of its own, driven by hand: no threads, a clock that stands.
import Model
import Platform
import Store
import TestSupport
import Testing

final class StoreFixture {
    let directory: TemporaryDirectory
    var options: StoreOptions

    init() throws {
        directory = try TemporaryDirectory()
        options = StoreOptions(basePath: directory.path + "/store")
        options.runsMaintenance = false
        options.sync = .never
    }

    /// Opens the store; without the lock a store that was not closed counts as killed.
    func open(
        locked: Bool = true,
        fileSystem: any FileSystem = PosixFileSystem()
    ) throws -> Database {
        var options = options
        options.locksDirectory = locked
        return try Database(options, fileSystem: fileSystem)
    }

    func labels(_ name: String, _ instance: String) -> Labels {
        Labels([Label("__name__", name), Label("instance", instance)])
    }

    func handles(_ database: Database, _ series: [Labels]) throws -> [SeriesHandle] {
        try database.handles(for: series).map { try $0.get() }
    }

    func append(
        _ database: Database,
        _ stream: StreamHandle,
        _ series: [Labels],
        time: Int64,
        values: [Double]
    ) throws -> AppendOutcome {
        var batch = SampleBatch(stream: stream, time: Timestamp(ms: time))
        batch.series = try handles(database, series)
        batch.values = values
        return database.append(batch)
    }

    /// All series with all their samples.
    func read(_ database: Database) throws -> [Labels: SampleColumns] {
        let selection = try database.select([], in: .all)
        var series: [Labels: SampleColumns] = [:]
        for index in 0..<selection.count {
            var columns = SampleColumns()
            selection.read(at: index, in: .all, into: &columns)
            series[selection.labels(at: index)] = columns
        }
        return series
    }
}
