// A disk whose buffer files take everything and keep nothing: what the store costs without write(2).
import Platform
import Synchronization

/// Passes all but the files of the write buffer on to the disk.
final class UnwrittenFileSystem: FileSystem {
    private let base = PosixFileSystem()

    func open(_ path: String, _ mode: OpenMode) throws(Errno) -> any OpenFile {
        let file = try base.open(path, mode)
        return path.hasSuffix(".gorb") ? UnwrittenFile(file) : file
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

/// A file as long as what was written to it, which is nowhere.
private final class UnwrittenFile: OpenFile {
    let path: String
    private let base: any OpenFile
    private let length = Atomic<Int64>(0)

    init(_ base: any OpenFile) {
        self.base = base
        path = base.path
    }

    func size() throws(Errno) -> Int64 { length.load(ordering: .relaxed) }

    func read(
        into target: inout OutputSpan<UInt8>,
        count: Int,
        at offset: Int64
    ) throws(Errno) -> Int { 0 }

    func write(_ bytes: Span<UInt8>, at offset: Int64) throws(Errno) {
        length.store(offset + Int64(bytes.count), ordering: .relaxed)
    }

    func append(_ bytes: Span<UInt8>) throws(Errno) {
        length.add(Int64(bytes.count), ordering: .relaxed)
    }

    func truncate(to size: Int64) throws(Errno) { length.store(size, ordering: .relaxed) }
    func allocate(offset: Int64, length: Int64) throws(Errno) {}
    func sync() throws(Errno) {}
    func syncData() throws(Errno) {}
    func close() throws(Errno) { try base.close() }
}
