// A file system in memory that keeps the promises of the seam and not one more: what was not synced
// is lost when the test cuts the power.
public import Platform
import Synchronization

/// Files in memory, with a power switch.
public final class MemoryFileSystem: FileSystem {
    let disk = Mutex(MemoryDisk())
    private let clock: any WallClock
    private let capacity = Mutex<Int64>(1 << 40)

    /// - Parameter clock: gives modification times.
    public init(clock: any WallClock = ManualClock()) {
        self.clock = clock
    }

    /// What `freeSpace` calls the disk's size; writes beyond it throw `.noSpace`.
    public var capacityBytes: Int64 {
        get { capacity.withLock { $0 } }
        set { capacity.withLock { $0 = newValue } }
    }

    /// Cuts the power and starts the machine again: open files are dead, unsynced state is gone.
    public func powerCut(
        _ cut: PowerCut,
        using random: inout some RandomNumberGenerator & Sendable
    ) {
        var local = random
        disk.withLock { $0.powerCut(cut, using: &local) }
        random = local
    }

    /// Overwrites bytes behind everyone's back, durable at once: damage.
    public func damage(_ path: String, at offset: Int, _ bytes: [UInt8]) throws(Errno) {
        try disk.withLock { disk throws(Errno) in
            let inode = try disk.file(path)
            disk.write(inode, bytes, at: offset, nowMs: 0)
            disk.sync(inode)
        }
    }

    /// Turns all bits of one byte round behind everyone's back, durable at once: whatever the byte was,
    /// it is damaged.
    public func flip(_ path: String, at offset: Int) throws(Errno) {
        try disk.withLock { disk throws(Errno) in
            let inode = try disk.file(path)
            guard let bytes = disk.inodes[inode]?.bytes, bytes.indices.contains(offset) else {
                throw .invalidArgument
            }
            disk.write(inode, [~bytes[offset]], at: offset, nowMs: 0)
            disk.sync(inode)
        }
    }

    public func open(_ path: String, _ mode: OpenMode) throws(Errno) -> any OpenFile {
        let path = MemoryFileSystem.normal(path)
        let (inode, epoch) = try disk.withLock { disk throws(Errno) in
            (try disk.open(path, mode), disk.epoch)
        }
        var appends = false
        if case .append = mode { appends = true }
        var writes = true
        if case .read = mode { writes = false }
        return MemoryFile(
            system: self,
            path: path,
            inode: inode,
            epoch: epoch,
            appends: appends,
            writes: writes
        )
    }

    public func map(_ path: String) throws(Errno) -> any MappedBytes {
        let path = MemoryFileSystem.normal(path)
        let bytes = try disk.withLock { disk throws(Errno) in
            disk.inodes[try disk.file(path)]?.bytes ?? []
        }
        return MemoryBytes(bytes)
    }

    public func stat(_ path: String) throws(Errno) -> FileInfo {
        let path = MemoryFileSystem.normal(path)
        return try disk.withLock { disk throws(Errno) in try disk.info(path) }
    }

    public func list(_ path: String) throws(Errno) -> [String] {
        let path = MemoryFileSystem.normal(path)
        return try disk.withLock { disk throws(Errno) in
            guard let entry = disk.names[path] else { throw .noSuchFile }
            guard entry == .directory else { throw .notADirectory }
            return disk.names.keys.filter { $0 != "/" && FilePath.parent($0) == path }
                .map(FilePath.name)
                .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        }
    }

    public func makeDirectory(_ path: String) throws(Errno) {
        let path = MemoryFileSystem.normal(path)
        try disk.withLock { disk throws(Errno) in try disk.makeDirectory(path) }
    }

    public func rename(_ source: String, to target: String) throws(Errno) {
        let (source, target) = (MemoryFileSystem.normal(source), MemoryFileSystem.normal(target))
        try disk.withLock { disk throws(Errno) in try disk.rename(source, to: target) }
    }

    public func link(_ source: String, to target: String) throws(Errno) {
        let (source, target) = (MemoryFileSystem.normal(source), MemoryFileSystem.normal(target))
        try disk.withLock { disk throws(Errno) in
            let inode = try disk.file(source)
            guard disk.names[target] == nil else { throw .fileExists }
            try disk.requireDirectory(FilePath.parent(target))
            disk.change(added: [target: .file(inode)])
        }
    }

    public func remove(_ path: String) throws(Errno) {
        let path = MemoryFileSystem.normal(path)
        try disk.withLock { disk throws(Errno) in
            guard let entry = disk.names[path] else { throw .noSuchFile }
            let isFull = disk.names.keys.contains { $0 != "/" && FilePath.parent($0) == path }
            if entry == .directory, isFull { throw .directoryNotEmpty }
            disk.change(removed: [path])
        }
    }

    public func syncDirectory(_ path: String) throws(Errno) {
        let path = MemoryFileSystem.normal(path)
        try disk.withLock { disk throws(Errno) in
            try disk.requireDirectory(path)
            disk.syncDirectory(path)
        }
    }

    public func freeSpace(_ path: String) throws(Errno) -> DiskSpace {
        _ = try stat(path)
        let total = capacityBytes
        let used = disk.withLock { $0.usedBytes }
        return DiskSpace(total: total, available: max(0, total - used))
    }

    func write(_ bytes: [UInt8], to inode: Int, at offset: Int64?) throws(Errno) -> Int64 {
        let limit = capacityBytes
        let nowMs = clock.nowMs()
        return try disk.withLock { disk throws(Errno) in
            let size = Int64(disk.inodes[inode]?.bytes.count ?? 0)
            let start = offset ?? size
            let reserved = max(size, disk.inodes[inode]?.reservedEnd ?? 0)
            let room = max(0, limit - disk.usedBytes) + max(0, reserved - start)
            let part = bytes.prefix(Int(min(Int64(bytes.count), room)))
            disk.write(inode, Array(part), at: Int(start), nowMs: nowMs)
            if part.count < bytes.count { throw .noSpace }
            return start + Int64(part.count)
        }
    }

    /// Absolute, without doubled or closing slashes: the key of the name table.
    static func normal(_ path: String) -> String {
        let parts = path.utf8.split(separator: UInt8(ascii: "/")).filter {
            !$0.elementsEqual(".".utf8)
        }
        return "/" + parts.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "/")
    }
}
