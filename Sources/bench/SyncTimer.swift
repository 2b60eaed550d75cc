// A disk that knows how long it was asked to make things durable: the rest is what the store costs.
import Platform
import Synchronization

/// Passes everything on, and adds up the time that fsync and fdatasync take.
final class SyncTimer: FileSystem {
    private let base = PosixFileSystem()
    private let spent = Atomic<Int64>(0)

    /// The seconds in fsync and fdatasync so far, of files and directories.
    var seconds: Double { Double(spent.load(ordering: .relaxed)) / 1e9 }

    func open(_ path: String, _ mode: OpenMode) throws(Errno) -> any OpenFile {
        TimedFile(try base.open(path, mode), self)
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
    func syncDirectory(_ path: String) throws(Errno) {
        try time { () throws(Errno) in try base.syncDirectory(path) }
    }
    func freeSpace(_ path: String) throws(Errno) -> DiskSpace { try base.freeSpace(path) }

    fileprivate func time(_ body: () throws(Errno) -> Void) throws(Errno) {
        let clock = SystemClock()
        let start = clock.nowNs()
        try body()
        spent.add(Int64(clock.nowNs() - start), ordering: .relaxed)
    }
}

/// A file whose syncs are timed.
private final class TimedFile: OpenFile {
    var path: String { base.path }
    private let base: any OpenFile
    private let timer: SyncTimer

    init(_ base: any OpenFile, _ timer: SyncTimer) {
        self.base = base
        self.timer = timer
    }

    func size() throws(Errno) -> Int64 { try base.size() }
    func read(
        into target: inout OutputSpan<UInt8>,
        count: Int,
        at offset: Int64
    ) throws(Errno) -> Int {
        try base.read(into: &target, count: count, at: offset)
    }
    func write(_ bytes: Span<UInt8>, at offset: Int64) throws(Errno) {
        try base.write(bytes, at: offset)
    }
    func append(_ bytes: Span<UInt8>) throws(Errno) { try base.append(bytes) }
    func truncate(to size: Int64) throws(Errno) { try base.truncate(to: size) }
    func allocate(offset: Int64, length: Int64) throws(Errno) {
        try base.allocate(offset: offset, length: length)
    }
    func sync() throws(Errno) { try timer.time { () throws(Errno) in try base.sync() } }
    func syncData() throws(Errno) { try timer.time { () throws(Errno) in try base.syncData() } }
    func close() throws(Errno) { try base.close() }
}
