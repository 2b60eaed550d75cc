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
final class WatchedFileSystem: FileSystem {
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
    func map(_ path: String) throws(Errno) -> any MappedBytes { try base.map(path) }
    func stat(_ path: String) throws(Errno) -> FileInfo { try base.stat(path) }
    func list(_ path: String) throws(Errno) -> [String] { try base.list(path) }
    func makeDirectory(_ path: String) throws(Errno) { try base.makeDirectory(path) }
    func rename(_ source: String, to target: String) throws(Errno) {
        try base.rename(source, to: target)
    }
    func link(_ source: String, to target: String) throws(Errno) {
        try base.link(source, to: target)
    }
    func remove(_ path: String) throws(Errno) { try base.remove(path) }
    func syncDirectory(_ path: String) throws(Errno) { try base.syncDirectory(path) }
    func freeSpace(_ path: String) throws(Errno) -> DiskSpace { try base.freeSpace(path) }
}

private final class WatchedFile: OpenFile {
    private let base: any OpenFile
    private let onWrite: @Sendable () -> Void

    init(_ base: any OpenFile, _ onWrite: @escaping @Sendable () -> Void) {
        self.base = base
        self.onWrite = onWrite
    }

    var path: String { base.path }
    func size() throws(Errno) -> Int64 { try base.size() }
    func read(
        into target: inout OutputSpan<UInt8>,
        count: Int,
        at offset: Int64
    ) throws(Errno) -> Int {
        try base.read(into: &target, count: count, at: offset)
    }
    func write(_ bytes: Span<UInt8>, at offset: Int64) throws(Errno) {
        onWrite()
        try base.write(bytes, at: offset)
    }
    func append(_ bytes: Span<UInt8>) throws(Errno) { try base.append(bytes) }
    func truncate(to size: Int64) throws(Errno) { try base.truncate(to: size) }
    func allocate(offset: Int64, length: Int64) throws(Errno) {
        try base.allocate(offset: offset, length: length)
    }
    func sync() throws(Errno) { try base.sync() }
    func syncData() throws(Errno) { try base.syncData() }
    func close() throws(Errno) { try base.close() }
}
