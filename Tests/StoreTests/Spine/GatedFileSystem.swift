// A disk whose reads of buffer files wait, or fail behind a place, as told: a start seen in its midst.
import Platform
import Synchronization
import TestSupport

final class GatedFileSystem: FileSystem {
    private struct Plan {
        var heldPath: String?
        var badPath: String?
        var badFrom: Int64 = 0
        var holds = 0
    }

    let base: any FileSystem
    private let plan = Mutex(Plan())
    private let bell = Bell()

    init(_ base: any FileSystem) {
        self.base = base
    }

    /// Reads of records in files whose path contains `part` wait from now on.
    func hold(_ part: String) {
        plan.withLock { $0.heldPath = part }
    }

    /// Lets those that wait go on.
    func release() {
        plan.withLock { $0.heldPath = nil }
        bell.ring()
    }

    /// Reads that touch a byte from `offset` on fail, in files whose path contains `part`.
    func fail(_ part: String, from offset: Int64) {
        plan.withLock { plan in
            plan.badPath = part
            plan.badFrom = offset
        }
    }

    /// Nothing fails any more.
    func heal() {
        plan.withLock { $0.badPath = nil }
    }

    /// How many reads came to wait.
    var holds: Int { plan.withLock { $0.holds } }

    fileprivate func admit(_ path: String, _ range: Range<Int64>) throws(Errno) {
        let isBad = plan.withLock { plan in
            plan.badPath.map { path.contains($0) && range.upperBound > plan.badFrom } ?? false
        }
        if isBad { throw .inputOutput }
        // The header is read while the store opens.
        guard range.lowerBound > 0, isHeld(path) else { return }
        plan.withLock { $0.holds += 1 }
        while isHeld(path) { bell.wait(ms: 1000) }
        bell.ring()
    }

    private func isHeld(_ path: String) -> Bool {
        plan.withLock { plan in plan.heldPath.map { path.contains($0) } ?? false }
    }

    func open(_ path: String, _ mode: OpenMode) throws(Errno) -> any OpenFile {
        let file = try base.open(path, mode)
        return path.hasSuffix(".gorb") ? GatedFile(self, file) : file
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

private final class GatedFile: OpenFile {
    private let system: GatedFileSystem
    private let base: any OpenFile

    init(_ system: GatedFileSystem, _ base: any OpenFile) {
        self.system = system
        self.base = base
    }

    var path: String { base.path }
    func size() throws(Errno) -> Int64 { try base.size() }
    func read(
        into target: inout OutputSpan<UInt8>,
        count: Int,
        at offset: Int64
    ) throws(Errno) -> Int {
        try system.admit(path, offset..<offset + Int64(count))
        return try base.read(into: &target, count: count, at: offset)
    }
    func write(_ bytes: Span<UInt8>, at offset: Int64) throws(Errno) {
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
