// A store on a disk in memory that fails as told, driven by hand.
import Model
import Platform
import Store
import TestSupport
import Testing

struct SpineFixture {
    let disk = FaultyFileSystem()
    let clock = ManualClock()
    var options: StoreOptions

    init() {
        options = StoreOptions(basePath: "/data")
        options.locksDirectory = false
        options.runsMaintenance = false
        options.sync = .never
    }

    /// Opens the store; one that was not closed counts as killed.
    func open(_ fileSystem: (any FileSystem)? = nil) throws -> Database {
        try Database(options, fileSystem: fileSystem ?? disk, wallClock: clock)
    }

    func series(_ count: Int, _ name: String = "m") -> [Labels] {
        (0..<count).map { Labels([Label("__name__", name), Label("instance", "i\($0)")]) }
    }

    func batch(
        _ database: Database,
        _ stream: StreamHandle,
        _ series: [Labels],
        time: Int64,
        _ values: [Double]
    ) throws -> SampleBatch {
        var batch = SampleBatch(stream: stream, time: Timestamp(ms: time))
        batch.series = try database.handles(for: series).map { try $0.get() }
        batch.values = values
        return batch
    }

    func append(
        _ database: Database,
        _ stream: StreamHandle,
        _ series: [Labels],
        time: Int64,
        _ values: [Double]
    ) throws -> AppendOutcome {
        database.append(try batch(database, stream, series, time: time, values))
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

    func files(_ directory: String, suffix: String) throws -> [String] {
        try disk.base.list("/data/\(directory)").filter { $0.hasSuffix(suffix) }
            .map { "/data/\(directory)/\($0)" }
    }
}

/// Calls `onWrite` before each write to a buffer file: a look at the store in the middle of a batch.
final class WatchedFileSystem: PassingFileSystem {
    let base: any FileSystem
    let onWrite: @Sendable () -> Void

    init(_ base: any FileSystem, onWrite: @escaping @Sendable () -> Void) {
        self.base = base
        self.onWrite = onWrite
    }

    func open(_ path: String, _ mode: OpenMode) throws(Errno) -> any OpenFile {
        let file = try base.open(path, mode)
        return path.hasSuffix(".gorb") ? WatchedFile(file, onWrite) : file
    }
}

private final class WatchedFile: PassingFile {
    let base: any OpenFile
    private let onWrite: @Sendable () -> Void

    init(_ base: any OpenFile, _ onWrite: @escaping @Sendable () -> Void) {
        self.base = base
        self.onWrite = onWrite
    }

    func write(_ bytes: Span<UInt8>, at offset: Int64) throws(Errno) {
        onWrite()
        try base.write(bytes, at: offset)
    }
}
